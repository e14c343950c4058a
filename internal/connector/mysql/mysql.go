// Package mysql is the connector to MySQL and MariaDB: their records are read,
// each query in one consistent snapshot. It writes nothing. Start at
// endpoint.go, then records.go; value.go says what becomes of their values.
package mysql

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/rate"
	"godwit/internal/secret"
)

// System is the connector's key in godwit.yaml.
const System = "mysql"

// Settings are a connection's keys below "mysql".
type Settings struct {
	URL      string        `flow:"url" help:"mysql://USER@HOST:PORT/DATABASE; without a password"`
	Secret   secret.Source `flow:"url_secret" help:"Where the whole URL is kept, with its password: {env}, {file} or {command}"`
	Host     string        `flow:"host" help:"Server, or the path of a Unix socket; 127.0.0.1 when not given"`
	Port     int           `flow:"port" help:"Port of the server, 3306 when not given"`
	Database string        `flow:"database" help:"Database to log in to"`
	User     string        `flow:"user" help:"User to log in as"`
	Password secret.Source `flow:"password" help:"Where the password is: {env}, {file} or {command}"`
	TLS      TLS           `flow:"tls" help:"Encryption and proof of identity"`
	Limit    Limit         `flow:"limit" help:"What this connection may use"`
	// Errors are those of which the user knows better what they mean.
	Errors []connector.ErrorKind `flow:"errors,names" help:"Errors of other kinds than usual, by number or code: {1317: data}"`
}

// Limit bounds what a connection uses.
type Limit struct {
	Connections int `flow:"connections" min:"1" help:"Most sessions at the same time; without it as many as the work needs"`
	Concurrency int `flow:"concurrency" min:"1" help:"Pages of records read at the same time; without it any number"`
	connector.Rates
}

// TLS says how a connection is encrypted.
type TLS struct {
	CA     string `flow:"ca,path" help:"File with the authorities that sign the server's certificate"`
	Cert   string `flow:"cert,path" help:"File with this client's certificate"`
	Key    string `flow:"key,path" help:"File with the key of this client's certificate"`
	Verify string `flow:"verify" help:"full (name and authority; the default with ca), ca, none (encrypt only), off (the default)"`
}

// Connector is the connector as a value.
func Connector() connector.Connector {
	return connector.Connector{
		System:   System,
		Schemes:  []string{"mysql", "mariadb"},
		Settings: func() any { return new(Settings) },
		Check:    checkErrors,
		FromURL: func(text string) (any, error) {
			s, err := parse(text)
			if err != nil {
				return nil, err
			}
			return s, nil
		},
		Limit: func(settings any) rate.Limit {
			l := settings.(*Settings).Limit
			return l.Limit(l.Concurrency)
		},
		Open: func(ctx context.Context, name string, settings any) (connector.Endpoint, error) {
			s, ok := settings.(*Settings)
			if !ok {
				return nil, fault.New(fault.Internal, "settings.type", "connection %q: settings are %T", name, settings)
			}
			return Open(ctx, name, s)
		},
	}
}

// parse reads mysql://USER:PASSWORD@HOST:PORT/DATABASE. Errors quote nothing
// that may be a part of the password.
func parse(text string) (*Settings, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "mysql" && u.Scheme != "mariadb" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.Config, "url.invalid", "the url is not valid").
			Hint("write it as mysql://USER@HOST:PORT/DATABASE, special characters of user and password as %%XX; all else has keys of its own")
	}
	s := &Settings{Host: u.Hostname(), Database: strings.TrimPrefix(u.Path, "/"), User: u.User.Username()}
	if p := u.Port(); p != "" {
		if s.Port, err = strconv.Atoi(p); err != nil {
			return nil, fault.New(fault.Config, "port.invalid", "the port of a host is not a number from 1 to 65535")
		}
	}
	if p, ok := u.User.Password(); ok {
		s.Password.Value = secret.New(p)
	}
	return s, nil
}
