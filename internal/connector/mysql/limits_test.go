package mysql

import (
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/secret"
	"godwit/rig/mariadb/mariatest"
)

// few is an endpoint whose user the server allows so many connections.
func few(t *testing.T, db *mariatest.Database, limit Limit) *Endpoint {
	t.Helper()
	s := &Settings{Host: "127.0.0.1", Port: db.Port, Database: db.Name, User: "few_" + db.Name, Limit: limit}
	s.Password.Value = secret.New(mariatest.Password)
	e, err := Open(t.Context(), "old", s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// Units that hold a session each, and ask for parts by another one, get along with
// two, and the server never sees a third.
func TestFewSessions(t *testing.T) {
	t.Parallel()
	db := mariatest.New(t)
	db.Exec(t, "create user few_"+db.Name+" identified by '"+mariatest.Password+"' with max_user_connections 2", "grant select on "+db.Name+".* to few_"+db.Name,
		"create table item (id int primary key)", "insert into item select seq from seq_1_to_3000")
	q := connector.Query{Table: catalog.Name{Object: "item"}, Key: []string{"id"}}
	e := few(t, db, Limit{Connections: 2})
	if err := errors.Join(e.SetAside(t.Context()), e.SetAside(t.Context())); err != nil {
		t.Fatal(err)
	}
	var units sync.WaitGroup
	for range 8 {
		units.Go(func() {
			r, err := e.ReadRecords(t.Context(), q, "")
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			n := 0
			for {
				p, err := r.Next(t.Context())
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Error(err)
					return
				}
				n += len(p.Records)
				part, err := e.ReadRecords(connector.WithAside(t.Context()), q, "")
				if err == nil {
					_, err = part.Next(t.Context())
					err = errors.Join(err, part.Close())
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
			if n != 3000 {
				t.Errorf("%d records", n)
			}
		})
	}
	units.Wait()
	if err := few(t, db, Limit{Connections: 1}).SetAside(t.Context()); fault.CodeOf(err) != "limit.connections" {
		t.Errorf("one session is two: %v", err)
	}
	if _, err := e.Inspect(t.Context(), catalog.Selection{}); err != nil {
		t.Error(err)
	}

	// Pages come at the connection's rate, by whomever they are read.
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	ten := 10.0
	e = few(t, db, Limit{Connections: 2, Rates: connector.Rates{Rate: &ten}})
	start := time.Now()
	for range 2 { // 500, 1000, 1000 and 500 records
		if _, all, _, _ := read(t, e, q); len(all) != 3000 {
			t.Errorf("%d records", len(all))
		}
	}
	if took := time.Since(start); took < 600*time.Millisecond {
		t.Errorf("8 pages at 10/s took %v", took)
	}
}
