package postgres

import (
	"context"
	"strings"
	"testing"

	"godwit/internal/fault"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// exportsAs exports a snapshot under a name that an earlier run of the server
// gave: after a restart it counts from the beginning.
func exportsAs(t *testing.T, url, name string) {
	t.Helper()
	const most = 30
	at := name[:strings.LastIndexByte(name, '-')+1] // the server's process slot and its transaction
	for range most {
		conn := connected(t, url)
		for {
			is := conn.next()
			if is == name {
				return
			}
			if slot, _, _ := strings.Cut(at, "-"); !strings.HasPrefix(is, slot) || is > at {
				break // and stays open, so that the next one has another slot
			}
			conn.exec("rollback")
		}
	}
	t.Fatalf("no session exported as %s", name)
}

type export struct {
	t    *testing.T
	conn *pgx.Conn
}

func connected(t *testing.T, url string) export {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	e := export{t, c}
	t.Cleanup(e.close)
	return e
}

func (e export) close() { _ = e.conn.Close(context.Background()) }

func (e export) exec(sql string) {
	e.t.Helper()
	if _, err := e.conn.Exec(e.t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		e.t.Fatal(err)
	}
}

func (e export) next() (name string) {
	e.t.Helper()
	e.exec("begin isolation level repeatable read")
	if err := e.conn.QueryRow(e.t.Context(), "select pg_export_snapshot()").Scan(&name); err != nil {
		e.t.Fatal(err)
	}
	return name
}

// A restarted server gives names of exports again: whoever has one of them now
// sees other rows, or those of another database, and is not the snapshot.
func TestSnapshotIsNotAnothersOfItsName(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]string{"same database": "", "another database": "postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Server(t, postgres.Options{Name: "names"})
			url := pgtest.DatabaseOn(t, server)
			pgtest.Exec(t, url, "create table public.a (id int)", "insert into a values (1)")
			var others []export // the first slots are the server's own after a restart
			for range 8 {
				others = append(others, connected(t, url))
			}
			last := connected(t, url)
			for range 50 { // far from the beginning
				last.exec("select")
			}
			last.close()
			e := endpoint(t, url)
			sn := snapshotOf(t, e)
			for _, o := range others {
				o.close()
			}
			lost := &snapshot{name: sn.name, id: sn.id, seen: sn.seen, exports: sn.list(), stop: func() {}}
			e.Close()
			if err := server.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			pgtest.Exec(t, url, "insert into a values (2)")
			other := url
			if database != "" {
				other = server.URL(database)
			}
			exportsAs(t, other, lost.exports[0])
			lost.e = endpoint(t, url)
			r, err := lost.Read(patient(t))
			if err == nil {
				r.Close()
			}
			if f := fault.Of(err); err == nil || f.Code != "snapshot.lost" {
				t.Errorf("read at %s: %v, want snapshot.lost", lost.exports, err)
			}
		})
	}
}
