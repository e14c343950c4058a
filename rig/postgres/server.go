// Package postgres starts throw-away PostgreSQL servers for tests, the demo and
// the bench. Nothing of the product imports it.
//
// A server listens on 127.0.0.1 and on a Unix socket, lives in a folder of its
// own, never runs as root, and ends with the process that started it, however
// that process ends.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// Superuser is the role that initdb makes and that URL logs in as.
const Superuser = "godwit"

// Options say how a server is made; the zero value gives a quick one.
type Options struct {
	Name     string            // part of the folder's name, for people; letters and digits
	Dir      string            // the server's folder is made in here; empty: the system's folder for temporary files
	Settings map[string]string // lines of postgresql.conf, over the defaults in settings.go
	Password string            // empty: everybody is trusted; else scram-sha-256 for every login
	Durable  bool              // fsync and full_page_writes on, as in production
}

// Server is one PostgreSQL server that this process started. Its methods may be
// used from several goroutines.
type Server struct {
	Port    int    // on 127.0.0.1; kept over Restart
	Socket  string // folder of the Unix socket
	Version string // such as "15.18"

	programs Programs
	options  Options
	account  account
	base     string // holds data, log and usually the socket
	watchdog *watchdog

	mu         sync.Mutex // held over a whole change of state
	postmaster *process   // nil before the first launch and after Stop
	stopped    bool
}

// Start makes a new, empty server and returns when it takes connections. Its
// folder is removed by Stop, or when this process is gone. It fails with
// ErrNotInstalled without suitable programs, and with ErrFolder when the
// account that runs PostgreSQL cannot work in Options.Dir. Each call makes
// another server.
func Start(ctx context.Context, options Options) (*Server, error) {
	s, err := prepare(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	if err := s.initialise(ctx); err != nil {
		return nil, fmt.Errorf("start postgres: %w", errors.Join(err, s.discard()))
	}
	if err := s.firstLaunch(ctx); err != nil {
		return nil, fmt.Errorf("start postgres: %w", errors.Join(err, s.discard()))
	}
	return s, nil
}

// prepare finds programs and account and makes the folder and its watchdog.
func prepare(ctx context.Context, options Options) (*Server, error) {
	programs, err := Find(ctx)
	if err != nil {
		return nil, err
	}
	owner, err := serverAccount()
	if err != nil {
		return nil, err
	}
	base, socket, err := makeFolders(options, owner)
	if err != nil {
		return nil, err
	}
	s := &Server{Socket: socket, Version: programs.Version, programs: programs, options: options, account: owner, base: base}
	if s.watchdog, err = watch(base, socket); err != nil {
		return nil, errors.Join(err, s.discard())
	}
	return s, nil
}

// initialise runs initdb, or takes what it has made before.
func (s *Server) initialise(ctx context.Context) error {
	args := []string{"-D", s.data(), "-U", Superuser, "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"}
	if s.options.Password == "" {
		return s.copied(func() error { return s.run(ctx, "initdb", append(args, "--auth=trust")...) })
	}
	file := filepath.Join(s.base, "password")
	if err := os.WriteFile(file, []byte(s.options.Password+"\n"), 0o600); err != nil {
		return err
	}
	defer os.Remove(file)
	if err := s.account.own(file); err != nil {
		return err
	}
	return s.run(ctx, "initdb", append(args, "--auth=scram-sha-256", "--pwfile="+file)...)
}

// URL is how a client logs in to a database of this server as superuser. It
// stays the same over Crash and Restart.
func (s *Server) URL(database string) string {
	login := url.User(Superuser)
	if s.options.Password != "" {
		login = url.UserPassword(Superuser, s.options.Password)
	}
	u := url.URL{Scheme: "postgres", User: login, Host: "127.0.0.1:" + strconv.Itoa(s.Port), Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// PID is the process id of the running postmaster, 0 when there is none.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.postmaster.running() {
		return 0
	}
	return s.postmaster.pid()
}

// Log is the end of the server's log, at most 16 KiB; empty after Stop.
func (s *Server) Log() string { return tail(s.logFile(), 16<<10) }

func (s *Server) data() string    { return filepath.Join(s.base, "data") }
func (s *Server) logFile() string { return filepath.Join(s.base, "log") }
