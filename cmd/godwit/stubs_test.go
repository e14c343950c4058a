package main_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// Nodes refer to nodes, leaves to nodes; some of these are in no table, some are
// broken. Stubs stand in for them.
const (
	stubNodes = `  - id: nodes
    load: {from: {at: old, table: src.node}, map: maps/node.yaml, to: {at: new, table: dst.node, mode: merge, key: code}}
`
	stubLeaves = `  - id: leaves
    load: {from: {at: old, table: src.leaf}, map: maps/leaf.yaml, to: {at: new, table: dst.leaf, mode: %s}, snapshot_lost: continue}
`
	nodeStub = `
stubs:
  node: {into: dst.node, fields: {code: {from: key, expr: '"n" + string(value)'}, title: {const: "?"}}}
`
)

// newStubs is a project with random nodes and leaves.
func newStubs(t testing.TB, nodes, leaves int) *move {
	t.Helper()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create schema src; create table src.node (id int primary key, parent int, title text); create table src.leaf (id int primary key, node int)",
		// of 1.2 times as many ids a sixth is in no table
		fmt.Sprintf(`insert into src.node select id, case when random() < 0.9 then 1 + (random() * %[1]d * 1.2)::int end, case when random() < 0.9 then 'node ' || id end
			from (select i as id from generate_series(1, %[1]d * 6 / 5) i order by random() limit %[1]d) n`, nodes),
		fmt.Sprintf("insert into src.leaf select i, 1 + (random() * %d * 1.2)::int from generate_series(1, %d) i", nodes, leaves))
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_RECORDS=50", "FROM=" + from, "TO=" + to}
	dir := filepath.Dir(m.ledger)
	write(t, dir, "godwit.yaml", "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n")
	write(t, dir, "maps/node.yaml", `fields:
  code: {from: id, expr: '"n" + string(value)'}
  title: {from: title, required: true}
  parent: {from: parent, ref: node, orphan: stub}`+nodeStub)
	write(t, dir, "maps/leaf.yaml", "fields:\n  id: {from: id}\n  node: {from: node, ref: node, orphan: stub}"+nodeStub)
	return m
}

// emptyStubs makes the target anew, where it makes the keys of nodes itself.
func (m *move) emptyStubs(t testing.TB) {
	t.Helper()
	pgtest.Exec(t, m.to, `drop schema if exists dst cascade; drop schema if exists godwit cascade; create schema dst;
		create table dst.node (id int generated always as identity primary key, code text not null unique, title text not null, parent int references dst.node);
		create table dst.leaf (id int primary key, node int not null references dst.node)`)
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(m.ledger + end)
	}
}

// stubbed proves the target against the source, and that the issues which are open
// are those about stubs that still stand.
func (m *move) stubbed(t testing.TB) {
	t.Helper()
	want := pgtest.Query[string](t, m.from, `with good as (select * from src.node where title is not null),
		stubs as (select parent as id from good where parent is not null union select node from src.leaf except select id from good)
		select string_agg(r, ' ' order by r) from (select concat('n', id, ':', title, ':', 'n' || parent) r from good
			union all select concat('n', id, ':?:') from stubs union all select concat(id, '>n', node) from src.leaf) x`)
	got := pgtest.Query[string](t, m.to, `select string_agg(r, ' ' order by r) from (
		select concat(n.code, ':', n.title, ':', p.code) r from dst.node n left join dst.node p on p.id = n.parent
		union all select concat(l.id, '>', n.code) from dst.leaf l join dst.node n on n.id = l.node) x`)
	if want != got {
		t.Errorf("the target has\n%s\nwant\n%s", got, want)
	}
	m.checked(t)
	stubs := pgtest.Query[int](t, m.to, "select count(*) from dst.node where title = '?'")
	list := m.start(t, nil, "issues", "list", "stubs-1", "--rule", "stub", "--each", "--limit", "0", "--ledger", m.ledger, "--json").ends(t, 0)
	if n := strings.Count(list.said.String(), `"rule":"stub"`); n != stubs {
		t.Errorf("%d issues about stubs are open, %d stubs stand", n, stubs)
	}
}

// TestStubs: in whatever order records come, and wherever a run is killed, the end is
// the same: what is there, a stub for each that is not and is referred to, an issue
// for each of those.
func TestStubs(t *testing.T) {
	t.Parallel()
	m := newStubs(t, 100, 80)
	dir := filepath.Dir(m.ledger)
	nodes, leaves := stubNodes, fmt.Sprintf(stubLeaves, "append")
	side := "  - parallel:\n    " + strings.ReplaceAll(strings.TrimSuffix(nodes+leaves, "\n"), "\n", "\n    ") + "\n"
	orders := map[string]string{"children first": leaves + nodes, "side by side": side}
	times := 1
	if os.Getenv("GODWIT_SLOW") != "" {
		times, orders["parents first"] = 6, nodes+leaves
		orders["again and again"] = leaves + nodes + strings.ReplaceAll(fmt.Sprintf(stubLeaves, "merge"), "id: leaves", "id: more")
	}
	for name, steps := range orders {
		write(t, dir, "flows/stubs.yaml", "steps:\n"+steps)
		for range times {
			// other keys, other places in the order
			pgtest.Exec(t, m.from, "alter table src.node drop constraint node_pkey; update src.node set id = 1000 - id, parent = 1000 - parent; update src.leaf set node = 1000 - node; alter table src.node add primary key (id)")
			m.emptyStubs(t)
			passed := filepath.Join(t.TempDir(), "points")
			m.stubs(t, "GODWIT_POINTS="+passed).ends(t, 3)
			if m.stubbed(t); t.Failed() {
				t.Fatal(name)
			}
			points, often := pointsIn(t, passed)
			point := points[rand.IntN(len(points))]
			kill := fmt.Sprintf("%s:%d", point, 1+rand.IntN(often[point]))
			m.emptyStubs(t)
			if m.stubs(t, "GODWIT_KILL_AT="+kill).exit(t) == -1 { // side by side a point may be passed less often
				m.stubs(t).ends(t, 3)
			}
			if m.stubbed(t); t.Failed() {
				t.Fatalf("%s, killed at %s", name, kill)
			}
		}
	}
}

func (m *move) stubs(t testing.TB, env ...string) *process {
	t.Helper()
	return m.start(t, env, "run", "stubs", "--ledger", m.ledger, "--yes", "--progress", "none")
}

// TestStubsEmptied: a target that was emptied makes the same keys again. What is
// remembered of records that had them is not referred to, and a stub for each of those
// is told as any other.
func TestStubsEmptied(t *testing.T) {
	t.Parallel()
	m := newStubs(t, 0, 0)
	pgtest.Exec(t, m.from, "insert into src.node select i, null, 'node ' || i from generate_series(1, 1200) i",
		"insert into src.leaf select i, case when i <= 1200 then 5000 + i else i - 1200 end from generate_series(1, 2400) i")
	m.env[0] = "GODWIT_RECORDS=50000" // several pages in a chunk
	m.emptyStubs(t)
	flow := filepath.Join(filepath.Dir(m.ledger), "flows")
	write(t, flow, "stubs.yaml", "steps:\n"+stubNodes)
	m.stubs(t).ends(t, 0)
	pgtest.Exec(t, m.to, "truncate dst.node, dst.leaf restart identity")
	write(t, flow, "stubs.yaml", "steps:\n"+fmt.Sprintf(stubLeaves, "append"))
	m.stubs(t).ends(t, 0).says(t, "warnings 2,400")
	write(t, flow, "stubs.yaml", "steps:\n"+stubNodes)
	m.stubs(t).ends(t, 0)
	want := pgtest.Query[string](t, m.from, "select string_agg(concat(id, '>n', node), ' ' order by id) from src.leaf")
	if got := pgtest.Query[string](t, m.to, "select string_agg(concat(l.id, '>', n.code), ' ' order by l.id) from dst.leaf l join dst.node n on n.id = l.node"); got != want {
		t.Errorf("leaves refer to\n%s\nwant\n%s", got, want)
	}
	if n := pgtest.Query[int](t, m.to, "select count(*) from dst.node where title = '?'"); n != 1200 {
		t.Errorf("%d stubs stand, 1200 nodes are not there", n)
	}
	list := m.start(t, nil, "issues", "list", "stubs-2", "--rule", "stub", "--each", "--limit", "0", "--ledger", m.ledger, "--json").ends(t, 0)
	if n := strings.Count(list.said.String(), `"rule":"stub"`); n != 1200 {
		t.Errorf("%d issues about stubs are open, 1200 stubs stand", n)
	}
	m.checked(t)
}
