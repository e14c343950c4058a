// Package pgtest gives tests real PostgreSQL databases: fresh ones on a server
// that all tests of a package share, a pair on two servers, or a whole server
// to crash. All of it may be used by parallel tests. Nothing is ever skipped:
// without PostgreSQL the test fails and says how to get it.
package pgtest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/rig/memory"
	"godwit/rig/postgres"

	"github.com/jackc/pgx/v5"
)

// patience is how long starting, stopping or one statement of a helper may take.
const patience = time.Minute

var (
	first  shared
	second shared
	serial atomic.Int64 // numbers databases and roles
)

// shared is a server that is started when it is first asked for.
type shared struct {
	once   sync.Once
	server *postgres.Server
	err    error
}

func (s *shared) get(t testing.TB, name string) *postgres.Server {
	t.Helper()
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s.server, s.err = postgres.Start(ctx, postgres.Options{Name: name, Dir: memory.Folder()})
	})
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.server
}

func (s *shared) stop() error {
	s.once.Do(func() {})
	if s.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.server.Stop(ctx)
}

// Main runs the tests of a package and stops the shared servers: func
// TestMain(m *testing.M) { pgtest.Main(m) }. It does not return. A package
// without it leaves that to the servers, which end with the process.
func Main(m *testing.M) {
	code := m.Run()
	for _, s := range []*shared{&first, &second} {
		if err := s.stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// Database is the URL, as superuser, of a fresh, empty database on the shared
// server. It is dropped when the test ends, with its connections, replication
// slots and prepared transactions. Each call gives another one.
func Database(t testing.TB) string {
	t.Helper()
	return DatabaseOn(t, first.get(t, "one"))
}

// Pair is a fresh, empty database on each of two shared servers.
func Pair(t testing.TB) (from, to string) {
	t.Helper()
	return DatabaseOn(t, first.get(t, "one")), DatabaseOn(t, second.get(t, "two"))
}

// Server is a server of the test's own, in memory unless it shall be durable or
// Dir says where, stopped when the test ends. When the test failed, the end of
// the server's log is printed.
func Server(t testing.TB, options postgres.Options) *postgres.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if options.Dir == "" && !options.Durable {
		options.Dir = memory.Folder()
	}
	server, err := postgres.Start(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

// Standby is a streaming standby of a server, stopped when the test ends.
func Standby(t testing.TB, of *postgres.Server) *postgres.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server, err := of.Standby(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server
}

// Quickly is how a CREATE DATABASE ends that copies files instead of logging pages: it
// takes half the time, and the first session finds the template's cache of catalogues.
const Quickly = " strategy file_copy"

// DatabaseOn is Database on a given server.
func DatabaseOn(t testing.TB, server *postgres.Server) string {
	t.Helper()
	name := fmt.Sprintf("t%d_%s", serial.Add(1), slug(t.Name()))
	admin := server.URL("postgres")
	Exec(t, admin, "create database "+name+Quickly)
	t.Cleanup(func() {
		if server.PID() != 0 { // else the test has crashed or stopped it
			drop(t, server.URL(name), admin, name)
		}
	})
	return server.URL(name)
}

// Login makes a role that is no superuser but owns the database, and gives the
// URL that logs in as it: what a managed service hands out. The attributes,
// such as "createdb createrole", are added to its definition. The role goes
// when the test ends; what it made in other databases must be gone by then.
func Login(t testing.TB, url, attributes string) string {
	t.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	role := fmt.Sprintf("login%d", serial.Add(1))
	database := pgx.Identifier{config.Database}.Sanitize()
	Exec(t, url,
		"create role "+role+" login nosuperuser password 'secret' "+attributes,
		"alter database "+database+" owner to "+role,
		"alter schema public owner to "+role)
	t.Cleanup(func() {
		undo(t, url, "reassign owned by "+role+" to "+postgres.Superuser, "drop owned by "+role, "drop role "+role)
	})
	return strings.Replace(url, "//"+userinfo(config)+"@", "//"+role+":secret@", 1)
}

func userinfo(config *pgx.ConnConfig) string {
	if config.Password == "" {
		return config.User
	}
	return config.User + ":" + config.Password
}

func stop(t testing.TB, server *postgres.Server) {
	if t.Failed() {
		t.Logf("log of the server on port %d:\n%s", server.Port, server.Log())
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// drop frees a database of what would keep it and drops it.
func drop(t testing.TB, url, admin, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	prepared, err := column[string](ctx, admin, "select format('rollback prepared %L', gid) from pg_prepared_xacts where database = $1", name)
	if err != nil {
		t.Error(err)
	}
	if len(prepared) > 0 {
		undo(t, url, prepared...)
	}
	undo(t, admin,
		"select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where database = '"+name+"' and active",
		"select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '"+name+"'",
		"drop database if exists "+name+" with (force)")
}

// slug keeps the letters and digits of a test's name, short enough for an identifier.
func slug(name string) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, name)
	return kept[:min(len(kept), 40)]
}
