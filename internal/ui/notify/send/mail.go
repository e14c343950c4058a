package send

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"strings"
	"time"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/fault"
)

// Mail hands a mail to the server, for one address. Delivered is what the server
// has taken.
func Mail(ctx context.Context, server alarm.Mail, to string, mail []byte) error {
	ctx, cancel := context.WithTimeout(ctx, mailTime)
	defer cancel()
	c, err := connect(ctx, server)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := login(ctx, c, server); err != nil {
		return err
	}
	if err := c.Mail(server.From); err != nil {
		return refused("sender", err)
	}
	if err := c.Rcpt(to); err != nil {
		return refused("address", err)
	}
	w, err := c.Data()
	if err == nil {
		_, err = w.Write(mail)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return refused("mail", err)
	}
	_ = c.Quit() // it has the mail
	return nil
}

// connect opens a connection that is encrypted as the project wants it.
func connect(ctx context.Context, server alarm.Mail) (*smtp.Client, error) {
	host, _, err := net.SplitHostPort(server.Server)
	if err != nil {
		return nil, fault.New(fault.Config, "alarm.refused", "mail server %s: %w", server.Server, err)
	}
	trust := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if trust.RootCAs, err = roots(server.CA); err != nil {
		return nil, err
	}
	var conn net.Conn
	if server.TLS == alarm.Always {
		conn, err = (&tls.Dialer{Config: trust}).DialContext(ctx, "tcp", server.Server)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", server.Server)
	}
	if err != nil {
		return nil, fault.Wrap(unreached(err), "mail server %s", server.Server)
	}
	if until, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(until)
	}
	context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // an interrupt ends what is under way
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		conn.Close()
		return nil, refused("greeting", err)
	}
	if name, _ := os.Hostname(); name != "" && !strings.ContainsAny(name, " \r\n") {
		err = c.Hello(name)
	}
	if err == nil && server.TLS != alarm.Always && server.TLS != alarm.Never {
		err = encrypt(c, server, trust)
	}
	if err != nil {
		c.Close()
		return nil, refused("greeting", err)
	}
	return c, nil
}

func encrypt(c *smtp.Client, server alarm.Mail, trust *tls.Config) error {
	if ok, _ := c.Extension("STARTTLS"); ok {
		return c.StartTLS(trust)
	}
	if server.TLS == alarm.Required {
		return fault.New(fault.Config, "alarm.refused", "the mail server offers no STARTTLS")
	}
	return nil
}

// roots are the certificates to trust; nil is those of the system.
func roots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Config, "alarm.refused", "certificates of mail: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Config, "alarm.refused", "%s holds no certificate", file)
	}
	return pool, nil
}

// login never sends a password over a line that is not encrypted, but to this
// machine itself: package smtp sees to it, and plain does for LOGIN.
func login(ctx context.Context, c *smtp.Client, server alarm.Mail) error {
	if server.User == "" {
		return nil
	}
	password, err := server.Password.Fetch(ctx)
	if err != nil {
		return err
	}
	host, _, _ := net.SplitHostPort(server.Server)
	offered, how := c.Extension("AUTH")
	if !offered {
		return fault.New(fault.Config, "alarm.refused", "the mail server offers no login").Hint("take user away, or see what tls does")
	}
	auth := smtp.PlainAuth("", server.User, password.Reveal(), host)
	if ways := strings.Fields(strings.ToUpper(how)); !has(ways, "PLAIN") && has(ways, "LOGIN") {
		auth = loginAuth{server.User, password.Reveal(), auth}
	}
	if err := c.Auth(auth); err != nil {
		return refused("login", err)
	}
	return nil
}

func has(all []string, one string) bool {
	for _, w := range all {
		if w == one {
			return true
		}
	}
	return false
}

// loginAuth is the way in of servers that offer no PLAIN; it is refused where that
// would be.
type loginAuth struct {
	user, password string
	plain          smtp.Auth
}

func (a loginAuth) Start(info *smtp.ServerInfo) (string, []byte, error) {
	_, _, err := a.plain.Start(info)
	return "LOGIN", nil, err
}

func (a loginAuth) Next(asked []byte, more bool) ([]byte, error) {
	switch {
	case !more:
		return nil, nil
	case strings.HasPrefix(strings.ToLower(string(asked)), "user"):
		return []byte(a.user), nil
	}
	return []byte(a.password), nil
}

// refused says what a mail server said no to; 4xx may pass, 5xx stays.
func refused(what string, err error) error {
	var said *textproto.Error
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return err
	case errors.As(err, &said) && said.Code >= 500:
		return fault.New(fault.Denied, "alarm.refused", "%s refused: %d", what, said.Code)
	case errors.As(err, &said):
		return fault.New(fault.Unavailable, "alarm.unreached", "%s refused for now: %d", what, said.Code)
	case strings.Contains(err.Error(), "unencrypted connection"):
		return fault.New(fault.Config, "alarm.refused", "a password is not sent over a line that is not encrypted")
	}
	return unreached(err)
}
