// Package file is the connector to files of records: CSV, lines of JSON, JSON
// arrays, plain or packed by gzip or zstd. They are read and never written.
// What is malformed is a record too: it is given out broken, with its place and
// its text. Start at endpoint.go, then reader.go; frame.go says where a record
// ends, count.go who else counts them.
package file

import (
	"context"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
)

// System is the connector's key in godwit.yaml.
const System = "file"

// Settings are a connection's keys below "file".
type Settings struct {
	Dir string `flow:"dir,path" help:"The folder that holds the files; nothing outside of it is read"`
}

// Connector is the connector as a value.
func Connector() connector.Connector {
	return connector.Connector{
		System:   System,
		Schemes:  []string{"file"},
		Settings: func() any { return new(Settings) },
		FromURL: func(text string) (any, error) {
			dir, ok := strings.CutPrefix(text, "file://")
			if !ok || dir == "" || strings.ContainsAny(dir, "?#") {
				return nil, fault.New(fault.Config, "url.invalid", "the url is not valid").Hint("write it as file:///FOLDER")
			}
			return &Settings{Dir: dir}, nil
		},
		Open: func(_ context.Context, name string, settings any) (connector.Endpoint, error) {
			s, ok := settings.(*Settings)
			if !ok {
				return nil, fault.New(fault.Internal, "settings.type", "connection %q: settings are %T", name, settings)
			}
			return Open(name, s)
		},
	}
}
