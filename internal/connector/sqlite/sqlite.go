// Package sqlite is the connector to SQLite files: their records are read, in
// one read transaction for each query. It writes nothing. Start at endpoint.go,
// then records.go.
package sqlite

import (
	"context"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
)

// System is the connector's key in godwit.yaml.
const System = "sqlite"

// Settings are a connection's keys below "sqlite".
type Settings struct {
	File string `flow:"file,path" help:"The database's file"`
	// Errors are those of which the user knows better what they mean.
	Errors []connector.ErrorKind `flow:"errors,names" help:"Errors of other kinds than usual, by number or code: {10: config}"`
}

// Connector is the connector as a value.
func Connector() connector.Connector {
	return connector.Connector{
		System:   System,
		Schemes:  []string{"sqlite"},
		Settings: func() any { return new(Settings) },
		Check:    checkErrors,
		FromURL:  fromURL,
		Open: func(_ context.Context, name string, settings any) (connector.Endpoint, error) {
			s, ok := settings.(*Settings)
			if !ok {
				return nil, fault.New(fault.Internal, "settings.type", "connection %q: settings are %T", name, settings)
			}
			return Open(name, s)
		},
	}
}

// fromURL reads sqlite:///PATH; a relative path has two slashes.
func fromURL(text string) (any, error) {
	path, ok := strings.CutPrefix(text, "sqlite://")
	if !ok || path == "" || strings.ContainsAny(path, "?#") {
		return nil, fault.New(fault.Config, "url.invalid", "the url is not valid").Hint("write it as sqlite:///PATH")
	}
	return &Settings{File: path}, nil
}
