package main_test

import (
	databases "database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// TestLookupIsFrozen changes a lookup's table under a load that was killed: who
// goes on with it looks up in what there was when it was planned, and that is in
// the ledger once, however many parts the load has.
func TestLookupIsFrozen(t *testing.T) {
	t.Parallel()
	m := newLoad(t, 6000)
	pgtest.Exec(t, m.from, "create table shop.code (code text, says text)", "insert into shop.code select 'code ' || i, 'then' from generate_series(1, 6000) i",
		"insert into shop.code values ('twice', 'then')")
	m.project(t, map[string]string{
		"flows/orders.yaml": `steps:
  - load: {from: {at: old, table: shop.orders}, key: id, map: maps/order.yaml, to: {at: new, table: shop.orders}, workers: 3, snapshot_lost: continue}
`,
		"maps/order.yaml": `lookups: {says: {at: old, table: shop.code, key: code, value: says}}
fields:
  id: {from: id}
  customer: {from: code, lookup: says, else: reject}
  total: {from: total}
`,
	})
	m.load(t, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
	before := pgtest.Query[int](t, m.to, "select count(*) from shop.orders")
	if before == 0 || before == 6000 {
		t.Fatalf("%d orders were loaded: the test tests nothing", before)
	}
	pgtest.Exec(t, m.from, "update shop.code set says = 'now' where code <> 'code 1'", "delete from shop.code where code = 'code 1'")
	m.load(t).ends(t, 0)
	if got := pgtest.Query[string](t, m.to, "select string_agg(distinct customer, ',') || count(*) from shop.orders"); got != "then6000" {
		t.Errorf("loaded %s, want then6000", got)
	}
	m.checked(t)
	db, err := databases.Open("sqlite", m.ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var tables, units int
	if err := db.QueryRow("select (select count(*) from lookup), (select count(*) from unit where kind = 'load')").Scan(&tables, &units); err != nil {
		t.Fatal(err)
	}
	if tables != 1 || units < 2 {
		t.Errorf("%d tables of values for %d units", tables, units)
	}
	var longest int
	if err := db.QueryRow("select max(length(spec)) from unit").Scan(&longest); err != nil {
		t.Fatal(err)
	}
	if longest > 20_000 {
		t.Errorf("a unit's spec has %d bytes: the values stand in it", longest)
	}
}

// TestLookupOfSQLite: keys and values of other types are looked up by their text.
func TestLookupOfSQLite(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create table public.t (id int primary key, n numeric(5,1), d date)", "insert into public.t values (1, 1.5, '2024-02-29'), (2, 2, '2024-03-01')")
	pgtest.Exec(t, to, "create table public.t (id int primary key, n date, d numeric(5,2))")
	m := newMove(t, from, to)
	file := filepath.Join(filepath.Dir(m.ledger), "codes.db")
	db, err := databases.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`create table n (key numeric, value date); insert into n values (1.5, '2020-01-01'), (2, '2020-01-02');
		create table d (key date, value numeric(5,2)); insert into d values ('2024-02-29', 0.5), ('2024-03-01', 7)`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	m.project(t, map[string]string{
		"flows/t.yaml": "connections: {codes: {sqlite: {file: codes.db}}}\nsteps:\n  - load: {from: {at: old, table: public.t}, map: m.yaml, to: {at: new, table: public.t}, " +
			"lookups: {n: {at: codes, query: \"select key, value from n where key < :inputs.most\"}, d: {at: codes, table: d}}}\ninputs: {most: {type: int, default: 3}}\n",
		"m.yaml": "fields:\n  id: {from: id}\n  n: {from: n, lookup: n, else: null}\n  d: {from: d, lookup: d, else: reject}\n",
	})
	m.start(t, nil, "run", "t", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 0)
	got := pgtest.Query[string](t, to, "select string_agg(concat_ws(' ', id, n, d), ', ' order by id) from public.t")
	if want := fmt.Sprint("1 2020-01-01 0.50, 2 2020-01-02 7.00"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
