package mysql

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"godwit/internal/fault"
	"godwit/internal/secret"

	driver "github.com/go-sql-driver/mysql"
)

// login is what settings come to; password is fetched when a session is made.
type login struct {
	config   *driver.Config
	password func(context.Context) (secret.String, error)
}

func (s *Settings) login(ctx context.Context) (login, error) {
	base, err := s.base(ctx)
	if err != nil {
		return login{}, err
	}
	c := driver.NewConfig()
	c.User, c.DBName = cmp.Or(s.User, base.User), cmp.Or(s.Database, base.Database)
	host := cmp.Or(s.Host, base.Host, "127.0.0.1")
	c.Net, c.Addr = "tcp", net.JoinHostPort(host, strconv.Itoa(cmp.Or(s.Port, base.Port, 3306)))
	if strings.HasPrefix(host, "/") {
		c.Net, c.Addr = "unix", host
	}
	c.Timeout = 20 * time.Second
	c.MaxAllowedPacket = 0 // the server's
	c.Logger = quiet{}
	c.AllowNativePasswords = true
	// Whatever the session's zone, moments are read in UTC and texts in Unicode.
	c.Params = map[string]string{"time_zone": "'+00:00'"}
	c.Collation = "utf8mb4_general_ci"
	if c.TLS, err = s.TLS.config(host); err != nil {
		return login{}, err
	}
	l := login{config: c, password: s.Password.Fetch}
	if s.Password.Empty() {
		l.password = base.Password.Fetch
	}
	return l, nil
}

func (s *Settings) base(ctx context.Context) (*Settings, error) {
	if !s.Secret.Empty() {
		text, err := s.Secret.Fetch(ctx)
		if err != nil {
			return nil, fault.Wrap(err, "url_secret")
		}
		return parse(text.Reveal())
	}
	if s.URL == "" {
		return &Settings{}, nil
	}
	base, err := parse(s.URL)
	if err == nil && !base.Password.Empty() {
		err = fault.New(fault.Config, "url.password", "the url holds a password").Hint("write it apart: password: {env: NAME}")
	}
	return base, err
}

// config makes the encryption's settings, nil for none.
func (t TLS) config(host string) (*tls.Config, error) {
	verify := t.Verify
	if verify == "" && t.CA != "" {
		verify = "full"
	}
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if c.RootCAs = x509.NewCertPool(); err != nil || !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.New(fault.Config, "settings.invalid", "tls: %s holds no certificate that can be read", t.CA)
		}
	}
	if t.Cert != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fault.New(fault.Config, "settings.invalid", "tls: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	switch verify {
	case "full":
		return c, nil
	case "ca", "none":
		c.InsecureSkipVerify = true // the name is not compared
		if verify == "ca" {
			roots := c.RootCAs
			c.VerifyConnection = func(state tls.ConnectionState) error {
				between := x509.NewCertPool()
				for _, cert := range state.PeerCertificates[1:] {
					between.AddCert(cert)
				}
				_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
				return err
			}
		}
		return c, nil
	case "", "off":
		return nil, nil
	}
	return nil, fault.New(fault.Config, "tls.verify", "tls: verify is %q", t.Verify).Hint("write full, ca, none or off")
}

// quiet drops what the driver would print: its errors are returned too.
type quiet struct{}

func (quiet) Print(...any) {}
