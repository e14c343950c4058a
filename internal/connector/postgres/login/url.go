package login

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/secret"
)

// parameters of a URL, by libpq's names ("Parameter Key Words"). host, port,
// user, password, dbname are taken into their fields.
var parameters = []string{
	"application_name", "channel_binding", "connect_timeout", "dbname", "host", "options", "passfile", "password",
	"port", "require_auth", "sslcert", "sslkey", "sslmode", "sslnegotiation", "sslrootcert", "target_session_attrs", "user",
}

// FromURL fills settings from postgres://USER:PASSWORD@HOST:PORT/DATABASE?...,
// with several hosts separated by commas (PostgreSQL documentation, libpq
// "Connection URIs"). The password goes into Settings.Password.Value. Errors
// are of kind config and quote nothing that may be a part of the password.
func FromURL(text string) (any, error) {
	s, err := parse(text)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func parse(text string) (*Settings, error) {
	rest, ok := strings.CutPrefix(text, "postgres://")
	if !ok {
		if rest, ok = strings.CutPrefix(text, "postgresql://"); !ok {
			return nil, invalid("it does not begin with postgres://")
		}
	}
	rest, query, _ := strings.Cut(rest, "?")
	var login string
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		login, rest = rest[:i], rest[i+1:]
	}
	server, database, _ := strings.Cut(rest, "/")
	user, password, _ := strings.Cut(login, ":")

	s := &Settings{Params: map[string]string{}}
	var secretText string
	for _, part := range []struct {
		name string
		from string
		to   *string
	}{{"user", user, &s.User}, {"password", password, &secretText}, {"host", server, &s.Host}, {"database", database, &s.Database}} {
		plain, err := url.PathUnescape(part.from)
		if err != nil {
			return nil, badEscape(part.name)
		}
		*part.to = plain
	}
	s.Password.Value = secret.New(secretText)
	return s, s.query(query)
}

func invalid(why string) error {
	return fault.New(fault.Config, "url.invalid", "the url is not valid: %s", why).
		Hint("write it as postgres://USER@HOST:PORT/DATABASE, special characters of user and password as %%XX")
}

func badEscape(part string) error {
	return invalid("in its " + part + " two hex digits must follow each %")
}

func (s *Settings) query(text string) error {
	if text == "" {
		return nil
	}
	if strings.Contains(text, "@") {
		return invalid("an @ follows the first ?") // a password that holds a ?: quote none of it
	}
	var ports string
	for _, pair := range strings.Split(text, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if !slices.Contains(parameters, key) {
			return fault.New(fault.Config, "url.parameter", "the url has an unknown parameter %q", key).
				Hint("known are %s", strings.Join(parameters, ", "))
		}
		plain, err := url.PathUnescape(value)
		if err != nil {
			return badEscape("parameter " + key)
		}
		if key == "port" {
			ports = plain
			continue
		}
		s.set(key, plain)
	}
	return s.ports(ports)
}

// ports gives each host its own, or one to all.
func (s *Settings) ports(text string) error {
	if text == "" {
		return nil
	}
	each, names := strings.Split(text, ","), strings.Split(s.Host, ",")
	if len(each) == 1 {
		each = slices.Repeat(each, len(names))
	}
	if len(each) != len(names) {
		return invalid("it has another number of ports than of hosts")
	}
	for i := range names {
		if strings.Contains(names[i], "/") || names[i] == "" { // a socket's folder, or the default
			port, err := strconv.ParseUint(each[i], 10, 16)
			if err != nil {
				return invalid("its port is not a number")
			}
			s.Port = int(port)
			continue
		}
		names[i] += ":" + each[i]
	}
	s.Host = strings.Join(names, ",")
	return nil
}

func (s *Settings) set(key, value string) {
	switch key {
	case "host":
		s.Host = value
	case "user":
		s.User = value
	case "password":
		s.Password.Value = secret.New(value)
	case "dbname":
		s.Database = value
	case "sslrootcert":
		s.TLS.CA = value
	case "sslcert":
		s.TLS.Cert = value
	case "sslkey":
		s.TLS.Key = value
	default:
		s.Params[key] = value
	}
}
