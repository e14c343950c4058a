// Package login says how to log in to a PostgreSQL server: settings and URLs,
// hosts, certificates, where the password is. It opens sockets but no session.
// Start at Settings.
package login

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/fault"
	"godwit/internal/secret"

	"github.com/jackc/pgx/v5"
)

// Settings are a connection's keys below "postgres". Fields that are given
// take precedence over the same ones in URL. What is given nowhere comes from
// libpq's environment variables and defaults.
type Settings struct {
	URL      string        `flow:"url" help:"postgres://USER@HOST:PORT/DATABASE?sslmode=...; without a password"`
	Secret   secret.Source `flow:"url_secret" help:"Where the whole URL is kept, with its password: {env}, {file} or {command}"`
	Host     string        `flow:"host" help:"Server, or several with commas, each with :PORT where it differs; a folder for a Unix socket"`
	Port     int           `flow:"port" help:"Port of the server, 5432 when not given"`
	Database string        `flow:"database" help:"Database to log in to"`
	User     string        `flow:"user" help:"Role to log in as"`
	Password secret.Source `flow:"password" help:"Where the password is: {env}, {file} or {command}; else PGPASSWORD or the passfile"`
	TLS      TLS           `flow:"tls" help:"Encryption and proof of identity"`
	Limit    Limit         `flow:"limit" help:"What this connection may use"`
	// Errors are those of which the user knows better what they mean.
	Errors []connector.ErrorKind `flow:"errors,names" help:"Errors of other kinds than usual, by SQLSTATE or code: {P0001: unavailable}"`

	// Params are a URL's parameters, by libpq's names; not a key of the language.
	Params map[string]string
}

// TLS says how a connection is encrypted.
type TLS struct {
	CA     string `flow:"ca,path" help:"File with the authorities that sign the server's certificate"`
	Cert   string `flow:"cert,path" help:"File with this client's certificate"`
	Key    string `flow:"key,path" help:"File with the key of this client's certificate"`
	Verify string `flow:"verify" help:"full (name and authority; the default with ca), ca, none (encrypt only), off"`
}

// Limit bounds what a connection uses.
type Limit struct {
	Connections int `flow:"connections" help:"Most sessions at the same time, at least 2; with 2 nothing can be read at a snapshot; without it as many as the work needs"`
	Concurrency int `flow:"concurrency" min:"1" help:"Pages of records read or written at the same time; without it any number"`
	connector.Rates
}

// reserved sessions are not lent: a snapshot's keeper and the one for short
// looks, which must be had when all others wait.
const reserved = 2

// Login is what settings come to. It prints no password.
type Login struct {
	Hosts       []Host
	User        string
	Database    string
	SSLMode     string
	CA          string
	Cert        string
	Key         string
	Options     string
	Params      map[string]string // the rest, by libpq's names
	Connections int               // that may be lent; 0 = no limit
	Most        int               // in all; 0 = no limit
	Kinds       sqlstate.Kinds    // of errors, instead of the usual ones

	// fetch is not the Source itself: fmt does not mask what stands in
	// unexported fields, as a Login does in others.
	fetch func(context.Context) (secret.String, error)
}

// Host is one server.
type Host struct {
	Name string // name, address, or folder of a Unix socket
	Port int
}

func (h Host) String() string {
	if strings.HasPrefix(h.Name, "/") {
		return h.Name
	}
	return h.Name + ":" + strconv.Itoa(h.Port)
}

var sslmodes = map[string]string{"full": "verify-full", "ca": "verify-ca", "none": "require", "off": "disable"}

// Login merges URL and fields, and proves that a session can be configured
// from them: files of certificates are read, names of modes checked.
func (s *Settings) Login() (Login, error) {
	base, err := s.parsedURL()
	if err != nil {
		return Login{}, err
	}
	l := Login{
		User:     cmp.Or(s.User, base.User),
		Database: cmp.Or(s.Database, base.Database),
		CA:       cmp.Or(s.TLS.CA, base.TLS.CA),
		Cert:     cmp.Or(s.TLS.Cert, base.TLS.Cert),
		Key:      cmp.Or(s.TLS.Key, base.TLS.Key),
		Params:   map[string]string{},
		Kinds:    connector.ErrorKinds(s.Errors),
		Most:     s.Limit.Connections,
	}
	if source := &s.Password; source.Empty() && !base.Password.Empty() {
		l.fetch = base.Password.Fetch
	} else if !source.Empty() {
		l.fetch = source.Fetch
	}
	for _, params := range []map[string]string{base.Params, s.Params} {
		for k, v := range params {
			l.Params[k] = v
		}
	}
	l.SSLMode, l.Options = l.Params["sslmode"], l.Params["options"]
	delete(l.Params, "sslmode")
	delete(l.Params, "options")
	if l.Hosts, err = hosts(cmp.Or(s.Host, base.Host), cmp.Or(s.Port, base.Port)); err != nil {
		return Login{}, err
	}
	if err := l.verify(s.TLS.Verify); err != nil {
		return Login{}, err
	}
	if l.Connections, err = s.Limit.lendable(); err != nil {
		return Login{}, err
	}
	return l, l.complete()
}

func (s *Settings) parsedURL() (*Settings, error) {
	if !s.Secret.Empty() {
		text, err := s.Secret.Fetch(context.Background())
		if err != nil {
			return nil, fault.Wrap(err, "url_secret")
		}
		return parse(text.Reveal())
	}
	if s.URL == "" {
		return &Settings{}, nil
	}
	parsed, err := parse(s.URL)
	if err != nil {
		return nil, err
	}
	if !parsed.Password.Empty() {
		return nil, fault.New(fault.Config, "url.password", "the url holds a password").
			Hint("write it apart: password: {env: NAME}")
	}
	return parsed, nil
}

func (l *Login) verify(word string) error {
	mode, known := sslmodes[word]
	switch {
	case known:
		l.SSLMode = mode
	case word != "":
		return fault.New(fault.Config, "tls.verify", "tls: verify is %q", word).Hint("write full, ca, none or off")
	case l.SSLMode == "" && l.CA != "":
		l.SSLMode = "verify-full"
	}
	return nil
}

func (l Limit) lendable() (int, error) {
	if l.Connections == 0 {
		return 0, nil
	}
	if l.Connections < reserved {
		return 0, fault.New(fault.Config, "limit.connections", "limit: connections is %d", l.Connections).
			Hint("allow at least 3: one keeps the snapshot, one looks, one works; or 2 where nothing is read at a snapshot")
	}
	if l.Connections == reserved { // no snapshot is kept
		return 1, nil
	}
	return l.Connections - reserved, nil
}

// hosts reads "a,b:5433,[::1]:5434,/run/postgresql".
func hosts(text string, port int) ([]Host, error) {
	var all []Host
	for _, part := range strings.Split(text, ",") {
		h := Host{Name: strings.TrimSpace(part), Port: port}
		if i := strings.LastIndexByte(h.Name, ':'); i >= 0 && !strings.HasPrefix(h.Name, "/") &&
			(strings.HasSuffix(h.Name[:i], "]") || strings.Count(h.Name, ":") == 1) {
			n, err := strconv.ParseUint(h.Name[i+1:], 10, 16)
			if err != nil || n == 0 {
				// Not quoted: a mislaid part of a password may stand there.
				return nil, fault.New(fault.Config, "port.invalid", "the port of a host is not a number from 1 to 65535")
			}
			h.Name, h.Port = h.Name[:i], int(n)
		}
		h.Name = strings.TrimSuffix(strings.TrimPrefix(h.Name, "["), "]")
		if h.Port < 0 || h.Port > 65535 {
			return nil, fault.New(fault.Config, "port.invalid", "port %d is not a number from 1 to 65535", h.Port)
		}
		all = append(all, h)
	}
	return all, nil
}

// complete fills in what comes from the environment.
func (l *Login) complete() error {
	for i, h := range l.Hosts {
		config, err := l.Config(h)
		if err != nil {
			return err
		}
		l.Hosts[i] = Host{config.Host, int(config.Port)}
		l.User, l.Database = config.User, cmp.Or(config.Database, config.User)
	}
	return nil
}

// Config is one host's login for pgx, with the password that environment and
// passfile give. The text for it holds no secret.
func (l *Login) Config(h Host) (*pgx.ConnConfig, error) {
	var b strings.Builder
	put := func(key, value string) {
		if value != "" {
			b.WriteString(key + "='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "' ")
		}
	}
	put("host", h.Name)
	if h.Port != 0 {
		put("port", strconv.Itoa(h.Port))
	}
	put("user", l.User)
	put("database", l.Database)
	put("sslmode", l.SSLMode)
	put("sslrootcert", l.CA)
	put("sslcert", l.Cert)
	put("sslkey", l.Key)
	put("options", l.Options)
	put("connect_timeout", cmp.Or(l.Params["connect_timeout"], "20"))
	for k, v := range l.Params {
		if k != "connect_timeout" {
			put(k, v)
		}
	}
	config, err := pgx.ParseConfig(b.String())
	if err != nil {
		return nil, fault.New(fault.Config, "settings.invalid", "settings: %w", err)
	}
	return config, nil
}

// Password is the one in the settings, fetched anew, else that of PGPASSWORD
// or the passfile; empty when there is none.
func (l *Login) Password(ctx context.Context, h Host) (secret.String, error) {
	if l.fetch != nil {
		return l.fetch(ctx)
	}
	config, err := l.Config(h)
	if err != nil {
		return secret.String{}, err
	}
	return secret.New(config.Password), nil
}
