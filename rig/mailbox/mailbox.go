// Package mailbox is a mail server for tests: SMTP (RFC 5321) over real TCP, with
// STARTTLS, TLS from the first byte, and AUTH PLAIN and LOGIN, that keeps what it
// takes in memory and refuses what a test wants refused. Start at Open.
package mailbox

import (
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/textproto"
	"strings"
	"sync"
)

// Options say how the server behaves.
type Options struct {
	TLS            *tls.Config // offered by STARTTLS; nil: not
	Always         bool        // TLS from the first byte
	User, Password string      // wanted before any mail, by AUTH
	Login          bool        // AUTH offers LOGIN only
	// Refuse gives the code that an address is refused with, 0 for none.
	Refuse func(address string) int
	// Kept is called with each mail once it is taken.
	Kept func(Mail)
}

// Mail is one that was taken.
type Mail struct {
	From      string
	To        []string
	Encrypted bool
	User      string // who was logged in
	Data      []byte
}

// Server is a mail server on loopback. Safe for concurrent use.
type Server struct {
	opt    Options
	listen net.Listener
	around sync.WaitGroup

	mu    sync.Mutex
	mails []Mail
	open  map[net.Conn]bool
}

// Open starts a server; Close ends it.
func Open(opt Options) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{opt: opt, listen: l, open: map[net.Conn]bool{}}
	s.around.Go(s.accept)
	return s, nil
}

// Address is host:port.
func (s *Server) Address() string { return s.listen.Addr().String() }

// Mails are those taken so far, in order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Close ends the server and all connections.
func (s *Server) Close() error {
	err := s.listen.Close()
	s.mu.Lock()
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	s.around.Wait()
	return err
}

func (s *Server) accept() {
	for {
		conn, err := s.listen.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open[conn] = true
		s.mu.Unlock()
		s.around.Go(func() {
			defer func() {
				conn.Close()
				s.mu.Lock()
				delete(s.open, conn)
				s.mu.Unlock()
			}()
			talk := &talk{server: s, conn: conn}
			if s.opt.Always {
				talk.encrypt()
			}
			talk.wire = textproto.NewConn(talk.conn)
			talk.run()
		})
	}
}

// talk is one connection.
type talk struct {
	server    *Server
	conn      net.Conn
	wire      *textproto.Conn
	encrypted bool
	user      string
	mail      Mail
}

func (t *talk) encrypt() {
	t.conn, t.encrypted = tls.Server(t.conn, t.server.opt.TLS), true
}

func (t *talk) say(lines ...string) {
	for i, l := range lines {
		sep := "-"
		if i == len(lines)-1 {
			sep = " "
		}
		_ = t.wire.PrintfLine("%s%s%s", l[:3], sep, l[4:])
	}
}

func (t *talk) run() {
	t.say("220 mailbox ready")
	for {
		line, err := t.wire.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			t.hello()
		case "HELO", "NOOP", "RSET":
			t.mail = Mail{}
			t.say("250 ok")
		case "STARTTLS":
			t.say("220 go ahead")
			t.encrypt()
			t.wire = textproto.NewConn(t.conn)
		case "AUTH":
			t.auth(rest)
		case "MAIL":
			if t.server.opt.User != "" && t.user == "" {
				t.say("530 log in first")
				continue
			}
			t.mail = Mail{From: address(rest), Encrypted: t.encrypted, User: t.user}
			t.say("250 ok")
		case "RCPT":
			t.rcpt(address(rest))
		case "DATA":
			t.data()
		case "QUIT":
			t.say("221 bye")
			return
		default:
			t.say("500 what?")
		}
	}
}

func (t *talk) hello() {
	lines := []string{"250 mailbox"}
	if t.server.opt.TLS != nil && !t.encrypted {
		lines = append(lines, "250 STARTTLS")
	}
	if t.server.opt.User != "" {
		ways := "PLAIN LOGIN"
		if t.server.opt.Login {
			ways = "LOGIN"
		}
		lines = append(lines, "250 AUTH "+ways)
	}
	t.say(append(lines, "250 8BITMIME")...)
}

func (t *talk) auth(rest string) {
	way, initial, _ := strings.Cut(rest, " ")
	user, password := "", ""
	if strings.EqualFold(way, "PLAIN") && !t.server.opt.Login {
		text, _ := base64.StdEncoding.DecodeString(initial)
		if parts := strings.Split(string(text), "\x00"); len(parts) == 3 {
			user, password = parts[1], parts[2]
		}
	} else {
		user, password = t.ask("Username:"), t.ask("Password:")
	}
	if user != t.server.opt.User || password != t.server.opt.Password {
		t.say("535 no")
		return
	}
	t.user = user
	t.say("235 welcome")
}

func (t *talk) ask(what string) string {
	t.say("334 " + base64.StdEncoding.EncodeToString([]byte(what)))
	line, _ := t.wire.ReadLine()
	text, _ := base64.StdEncoding.DecodeString(line)
	return string(text)
}

func (t *talk) rcpt(to string) {
	code := 0
	if t.server.opt.Refuse != nil {
		code = t.server.opt.Refuse(to)
	}
	if code != 0 {
		_ = t.wire.PrintfLine("%d not this one", code)
		return
	}
	t.mail.To = append(t.mail.To, to)
	t.say("250 ok")
}

func (t *talk) data() {
	if len(t.mail.To) == 0 {
		t.say("503 to whom?")
		return
	}
	t.say("354 go on")
	text, err := t.wire.ReadDotBytes()
	if err != nil {
		return
	}
	t.mail.Data = text
	s := t.server
	s.mu.Lock()
	s.mails = append(s.mails, t.mail)
	s.mu.Unlock()
	if s.opt.Kept != nil {
		s.opt.Kept(t.mail)
	}
	t.mail = Mail{}
	t.say("250 taken")
}

// address is what stands between < and >.
func address(rest string) string {
	_, rest, _ = strings.Cut(rest, "<")
	rest, _, _ = strings.Cut(rest, ">")
	return rest
}
