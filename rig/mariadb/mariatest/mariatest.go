// Package mariatest gives tests real MariaDB databases: fresh ones on a server
// that all tests of a package share. Without MariaDB a test is skipped, and
// says so; with GODWIT_MARIADB=must it fails.
package mariatest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/rig/mariadb"

	"github.com/go-sql-driver/mysql"
)

const patience = time.Minute

var (
	serial atomic.Int64
	shared = sync.OnceValues(func() (*mariadb.Server, error) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return mariadb.Start(ctx)
	})
)

// Database is a fresh, empty database and how to log in to it.
type Database struct {
	Name string
	Port int
	*sql.DB
}

// User and Password log in, from 127.0.0.1.
const (
	User     = "rig"
	Password = mariadb.Password
)

// URL is how a client logs in.
func (d *Database) URL() string {
	return fmt.Sprintf("mysql://%s:%s@127.0.0.1:%d/%s", User, Password, d.Port, d.Name)
}

// New makes a database, dropped when the test ends. The server ends with the
// process. Several statements may stand in one text.
func New(t testing.TB) *Database {
	t.Helper()
	server, err := shared()
	installed(t, err)
	d, admin := database(t, server)
	t.Cleanup(func() {
		_, err := admin.ExecContext(context.Background(), "DROP DATABASE "+d.Name)
		if err := errors.Join(err, d.DB.Close(), admin.Close()); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Own is a database on a server of the test's own, which may be crashed and
// restarted; it ends with the test.
func Own(t testing.TB) (*mariadb.Server, *Database) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server, err := mariadb.Start(ctx)
	installed(t, err)
	d, admin := database(t, server)
	t.Cleanup(func() {
		_, _ = d.DB.Close(), admin.Close() // connections that a crash has ended
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server, d
}

// installed skips the test where there is no MariaDB.
func installed(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, mariadb.ErrNotInstalled) && os.Getenv("GODWIT_MARIADB") != "must" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func database(t testing.TB, server *mariadb.Server) (d *Database, admin *sql.DB) {
	t.Helper()
	d = &Database{Name: fmt.Sprintf("t%d", serial.Add(1)), Port: server.Port}
	admin = open(t, d.Port, "")
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+d.Name); err != nil {
		t.Fatal(err)
	}
	d.DB = open(t, d.Port, d.Name)
	return d, admin
}

func open(t testing.TB, port int, database string) *sql.DB {
	t.Helper()
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = User, Password, "tcp", fmt.Sprintf("127.0.0.1:%d", port), database
	c.MultiStatements, c.MaxAllowedPacket = true, 64<<20
	connector, err := mysql.NewConnector(c)
	if err != nil {
		t.Fatal(err)
	}
	return sql.OpenDB(connector)
}

// Exec runs texts.
func (d *Database) Exec(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := d.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%v in: %.300s", err, text)
		}
	}
}
