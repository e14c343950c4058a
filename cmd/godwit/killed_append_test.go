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
