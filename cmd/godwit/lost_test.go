package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"godwit/internal/ledger"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// kick ends all sessions of a database, and with them every snapshot.
func kick(t testing.TB, url string) {
	t.Helper()
	pgtest.Exec(t, url, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
}

// TestSnapshotLostAmidRepairs loses the source's snapshot in one process, after
// a chunk and again after the first repair, with a change after each loss that
// moves amounts between two tables.
func TestSnapshotLostAmidRepairs(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	bank(t, from)
	m := newMove(t, from, to)
	m.env, m.flags = []string{"GODWIT_CHUNK=300000"}, []string{"--workers", "1"}
	move := func(amount int) {
		pgtest.Exec(t, from, fmt.Sprintf(`begin;
			update one.account set amount = amount - %[1]d where id in (1, 2, 3, 15000);
			update two.account set amount = amount + %[1]d where id in (1, 2, 3, 15000); commit`, amount))
	}
	want := pgtest.Query[int64](t, from, total)
	p := m.copy(t, "GODWIT_STOP_AT=unit.after-settle@data/two.account/1:1,reconcile.committed@account:1")
	for _, amount := range []int{7, 5} {
		p.stopped(t)
		kick(t, from)
		move(amount)
		p.signal(t, syscall.SIGCONT)
	}
	p.ends(t, 0)
	m.oneMoment(t, want, 2)
}

// TestObjectOfALaterSnapshot loses the snapshot between the rows and the large
// object that they point to.
func TestObjectOfALaterSnapshot(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"STOP", "KILL"} {
		for policy, exit := range map[string]int{"reconcile": 0, "stop": 1} {
			t.Run(policy+" "+how, func(t *testing.T) {
				t.Parallel()
				from, to := pgtest.Pair(t)
				pgtest.Exec(t, from, `create table docs (id int primary key, object oid, version text);
					select lo_from_bytea(20000, 'v1'); insert into docs values (1, 20000, 'v1')`)
				m := newMove(t, from, to)
				m.flags = []string{"--workers", "1", "--snapshot-lost", policy}
				p := m.copy(t, "GODWIT_"+how+"_AT=unit.after-settle@reconcile/all:1")
				if how == "KILL" {
					p.ends(t, -1)
				} else {
					p.stopped(t)
				}
				kick(t, from)
				pgtest.Exec(t, from, "begin; update docs set version = 'v2'; select lo_put(20000, 0, 'v2'); commit")
				if how == "KILL" {
					p = m.copy(t)
				} else {
					p.signal(t, syscall.SIGCONT)
				}
				if how == "KILL" && exit == 1 {
					exit = 2 // before anything was touched
				}
				if p.ends(t, exit); exit != 0 {
					p.says(t, "snapshot.lost")
					return
				}
				got := pgtest.Query[string](t, to, "select version || ' ' || convert_from(lo_get(object), 'UTF8') from docs")
				if got != "v2 v2" {
					t.Errorf("row and object are %q", got)
				}
				m.checked(t)
			})
		}
	}
}

// TestPartitionComes moves rows into a table that was not there when the copy
// was planned: it is refused, and what was copied stays.
func TestPartitionComes(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `create table ev (id int, d int) partition by list (d);
		create table ev_1 partition of ev for values in (1); create table ev_def partition of ev default;
		insert into ev select i, 1 + i % 2 from generate_series(1, 10000) i`, "analyze")
	m := newMove(t, from, to)
	m.copy(t, "GODWIT_KILL_AT=unit.after-settle@verify/inspect:1").ends(t, -1)
	pgtest.Exec(t, from, `begin; create table ev_2 (id int, d int); insert into ev_2 select * from ev_def where d = 2;
		delete from ev_def where d = 2; alter table ev attach partition ev_2 for values in (2); commit`)
	m.copy(t).ends(t, 1).says(t, "source.redefined", "new table", "ev_2")
	if rows := pgtest.Query[int](t, to, "select count(*) from ev"); rows != 10000 {
		t.Errorf("%d rows are left of 10000", rows)
	}
}

// TestProofsAreOfNow loses at the target what was proved already: by a crash
// that empties an unlogged table, by hand while the process was gone.
func TestProofsAreOfNow(t *testing.T) {
	t.Parallel()
	from := pgtest.Database(t)
	pgtest.Exec(t, from, `create unlogged table unl (id int primary key, line text);
		insert into unl select i, repeat(md5(i::text), 4) from generate_series(1, 20000) i;
		create table big (id int primary key, line text);
		insert into big select i, repeat(md5(i::text), 4) from generate_series(1, 20000) i`, "analyze")
	server := pgtest.Server(t, postgres.Options{Name: "proofs"})
	to := pgtest.DatabaseOn(t, server)
	m := newMove(t, from, to)
	m.flags = []string{"--workers", "1"}
	p := m.copy(t, "GODWIT_STOP_AT=unit.after-settle@verify/table/public.unl:1")
	p.stopped(t)
	crash(t, server)
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 4).says(t, "public.unl")

	m = newMove(t, from, pgtest.DatabaseOn(t, server))
	m.copy(t).ends(t, 0)
	v := &move{from: m.from, to: m.to, ledger: filepath.Join(t.TempDir(), "ledger.db")}
	verify := []string{"verify", "--from", v.from, "--to", v.to, "--ledger", v.ledger, "--progress", "none", "--workers", "1"}
	v.start(t, []string{"GODWIT_KILL_AT=unit.after-settle@verify/table:2"}, verify...).ends(t, -1)
	pgtest.Exec(t, v.to, "truncate unl; delete from big where id < 100")
	v.start(t, nil, verify...).ends(t, 4).says(t, "public.unl", "public.big")
}

// TestMovedRowUnderItsKey reads a row a second time, at a later snapshot, into
// a table that has its unique key already.
func TestMovedRowUnderItsKey(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	bank(t, from)
	pgtest.Exec(t, to, "create schema one; create schema two; create table one.account (id int primary key, amount bigint not null, note text)")
	m := newMove(t, from, to)
	m.env, m.flags = []string{"GODWIT_CHUNK=300000"}, []string{"--workers", "1", "--existing", "truncate", "--include", "one.account"}
	m.copy(t, "GODWIT_KILL_AT=unit.after-settle@data/one.account/:2").ends(t, -1)
	pgtest.Exec(t, from, "update one.account set amount = amount + 1 where id % 3 = 0")
	m.copy(t).ends(t, 0)
	m.checked(t)
	const sum = "select sum(hashtextextended(t::text, 1)::numeric) from one.account t"
	if got, want := pgtest.Query[string](t, to, sum+""), pgtest.Query[string](t, from, sum); got != want {
		t.Error("the tables are not the same")
	}
}

// TestEmptiedSource restarts a source after a crash, which empties its unlogged
// table: the rows that were copied are the last there are.
func TestEmptiedSource(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t, postgres.Options{Name: "emptied"})
	from, to := pgtest.DatabaseOn(t, server), pgtest.Database(t)
	pgtest.Exec(t, from, `create unlogged table unl (id int primary key, line text);
		insert into unl select i, repeat(md5(i::text), 4) from generate_series(1, 20000) i`, "analyze")
	m := newMove(t, from, to)
	p := m.copy(t, "GODWIT_STOP_AT=key.begun:1")
	p.stopped(t)
	crash(t, server)
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 1).says(t, "source.emptied", "public.unl")
	if rows := pgtest.Query[int](t, to, "select count(*) from unl"); rows != 20000 {
		t.Errorf("%d rows are left of 20000", rows)
	}
}

// TestSuperseded resumes a run whose target another one has written to since.
func TestSuperseded(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	fill(t, from, 4)
	want := state(t, from)
	m := newMove(t, from, to)
	m.copy(t, "GODWIT_KILL_AT=data.committed:3").ends(t, -1)
	m.flags = []string{"--existing", "replace"}
	m.copy(t).ends(t, 0)
	m.start(t, nil, "resume", "copy-1", "--ledger", m.ledger, "--progress", "none").ends(t, 2).says(t, "run.superseded", "copy-2")
	m.flags = nil
	m.copy(t).ends(t, 2).says(t, "run.superseded", "--new")
	m.start(t, nil, "cancel", "copy-1", "--ledger", m.ledger).exit(t)
	m.proved(t, want)
}

// TestTwoLedgers lets a copied ledger end a run whose owner is frozen: awake
// again it finds its marks gone, and writes nothing.
func TestTwoLedgers(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	fill(t, from, 4)
	want := state(t, from)
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=65536"}
	first := m.copy(t, "GODWIT_STOP_AT=data.reading:6")
	first.frozen(t)
	other := *m
	other.ledger = filepath.Join(t.TempDir(), "ledger.db")
	for _, end := range []string{"", "-wal"} {
		b, err := os.ReadFile(m.ledger + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(other.ledger+end, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other.copy(t).ends(t, 0)
	other.proved(t, want)
	first.signal(t, syscall.SIGCONT)
	if first.exit(t) == 0 || !strings.Contains(first.said.String(), "target.marks-missing") {
		t.Errorf("exit %d:\n%s", first.ProcessState.ExitCode(), first.said.String())
	}
	other.proved(t, want)
}

// TestMarksOfSteps runs a flow whose steps copy into one target: what one of
// them takes away are its own marks.
func TestMarksOfSteps(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	var setup []string
	for _, s := range []string{"a", "b", "c"} {
		setup = append(setup, fmt.Sprintf(`create schema %[1]s; create table %[1]s.ok (id int, line text); create table %[1]s.bad (id int)`, s))
	}
	pgtest.Exec(t, to, strings.Join(setup, ";"), "alter table a.bad add unique (id); alter table c.bad add unique (id)")
	pgtest.Exec(t, from, strings.Join(setup, ";"))
	for _, s := range []string{"a", "b", "c"} {
		pgtest.Exec(t, from, fmt.Sprintf(`insert into %[1]s.ok select i, repeat(md5(i::text), 4) from generate_series(1, 10000) i; insert into %[1]s.bad values (1), (1)`, s), "analyze")
	}
	m := newMove(t, from, to)
	dir := filepath.Dir(m.ledger)
	flow := "steps:\n"
	for _, s := range []string{"a", "b", "c"} {
		flow += "  - {on_error: continue, copy: {from: old, to: new, include: [\"" + s + ".*\"], existing: append}}\n"
	}
	for name, text := range map[string]string{
		"godwit.yaml":      "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n",
		"flows/three.yaml": flow,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"FROM=" + from, "TO=" + to}
	run := []string{"run", "three", "--ledger", m.ledger, "--yes", "--progress", "none"}
	m.start(t, env, run...).ends(t, 1)
	pgtest.Exec(t, to, "alter table a.bad drop constraint bad_id_key; alter table c.bad drop constraint bad_id_key")
	m.start(t, env, run...).ends(t, 0)
	for _, s := range []string{"a", "b", "c"} {
		if rows := pgtest.Query[int](t, to, "select count(*) from "+s+".ok"); rows != 10000 {
			t.Errorf("%s.ok has %d rows, want 10000", s, rows)
		}
	}
	m.checked(t)
	if n := m.units(t, "marks", ledger.Done); n != 3 {
		t.Errorf("%d of 3 steps took their marks away", n)
	}
}
