package dump

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/secret"
)

// Login is how pg_dump gets to the server; empty fields are libpq's defaults.
type Login struct {
	Host     string // name, address or folder of a Unix socket
	Port     int
	User     string
	Password secret.String // handed over in a passfile, never in arguments or environment
	Database string
	SSLMode  string
	CA       string
	Cert     string
	Key      string
	Options  string
}

// conninfo writes the login without its password as a connection string
// (PostgreSQL documentation, 34.1.1.1 Keyword/Value Connection Strings).
func (l Login) conninfo() string {
	var b strings.Builder
	add := func(key, value string) {
		if value == "" {
			return
		}
		value = strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value)
		fmt.Fprintf(&b, "%s='%s' ", key, value)
	}
	add("host", l.Host)
	if l.Port > 0 {
		add("port", fmt.Sprint(l.Port))
	}
	add("user", l.User)
	add("dbname", l.Database)
	add("sslmode", l.SSLMode)
	add("sslrootcert", l.CA)
	add("sslcert", l.Cert)
	add("sslkey", l.Key)
	add("options", l.Options)
	return strings.TrimSuffix(b.String(), " ")
}

// passfile writes the password into dir (documentation, 34.16 The Password
// File) and returns the file's name. Without a password the file is empty, so
// that no other passfile is read.
func (l Login) passfile(dir string) (string, error) {
	password := l.Password.Reveal()
	if strings.ContainsAny(password, "\n\r") {
		return "", fault.New(fault.Config, "password.unusable", "the password holds a line break, which pg_dump cannot be told")
	}
	name, line := filepath.Join(dir, "pass"), ""
	if password != "" {
		line = "*:*:*:*:" + strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(password) + "\n"
	}
	if err := os.WriteFile(name, []byte(line), 0o600); err != nil {
		return "", fmt.Errorf("write passfile: %w", err)
	}
	return name, nil
}

// environment is this program's without what would steer libpq, which the
// login alone does.
func environment(passfile, label string) []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "PG") && !strings.HasPrefix(v, "LC_") {
			env = append(env, v)
		}
	}
	return append(env, "PGPASSFILE="+passfile, "PGAPPNAME="+label, "LC_ALL=C")
}
