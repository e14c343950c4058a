package postgres

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// keepers are the backends that hold snapshots.
func keepers(t *testing.T, url string) []int32 {
	t.Helper()
	return pgtest.Column[int32](t, url, "select pid from pg_stat_activity where application_name like 'godwit snapshot %' and datname = current_database() and state = 'idle in transaction'")
}

func TestSnapshotOutlivesItsKeeper(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int)", "insert into a values (1)")
	e := endpoint(t, url)
	sn := snapshotOf(t, e)
	first := readerOf(t, sn)
	pgtest.Exec(t, url, "insert into a values (2)")

	old := keepers(t, url)
	if len(old) != 1 {
		t.Fatalf("%d keepers", len(old))
	}
	pgtest.Exec(t, url, fmt.Sprintf("select pg_terminate_backend(%d, 10000)", old[0]))
	eventually(t, func() bool {
		now := keepers(t, url)
		return len(now) == 1 && now[0] != old[0]
	})
	first.Close() // the new keeper alone holds it
	again, err := e.OpenSnapshot(patient(t), t.Name())
	if err != nil || again.ID() != sn.ID() {
		t.Fatalf("opened again: %v, %v, want %s", again, err, sn.ID())
	}
	sum, err := readerOf(t, again.(*snapshot)).CopyOut(patient(t), whole(t, url, public("a"), catalog.Text), io.Discard)
	if err != nil || sum.Rows != 1 {
		t.Errorf("%d rows (%v), want the 1 of the snapshot", sum.Rows, err)
	}
}

func TestReaderHandsTheSnapshotOn(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	sn := snapshotOf(t, endpoint(t, url))
	r := readerOf(t, sn)
	sn.remove(sn.list()[0]) // as if the keeper were known to be gone
	if _, err := sn.Read(patient(t)); err != nil {
		t.Errorf("read while a reader lives: %v", err)
	}
	r.Close()
}

func TestLostSnapshotIsNamed(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, postgres.Options{})
	url := pgtest.DatabaseOn(t, server)
	e := endpoint(t, url)
	sn := snapshotOf(t, e)
	readerOf(t, sn).Close()
	if err := server.Crash(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := sn.Read(patient(t))
	if f := fault.Of(err); f.Kind != fault.Unavailable {
		t.Errorf("read at a server that is down: %v (%s %s)", err, f.Kind, f.Code)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = sn.Read(patient(t))
	if f := fault.Of(err); f.Code != "snapshot.lost" || f.Kind != fault.Unavailable {
		t.Errorf("read after a restart: %v (%s %s), want snapshot.lost", err, f.Kind, f.Code)
	}
	if fresh := snapshotOf(t, e); fresh.ID() == sn.ID() {
		t.Errorf("the new snapshot has the old ID %s", fresh.ID())
	}
}

func TestSnapshotOnAStandby(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, postgres.Options{})
	pgtest.Exec(t, server.URL("postgres"), "create table public.a (id int)", "insert into a values (1)")
	url := pgtest.Standby(t, server).URL("postgres")
	eventually(t, func() bool {
		return pgtest.Query[bool](t, url, "select to_regclass('public.a') is not null") && pgtest.Query[int](t, url, "select count(*) from public.a") == 1
	})
	sn := snapshotOf(t, endpoint(t, url))
	if sn.Position() == "" {
		t.Error("no position")
	}
	if sum, err := readerOf(t, sn).CopyOut(patient(t), whole(t, url, public("a"), catalog.Binary), io.Discard); err != nil || sum.Rows != 1 {
		t.Errorf("%d rows (%v)", sum.Rows, err)
	}
	err := loadOf(t, endpoint(t, url)).Exec(patient(t), "create table public.b ()")
	if f := fault.Of(err); f.Code != "server.read-only" || f.Kind != fault.Unavailable {
		t.Errorf("writing to a standby: %v (%s %s)", err, f.Kind, f.Code)
	}
}

func TestSourceChanged(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sql, code, want string }{
		"truncated":     {"truncate public.a", "source.changed", "truncated or rewritten"},
		"rewritten":     {"vacuum full public.a", "source.changed", "truncated or rewritten"},
		"other type":    {"alter table public.a alter id type bigint", "source.redefined", "- id integer, + id bigint"},
		"new column":    {"alter table public.a add more text", "source.redefined", "+ more text"},
		"lost column":   {"alter table public.a drop t", "source.redefined", "- t character varying(9)"},
		"wider column":  {"alter table public.a alter t type varchar(99)", "source.redefined", "- t character varying(9), + t character varying(99)"},
		"gone":          {"drop table public.a", "source.redefined", "the table is gone"},
		"another table": {"drop table public.a; create table public.a (id int, t varchar(9))", "source.changed", "truncated or rewritten"},
		"column remade": {"alter table public.a drop t; alter table public.a add t varchar(9)", "source.changed", "dropped and added again: t"},
		"columns swapped": {"alter table public.a drop t; alter table public.a add t varchar(9); alter table public.a drop id; alter table public.a add id int",
			"source.redefined", "types, order"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			pgtest.Exec(t, url, "create table public.a (id int, t varchar(9))", "insert into a values (1, 'x')")
			c := whole(t, url, public("a"), catalog.Text)
			r := readerOf(t, snapshotOf(t, endpoint(t, url)))
			pgtest.Exec(t, url, test.sql)
			_, err := r.CopyOut(patient(t), c, io.Discard)
			f := fault.Of(err)
			if f.Kind != fault.Data || f.Code != test.code || !strings.Contains(f.Text, "public.a") || !strings.Contains(fmt.Sprint(f.Lines), test.want) {
				t.Errorf("fault is %+v, want %s with %q", f, test.code, test.want)
			}
		})
	}
}

// What a table had for a moment only changes none of its rows.
func TestSourceAsBefore(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"column came and went": "alter table public.a add more text; alter table public.a drop more",
		"column was renamed":   "alter table public.a rename t to u; alter table public.a rename u to t",
		"schema was renamed":   "alter schema public rename to other; alter schema other rename to public",
		"index":                "create index on public.a (t)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			pgtest.Exec(t, url, "create table public.a (id int, gone int, t varchar(9)); alter table public.a drop gone", "insert into a values (1, 'x')")
			c := whole(t, url, public("a"), catalog.Text)
			r := readerOf(t, snapshotOf(t, endpoint(t, url)))
			pgtest.Exec(t, url, sql)
			if sum, err := r.CopyOut(patient(t), c, io.Discard); err != nil || sum.Rows != 1 {
				t.Errorf("%d rows (%v), want 1", sum.Rows, err)
			}
		})
	}
}

// What a type's values are called is no version's: read after it was changed,
// the rows of a snapshot mean something else.
func TestSourceTypesChanged(t *testing.T) {
	t.Parallel()
	const swap = "alter type public.st rename value 'open' to 'tmp'; alter type public.st rename value 'closed' to 'open'; alter type public.st rename value 'tmp' to 'closed'"
	const remake = "alter type public.pair drop attribute a; alter type public.pair add attribute a int"
	for name, test := range map[string]struct{ column, sql, want string }{
		"labels swapped":   {"public.st", swap, "closed -> open, open -> closed"},
		"one renamed":      {"public.st", "alter type public.st rename value 'open' to 'begun'", "open -> begun"},
		"in a list":        {"public.st[]", swap, "open -> closed"},
		"in a domain":      {"public.dom", swap, "open -> closed"},
		"in a row":         {"public.pair", swap, "open -> closed"},
		"in a range":       {"public.span", swap, "open -> closed"},
		"attribute remade": {"public.pair[]", remake, "attribute a"},
		"added":            {"public.st", "alter type public.st add value 'late' before 'open'", ""},
		"another type's":   {"public.st", "alter type public.other rename value 'open' to 'begun'", ""},
		"type renamed":     {"public.st", "alter type public.st rename to s2; alter type public.s2 rename to st", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			pgtest.Exec(t, url, `create type public.st as enum ('open', 'closed'); create type public.other as enum ('open');
				create domain public.dom as public.st; create type public.pair as (a int, s public.dom);
				create type public.span as range (subtype = public.st);
				create table public.a (id int, t `+test.column+`); insert into public.a values (1, null)`)
			c := whole(t, url, public("a"), catalog.Text)
			r := readerOf(t, snapshotOf(t, endpoint(t, url)))
			for _, sql := range strings.Split(test.sql, "; ") {
				pgtest.Exec(t, url, sql)
			}
			_, err := r.CopyOut(patient(t), c, io.Discard)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if f := fault.Of(err); f.Code != "source.redefined" || f.Kind != fault.Data || !strings.Contains(fmt.Sprint(f.Lines), test.want) {
				t.Errorf("fault is %+v, want source.redefined with %q", f, test.want)
			}
		})
	}
}

// A schema takes no lock to be renamed: what a name stands for when it is read
// is what was looked at, or it is told.
func TestSourceSwapped(t *testing.T) {
	t.Parallel()
	const swap = "alter schema public rename to old; alter schema other rename to public"
	for name, test := range map[string]struct {
		held bool // before it
		sql  string
		code string
		want string
	}{
		"after Hold":      {true, swap, "source.changed", "another table has its name"},
		"before Hold":     {false, swap, "source.changed", ""},
		"and back":        {true, swap + "; alter schema public rename to other; alter schema old rename to public", "", ""},
		"gone after Hold": {true, "alter schema public rename to old", "source.redefined", "the table is gone"},
	} {
		for _, kind := range []string{"plain", "partitioned"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				url := pgtest.Database(t)
				for _, schema := range []string{"public", "other"} {
					if sql := "create schema if not exists " + schema; kind == "plain" {
						pgtest.Exec(t, url, sql, "create table "+schema+".a (id int)")
					} else {
						pgtest.Exec(t, url, sql, "create table "+schema+".a (id int) partition by range (id)",
							fmt.Sprintf("create table %[1]s.p partition of %[1]s.a default", schema))
					}
				}
				pgtest.Exec(t, url, "insert into public.a values (1), (2)") // the other one is empty
				c := whole(t, url, public("a"), catalog.Text)
				r := readerOf(t, snapshotOf(t, endpoint(t, url)))
				if test.held {
					if err := r.Hold(patient(t), []catalog.Chunk{c}); err != nil {
						t.Fatal(err)
					}
				}
				pgtest.Exec(t, url, test.sql)
				sum, err := r.CopyOut(patient(t), c, io.Discard)
				if test.code == "" {
					if err != nil || sum.Rows != 2 {
						t.Errorf("%d rows (%v), want 2", sum.Rows, err)
					}
					return
				}
				if f := fault.Of(err); f.Code != test.code || f.Kind != fault.Data || !strings.Contains(fmt.Sprint(f.Lines), test.want) {
					t.Errorf("%d rows; fault is %+v, want %s with %q", sum.Rows, f, test.code, test.want)
				}
			})
		}
	}
}

// A snapshot that is taken after a table was reloaded reads what is there then,
// though the chunk was planned before; other columns it does not.
func TestSourceChangedBeforeTheSnapshot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sql, want string }{
		"reloaded":     {"truncate public.a; insert into a values (1, 'x'), (2, 'y')", ""},
		"rewritten":    {"insert into a values (2, 'y'); vacuum full public.a", ""},
		"made again":   {"drop table public.a; create table public.a (id int, t varchar(9)); insert into a values (1, 'x'), (2, 'y')", ""},
		"new column":   {"alter table public.a add more text", "+ more"},
		"lost column":  {"alter table public.a drop t", "- t"},
		"wider column": {"alter table public.a alter t type varchar(99)", "they are now id integer, t character varying(99)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			pgtest.Exec(t, url, "create table public.a (id int, t varchar(9))", "insert into a values (1, 'x')")
			c := whole(t, url, public("a"), catalog.Text)
			for _, sql := range strings.Split(test.sql, "; ") { // VACUUM stands alone
				pgtest.Exec(t, url, sql)
			}
			r := readerOf(t, snapshotOf(t, endpoint(t, url)))
			sum, err := r.CopyOut(patient(t), c, io.Discard)
			if test.want == "" {
				if err != nil || sum.Rows != 2 {
					t.Errorf("%d rows (%v), want 2", sum.Rows, err)
				}
				return
			}
			if f := fault.Of(err); f.Code != "source.redefined" || !strings.Contains(fmt.Sprint(f.Lines), test.want) {
				t.Errorf("fault is %+v, want source.redefined with %q", f, test.want)
			}
		})
	}
}

// Of many tables that are held in one go, the one that changed is named.
func TestHoldManyTables(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ sql, code, want string }{
		"unchanged": {"select", "", ""},
		"truncated": {"truncate public.b", "source.changed", "truncated or rewritten"},
		"gone":      {"drop table public.b", "source.redefined", "the table is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			var chunks []catalog.Chunk
			for _, n := range []string{"a", "b", "c"} {
				pgtest.Exec(t, url, "create table public."+n+" (id int)", "insert into "+n+" values (1)")
				chunks = append(chunks, whole(t, url, public(n), catalog.Text))
			}
			r := readerOf(t, snapshotOf(t, endpoint(t, url)))
			pgtest.Exec(t, url, test.sql)
			err := r.Hold(patient(t), chunks)
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				held := pgtest.Query[int](t, url, "select count(*) from pg_locks where relation::regclass::text in ('a', 'b', 'c') and mode = 'AccessShareLock' and granted")
				if sum, err := r.CopyOut(patient(t), chunks[1], io.Discard); held != 3 || err != nil || sum.Rows != 1 {
					t.Errorf("%d tables are locked, %d rows read (%v)", held, sum.Rows, err)
				}
				return
			}
			if f := fault.Of(err); f.Code != test.code || !strings.Contains(f.Text, "public.b") || !strings.Contains(fmt.Sprint(f.Lines), test.want) {
				t.Errorf("fault is %+v, want %s of public.b with %q", f, test.code, test.want)
			}
		})
	}
}
