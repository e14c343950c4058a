package main_test

import (
	"path/filepath"
	"testing"

	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// A step that reads what an earlier step of the same run wrote must see it: its
// snapshot is not the one that was taken before.
func TestChained(t *testing.T) {
	t.Parallel()
	const tables = `create schema x; create table x.a (id int primary key, v text); create table x.b (id int primary key, v text);
		create table x.c (id int primary key, v text)`
	for name, c := range map[string]struct{ flow, want string }{
		"loads": {`steps:
  - load: {from: {at: old, table: x.a}, to: {at: new, table: x.a}}
  - load: {from: {at: new, table: x.a}, to: {at: new, table: x.b}}
  - load: {from: {at: new, table: x.b}, to: {at: fin, table: x.c}}
`, `select count(*) = 5000 from x.c`},
		"copies": {`steps:
  - copy: {from: old, to: new, include: [x.a], existing: truncate}
  - copy: {from: new, to: fin, include: [x.a], existing: truncate}
  - copy: {from: old, to: new, include: [x.b], existing: append}
  - copy: {from: new, to: fin, include: [x.b], existing: append}
  - verify: {from: old, to: fin, include: [x.a, x.b]}
`, `select (select count(*) = 5000 from x.a) and (select count(*) = 3000 from x.b)`},
		"copy, then load and verify over the same ends": {`steps:
  - copy: {from: old, to: fin, include: [x.a], existing: truncate}
  - load: {from: {at: old, table: x.b}, to: {at: fin, table: x.b, mode: merge}}
  - verify: {from: old, to: fin}
`, `select (select count(*) = 5000 from x.a) and (select count(*) = 3000 from x.b)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := chain(t, tables, c.flow)
			m.start(t, nil, "run", "chain", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 0)
			m.holds(t, c.want)
			m.checked(t)
		})
	}
}

// TestChainedVerify: rows that another copy adds behind a verification are seen
// by the next one.
func TestChainedVerify(t *testing.T) {
	t.Parallel()
	m := chain(t, `create schema x; create table x.a (id int, v text)`, `steps:
  - copy: {from: old, to: fin, include: [x.a], existing: truncate}
  - verify: {from: old, to: fin, include: [x.a]}
  - copy: {from: new, to: fin, include: [x.a], existing: append}
  - {id: again, verify: {from: old, to: fin, include: [x.a]}}
`)
	pgtest.Exec(t, m.env[1][len("NEW="):], "insert into x.a values (1, 'foreign')")
	m.start(t, nil, "run", "chain", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 4).says(t, "x.a: 5,000 rows against 5,001")
}

// TestPinned: inside a step with snapshot all read one point in time, whatever is
// written there meanwhile; behind it the rest is seen. Another point does not do.
func TestPinned(t *testing.T) {
	t.Parallel()
	const flow = `steps:
  - snapshot: old
    for_each: {items: '[1, 2, 3]', as: n}
    steps:
      - {id: first, load: {from: {at: old, query: "select :n * 100000 + id as id, v from x.a", with: {n: n}}, key: id, to: {at: fin, table: x.a, mode: merge}}}
      - {sql: {at: old, query: "insert into x.a values (-:n::int, 'meanwhile')", with: {n: n}}}
  - {load: {from: {at: old, table: x.a}, key: id, to: {at: fin, table: x.b, mode: merge}}}
`
	const tables = `create schema x; create table x.a (id int primary key, v text); create table x.b (id int primary key, v text)`
	m := chain(t, tables, flow)
	start := func(env ...string) *process {
		return m.start(t, env, "run", "chain", "--ledger", m.ledger, "--yes", "--progress", "none")
	}
	start().ends(t, 0)
	m.holds(t, "select (select count(*) = 15000 and min(id) > 0 from x.a) and (select count(*) = 5003 from x.b)")
	m.checked(t)

	m = chainFrom(t, pgtest.DatabaseOn(t, pgtest.Server(t, postgres.Options{Name: "pinned"})), tables, flow) // where nobody else writes
	start("GODWIT_KILL_AT=load.committed@first[1]:1").ends(t, -1)
	start("GODWIT_KILL_AT=unit.after-settle@first[1]/marks:1").ends(t, -1) // nothing was written: the same point
	pgtest.Exec(t, m.from, "insert into x.a values (-7, 'later')")
	start().ends(t, 2).says(t, "the point in time of old that step steps holds its insides to is gone")
	m.start(t, nil, "cancel", "chain-1", "--ledger", m.ledger).ends(t, 0)
	m.start(t, nil, "run", "chain", "--ledger", m.ledger, "--yes", "--progress", "none", "--new").ends(t, 0)
	m.holds(t, "select count(*) = 15003 from x.a")
	m.checked(t)
}

// chain is a project with three databases: old holds rows, new and fin the same
// tables without any.
func chain(t *testing.T, tables, flow string) *move {
	t.Helper()
	return chainFrom(t, pgtest.Database(t), tables, flow)
}

func chainFrom(t *testing.T, old, tables, flow string) *move {
	t.Helper()
	between, fin := pgtest.Pair(t)
	pgtest.Exec(t, old, tables, "insert into x.a select i, 'row ' || i from generate_series(1, 5000) i",
		"do $$ begin if to_regclass('x.b') is not null then insert into x.b select i, 'other ' || i from generate_series(1, 3000) i; end if; end $$")
	pgtest.Exec(t, between, tables)
	pgtest.Exec(t, fin, tables)
	m := newMove(t, old, fin)
	m.env = []string{"OLD=" + old, "NEW=" + between, "FIN=" + fin}
	dir := filepath.Dir(m.ledger)
	write(t, dir, "godwit.yaml", "connections:\n  old: {postgres: {url_secret: {env: OLD}}}\n  new: {postgres: {url_secret: {env: NEW}}}\n"+
		"  fin: {postgres: {url_secret: {env: FIN}}}\n")
	write(t, dir, "flows/chain.yaml", flow)
	return m
}

// holds asks the target whether something is so.
func (m *move) holds(t *testing.T, question string) {
	t.Helper()
	if !pgtest.Query[bool](t, m.to, question) {
		t.Errorf("not so: %s", question)
	}
}
