package main_test

import (
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// TestAppendKilled is what a user meets whose appending load was killed on a busy
// source: which ways there are, and that they lead where they say.
func TestAppendKilled(t *testing.T) {
	t.Parallel()
	m := newLoad(t, 6000)
	dir := filepath.Dir(m.ledger)
	write(t, dir, "flows/orders.yaml", strings.Replace(orders, "      snapshot_lost: continue\n", "", 1))
	m.load(t, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
	pgtest.Exec(t, m.from, "insert into shop.orders values (6001, 'late', 1, 'o', 'late', '[]')")
	p := m.load(t).ends(t, 1)
	p.says(t, "the snapshot of old that 2 chunks were read at is lost", "godwit cancel orders-1; what it loaded stays in shop.orders",
		"then to: {mode: merge, key: [id]} in the load: the same command adds what is missing", "or, where nothing else is in shop.orders, empty it")
	if strings.Contains(p.said.String(), "godwit resume") {
		t.Errorf("going on is no way:\n%s", p.said.String())
	}
	m.start(t, nil, "status", "orders-1", "--ledger", m.ledger).ends(t, 0).says(t, "then to: {mode: merge, key: [id]} in the load")
	m.start(t, nil, "cancel", "orders-1", "--ledger", m.ledger).ends(t, 0)
	write(t, dir, "flows/orders.yaml", strings.Replace(orders, "mode: append}\n      snapshot_lost: continue\n", "mode: merge, key: [id]}\n", 1))
	m.load(t).ends(t, 3)
	m.loaded(t)
}

// TestAppendKilledKeyless: without a key the table has to be emptied.
func TestAppendKilledKeyless(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create table item (id int primary key, v text)", "insert into item select i, 'v' || i from generate_series(1, 6000) i")
	pgtest.Exec(t, to, "create table item (id int, v text)")
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_RECORDS=1000"}
	m.project(t, map[string]string{"flows/orders.yaml": "steps:\n  - load: {from: {at: old, table: public.item}, to: {at: new, table: public.item, mode: append}}\n"})
	m.load(t, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
	pgtest.Exec(t, from, "update item set id = 7000 where id = 1")
	m.load(t).ends(t, 1).says(t, "then empty public.item and run the same command with --new: it has no key")
	m.start(t, nil, "cancel", "orders-1", "--ledger", m.ledger).ends(t, 0)
	pgtest.Exec(t, to, "truncate item")
	m.start(t, nil, "run", "orders", "--ledger", m.ledger, "--yes", "--progress", "none", "--new").ends(t, 0)
	if n := pgtest.Query[int](t, to, "select count(distinct id) from item where id > 1"); n != 6000 {
		t.Errorf("%d items", n)
	}
	m.checked(t)
}

// TestAppendChanged changes a flow behind a killed run of it that added rows: that is
// another run, which would add all of them again.
func TestAppendChanged(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create table item (id int primary key, v text)", "insert into item select i, 'v' || i from generate_series(1, 6000) i",
		"create table other (id int primary key, v text)", "insert into other values (1, 'o')")
	pgtest.Exec(t, to, "create table item (id int, v text)", "create table log (n int)")
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_RECORDS=1000"}
	const load = "  - load: {from: {at: old, table: public.item}, map: maps/item.yaml, to: {at: new, table: public.item, mode: append}, snapshot_lost: continue}\n"
	const inner = "inputs:\n  n: {default: a}\nsteps:\n" + load
	m.project(t, map[string]string{
		"flows/orders.yaml": "steps:\n" + load, "maps/item.yaml": "fields:\n  id: {from: id}\n  v: {from: v}\n",
		"flows/rest.yaml":  "steps:\n" + strings.Replace(load, "table: public.item}, map", "table: public.other}, map", 1),
		"flows/each.yaml":  "steps:\n" + strings.NewReplacer("- load", "- for_each: {items: '[\"item\"]', as: t}\n    load", "old, table: public.item", "old, table: \"public.${t}\"").Replace(load),
		"flows/inner.yaml": inner, "flows/outer.yaml": "steps:\n  - flow: inner\n",
	})
	run := func(flow string, more ...string) *process {
		return m.start(t, nil, append([]string{"run", flow, "--ledger", m.ledger, "--yes", "--progress", "none"}, more...)...)
	}
	rows := func(want int) {
		t.Helper()
		if n := pgtest.Query[int](t, to, "select count(*) from item"); n != want {
			t.Errorf("%d items, want %d", n, want)
		}
	}
	m.load(t, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
	had := pgtest.Query[int](t, to, "select count(*) from item")
	write(t, filepath.Dir(m.ledger), "maps/item.yaml", "fields:\n  id: {from: id}\n  v: {from: v, convert: upper}\n")
	p := m.load(t).ends(t, 2)
	p.says(t, "run.appended", "orders-1 is not finished", "public.item", "godwit resume orders-1", "godwit cancel orders-1", "--new")
	run("each").ends(t, 2).says(t, "run.appended", "orders-1 is not finished")
	run("outer").ends(t, 1).says(t, "run.appended", "orders-1 is not finished")
	run("rest").ends(t, 0)
	rows(had + 1)
	m.start(t, nil, "resume", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
	rows(6001)
	m.load(t).ends(t, 0) // what has come to its end may come again
	rows(12001)

	// Given up, or meant.
	write(t, filepath.Dir(m.ledger), "maps/item.yaml", "fields:\n  id: {from: id}\n  v: {from: v, convert: lower}\n")
	run("outer").ends(t, 0) // what was refused goes on
	rows(18001)
	pgtest.Exec(t, to, "truncate item")
	m.load(t, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
	had = pgtest.Query[int](t, to, "select count(*) from item")
	write(t, filepath.Dir(m.ledger), "maps/item.yaml", "fields:\n  id: {from: id}\n  v: {from: v}\n")
	m.load(t).ends(t, 2)
	run("orders", "--new").ends(t, 0)
	rows(had + 6000)
	m.start(t, nil, "resume", "orders-3", "--ledger", m.ledger, "--progress", "none").ends(t, 2).says(t, "run.superseded", "orders-4", "godwit cancel orders-3")
	m.start(t, nil, "cancel", "orders-3", "--ledger", m.ledger).ends(t, 0)
	pgtest.Exec(t, to, "truncate item")
	m.load(t).ends(t, 0)
	rows(6000)
	m.checked(t)
}

// TestAppendBesideCopy adds to what an unfinished copy was bringing: its flags make
// it another run.
func TestAppendBesideCopy(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, stageSQL("big", "", 9000), "analyze")
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=262144"}
	m.copy(t, "GODWIT_KILL_AT=data.committed:2").ends(t, -1)
	m.flags = []string{"--existing", "append"}
	m.copy(t).ends(t, 2).says(t, "run.appended", "copy-1 is not finished", "public.big")
	m.flags = []string{"--existing", "truncate"}
	m.copy(t).ends(t, 0)
	m.flags = nil
	if n := pgtest.Query[int](t, to, "select count(*) from big"); n != 9000 {
		t.Errorf("%d rows", n)
	}
}
