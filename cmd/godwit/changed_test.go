package main_test

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// stageSQL makes a table of this many rows of about 200 bytes.
func stageSQL(table, key string, rows int) string {
	return fmt.Sprintf("create table %s (id int %s, line text); insert into %s select i, repeat(md5(i::text), 6) from generate_series(1, %d) i;",
		table, key, table, rows)
}

// reloadSQL empties tables and fills them with other rows, some as before.
func reloadSQL(tables ...string) string {
	var b strings.Builder
	for _, table := range tables {
		fmt.Fprintf(&b, "truncate %s; insert into %s select i, repeat(md5((i / 2)::text), 6) from generate_series(1, 9000) i;", table, table)
	}
	return b.String()
}

// TestSourceReloaded empties and fills a table of the source in mid-copy: the
// run says so and fails; the same command goes on at a new snapshot, reads what
// is there then, and puts right what it had copied of it before.
func TestSourceReloaded(t *testing.T) {
	t.Parallel()
	const key = "primary key"
	for name, c := range map[string]struct {
		tables, stop, reload string
	}{
		"keyed":    {stageSQL("stage", key, 12000), "data.begun:5", reloadSQL("stage")},
		"keyless":  {stageSQL("stage", "", 12000), "data.begun:5", reloadSQL("stage")},
		"grown":    {stageSQL("stage", key, 6000), "data.begun:5", reloadSQL("stage")},
		"emptied":  {stageSQL("stage", key, 12000), "data.begun:5", "truncate stage"},
		"small":    {stageSQL("stage", key, 100) + stageSQL("other", key, 200), "data.begun:1", reloadSQL("stage")},
		"loose":    {stageSQL("stage", "", 100) + stageSQL("other", "", 200), "data.begun:1", reloadSQL("stage")},
		"several":  {stageSQL("done", key, 15000) + stageSQL("loose", "", 14000) + stageSQL("stage", key, 12000), "data.begun:30", reloadSQL("done", "loose", "stage")},
		"twice":    {stageSQL("stage", key, 12000), "data.begun:5", reloadSQL("stage")},
		"remade":   {stageSQL("stage", key, 12000), "data.begun:5", "drop table stage; " + stageSQL("stage", key, 8000)},
		"vacuumed": {stageSQL("stage", key, 12000), "data.begun:5", "vacuum full stage"},
		"column":   {stageSQL("stage", key, 12000), "data.begun:5", "alter table stage drop line; alter table stage add line text"},
		"refilled": {stageSQL("stage", key, 12000), "data.begun:5", "alter table stage drop line; alter table stage add line text; update stage set line = 'now ' || id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			pgtest.Exec(t, from, c.tables, "analyze")
			m := newMove(t, from, to)
			m.env = []string{"GODWIT_CHUNK=262144"}
			m.flags = []string{"--workers", "1"}
			p := m.copy(t, "GODWIT_STOP_AT="+c.stop)
			p.stopped(t)
			pgtest.Exec(t, from, c.reload)
			p.signal(t, syscall.SIGCONT)
			p.ends(t, 1).says(t, "source.changed", "public.stage", "godwit resume copy-1")
			m.checked(t)
			if name == "twice" {
				p = m.copy(t, "GODWIT_STOP_AT=data.begun:3")
				p.stopped(t)
				pgtest.Exec(t, from, reloadSQL("stage"))
				p.signal(t, syscall.SIGCONT)
				p.ends(t, 1).says(t, "source.changed", "public.stage")
			}
			m.copy(t).ends(t, 0).says(t, "all accounted for", "0 differ, 0 not read")
			m.proved(t, state(t, from))
		})
	}
}

// TestSourceRedefined adds a column to a table in mid-copy. No later snapshot
// has the table as it was, so what works is named each time, and it works.
func TestSourceRedefined(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, stageSQL("stage", "primary key", 12000), "analyze")
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=262144"}
	m.flags = []string{"--workers", "1"}
	p := m.copy(t, "GODWIT_STOP_AT=data.begun:5")
	p.stopped(t)
	pgtest.Exec(t, from, "alter table stage add zz int")
	p.signal(t, syscall.SIGCONT)
	const next = "godwit cancel copy-1, then the same command with --new --existing replace"
	p.ends(t, 1).says(t, "source.redefined", "public.stage", "+ zz integer", next)
	again := m.copy(t).ends(t, 1)
	again.says(t, "source.redefined", "+ zz", next)
	for _, never := range []string{"->", "godwit resume"} {
		if strings.Contains(again.said.String(), never) {
			t.Errorf("%q is said in:\n%s", never, again.said.String())
		}
	}
	m.start(t, nil, "cancel", "copy-1", "--ledger", m.ledger).ends(t, 0)
	m.with("--new", "--existing", "replace").copy(t).ends(t, 0)
	m.proved(t, state(t, from))
}

// TestSourceSwapped gives the names of tables to others, between the look at
// them and their reading: what was half built is never taken for what was
// looked at. Gone on with, the run reads what the names stand for then.
func TestSourceSwapped(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	for _, schema := range []string{"live", "fresh"} {
		pgtest.Exec(t, from, "create schema "+schema, stageSQL(schema+".a", "primary key", 200), stageSQL(schema+".b", "primary key", 100))
	}
	pgtest.Exec(t, from, "delete from fresh.a; delete from fresh.b where id > 10; update fresh.b set line = 'half built'")
	pgtest.Exec(t, to, "create schema live", stageSQL("live.a", "primary key", 0), stageSQL("live.b", "primary key", 0))
	m := newMove(t, from, to)
	m.flags = []string{"--workers", "1", "--include", "live.*", "--existing", "truncate"}
	p := m.copy(t, "GODWIT_STOP_AT=data.begun:1")
	p.stopped(t)
	conn, err := pgx.Connect(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "begin; lock table live.a, live.b in share mode"); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGCONT)
	eventually(t, "the first table waits for the lock", func() bool {
		return pgtest.Query[bool](t, to, "select exists (select from pg_locks where not granted)")
	})
	pgtest.Exec(t, from, "begin; alter schema live rename to old; alter schema fresh rename to live; commit")
	if _, err := conn.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	p.ends(t, 1).says(t, "source.changed", "live.b", "another table has its name", "godwit resume copy-1")
	m.checked(t)
	m.copy(t).ends(t, 0).says(t, "all accounted for", "0 differ, 0 not read")
	got, want := state(t, to), state(t, from)
	for _, table := range []string{"live.a", "live.b"} {
		if got[table] != want[table] {
			t.Errorf("%s: %s, want %s", table, got[table], want[table])
		}
	}
	m.checked(t)
}

// TestSourceRelabelled gives the values of an enum other names in mid-copy:
// rows before and after would say different things of what is the same.
func TestSourceRelabelled(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create type state as enum ('open', 'closed')", stageSQL("stage", "primary key", 12000),
		"alter table stage add s state default 'open'", "analyze")
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=262144"}
	m.flags = []string{"--workers", "1"}
	p := m.copy(t, "GODWIT_STOP_AT=data.begun:5")
	p.stopped(t)
	for _, rename := range []string{"'open' to 'tmp'", "'closed' to 'open'", "'tmp' to 'closed'"} {
		pgtest.Exec(t, from, "alter type state rename value "+rename)
	}
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 1).says(t, "source.redefined", "public.stage", "open -> closed", "godwit cancel copy-1, then the same command with --new --existing replace")
	m.start(t, nil, "cancel", "copy-1", "--ledger", m.ledger).ends(t, 0)
	m.with("--new", "--existing", "replace").copy(t).ends(t, 0)
	m.proved(t, state(t, from))
}

// TestSequenceRestarted restarts the sequence of a table, with the table, when
// its rows are copied: at the target it is not behind them all the same.
func TestSequenceRestarted(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create table t (id serial primary key, line text)",
		"insert into t (line) select repeat(md5(i::text), 6) from generate_series(1, 5000) i", "analyze")
	m := newMove(t, from, to)
	p := m.copy(t, "GODWIT_STOP_AT=unit.before-settle@reconcile:1")
	p.stopped(t)
	pgtest.Exec(t, from, "truncate t restart identity; insert into t (line) values ('new')")
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 0)
	pgtest.Exec(t, to, "insert into t (line) values ('after it')")
	if got := pgtest.Query[int](t, to, "select max(id) from t"); got != 5001 {
		t.Errorf("the next row has number %d, want 5001", got)
	}
	m.checked(t)
}
