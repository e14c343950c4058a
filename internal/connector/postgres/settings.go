package postgres

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/secret"

	"github.com/jackc/pgx/v5"
)

// Settings are a connection's keys below "postgres". Fields that are given
// take precedence over the same ones in URL. What is given nowhere comes from
// libpq's environment variables and defaults.
type Settings struct {
	URL      string        `flow:"url" help:"postgres://USER@HOST:PORT/DATABASE?sslmode=...; without a password"`
	Host     string        `flow:"host" help:"Server, or several with commas, each with :PORT where it differs; a folder for a Unix socket"`
	Port     int           `flow:"port" help:"Port of the server, 5432 when not given"`
	Database string        `flow:"database" help:"Database to log in to"`
	User     string        `flow:"user" help:"Role to log in as"`
	Password secret.Source `flow:"password" help:"Where the password is: {env}, {file} or {command}; else PGPASSWORD or the passfile"`
	TLS      TLS           `flow:"tls" help:"Encryption and proof of identity"`
	Limit    Limit         `flow:"limit" help:"What this connection may use"`

	params map[string]string // a URL's parameters, by libpq's names
}

// TLS says how a connection is encrypted.
type TLS struct {
	CA     string `flow:"ca" help:"File with the authorities that sign the server's certificate"`
	Cert   string `flow:"cert" help:"File with this client's certificate"`
	Key    string `flow:"key" help:"File with the key of this client's certificate"`
	Verify string `flow:"verify" help:"full (name and authority; the default with ca), ca, none (encrypt only), off"`
}

// Limit bounds what a connection uses.
type Limit struct {
	Connections int `flow:"connections" help:"Most sessions at the same time, at least 3; without it as many as the work needs"`
}

// reserved sessions are not lent: a snapshot's keeper and the one for short
// looks, which must be had when all others wait.
const reserved = 2

// login is what settings come to.
type login struct {
	hosts       []host
	user        string
	database    string
	password    func(context.Context) (secret.String, error) // not the Source itself: fmt does not mask what unexported fields hold
	sslmode     string
	ca          string
	cert        string
	key         string
	options     string
	params      map[string]string // the rest, by libpq's names
	connections int               // that may be lent; 0 = no limit
}

type host struct {
	name string
	port int
}

func (h host) String() string {
	if strings.HasPrefix(h.name, "/") {
		return h.name
	}
	return h.name + ":" + strconv.Itoa(h.port)
}

var sslmodes = map[string]string{"full": "verify-full", "ca": "verify-ca", "none": "require", "off": "disable"}

// login merges URL and fields, and proves that a session can be configured
// from them: files of certificates are read, names of modes checked.
func (s *Settings) login() (login, error) {
	base, err := s.parsedURL()
	if err != nil {
		return login{}, err
	}
	l := login{
		user:     cmp.Or(s.User, base.User),
		database: cmp.Or(s.Database, base.Database),
		ca:       cmp.Or(s.TLS.CA, base.TLS.CA),
		cert:     cmp.Or(s.TLS.Cert, base.TLS.Cert),
		key:      cmp.Or(s.TLS.Key, base.TLS.Key),
		params:   map[string]string{},
	}
	if source := s.Password; !source.Empty() {
		l.password = source.Fetch
	}
	for _, params := range []map[string]string{base.params, s.params} {
		for k, v := range params {
			l.params[k] = v
		}
	}
	l.sslmode, l.options = l.params["sslmode"], l.params["options"]
	delete(l.params, "sslmode")
	delete(l.params, "options")
	if l.hosts, err = hosts(cmp.Or(s.Host, base.Host), cmp.Or(s.Port, base.Port)); err != nil {
		return login{}, err
	}
	if err := l.verify(s.TLS.Verify); err != nil {
		return login{}, err
	}
	if l.connections, err = s.Limit.lendable(); err != nil {
		return login{}, err
	}
	return l, l.complete()
}

func (s *Settings) parsedURL() (*Settings, error) {
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

func (l *login) verify(word string) error {
	mode, known := sslmodes[word]
	switch {
	case known:
		l.sslmode = mode
	case word != "":
		return fault.New(fault.Config, "tls.verify", "tls: verify is %q", word).Hint("write full, ca, none or off")
	case l.sslmode == "" && l.ca != "":
		l.sslmode = "verify-full"
	}
	return nil
}

func (l Limit) lendable() (int, error) {
	if l.Connections == 0 {
		return 0, nil
	}
	if l.Connections <= reserved {
		return 0, fault.New(fault.Config, "limit.connections", "limit: connections is %d", l.Connections).
			Hint("allow at least %d: one keeps the snapshot, one looks, one works", reserved+1)
	}
	return l.Connections - reserved, nil
}

// hosts reads "a,b:5433,[::1]:5434,/run/postgresql".
func hosts(text string, port int) ([]host, error) {
	var all []host
	for _, part := range strings.Split(text, ",") {
		h := host{name: strings.TrimSpace(part), port: port}
		if i := strings.LastIndexByte(h.name, ':'); i >= 0 && !strings.HasPrefix(h.name, "/") &&
			(strings.HasSuffix(h.name[:i], "]") || strings.Count(h.name, ":") == 1) {
			n, err := strconv.ParseUint(h.name[i+1:], 10, 16)
			if err != nil || n == 0 {
				// Not quoted: a mislaid part of a password may stand there.
				return nil, fault.New(fault.Config, "port.invalid", "the port of a host is not a number from 1 to 65535")
			}
			h.name, h.port = h.name[:i], int(n)
		}
		h.name = strings.TrimSuffix(strings.TrimPrefix(h.name, "["), "]")
		if h.port < 0 || h.port > 65535 {
			return nil, fault.New(fault.Config, "port.invalid", "port %d is not a number from 1 to 65535", h.port)
		}
		all = append(all, h)
	}
	return all, nil
}

// complete fills in what comes from the environment.
func (l *login) complete() error {
	for i, h := range l.hosts {
		config, err := l.config(h)
		if err != nil {
			return err
		}
		l.hosts[i] = host{config.Host, int(config.Port)}
		l.user, l.database = config.User, cmp.Or(config.Database, config.User)
	}
	return nil
}

// config is one host's login for pgx, with the password that environment and
// passfile give. The text for it holds no secret.
func (l *login) config(h host) (*pgx.ConnConfig, error) {
	var b strings.Builder
	put := func(key, value string) {
		if value != "" {
			b.WriteString(key + "='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "' ")
		}
	}
	put("host", h.name)
	if h.port != 0 {
		put("port", strconv.Itoa(h.port))
	}
	put("user", l.user)
	put("database", l.database)
	put("sslmode", l.sslmode)
	put("sslrootcert", l.ca)
	put("sslcert", l.cert)
	put("sslkey", l.key)
	put("options", l.options)
	put("connect_timeout", cmp.Or(l.params["connect_timeout"], "20"))
	for k, v := range l.params {
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
