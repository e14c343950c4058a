package main_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// TestEmptiedMeanwhile empties, in the middle of a load, the table that its records
// refer to, and gives the keys to others: what is written from then on rests on
// nothing that was known before, in the same attempt and in the next one.
func TestEmptiedMeanwhile(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, "create schema src; create table src.node (id int primary key, up int); insert into src.node select i, nullif(i / 20, 0) from generate_series(1, 4000) i",
		"create table src.leaf (id int primary key, node int); insert into src.leaf select i, i from generate_series(1, 4000) i")
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_RECORDS=500", "FROM=" + from, "TO=" + to}
	dir := filepath.Dir(m.ledger)
	write(t, dir, "godwit.yaml", "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n")
	nodes := "  - load: {from: {at: old, table: src.node}, map: maps/node.yaml, workers: 1, to: {at: new, table: dst.node, mode: merge, key: code}, snapshot_lost: continue}\n"
	leaves := "  - load: {from: {at: old, table: src.leaf}, map: maps/leaf.yaml, workers: 1, to: {at: new, table: dst.leaf}, snapshot_lost: continue}\n"
	write(t, dir, "flows/nodes.yaml", "steps:\n"+nodes)
	write(t, dir, "flows/leaves.yaml", "steps:\n"+leaves)
	write(t, dir, "flows/both.yaml", "steps:\n"+nodes+leaves)
	write(t, dir, "maps/node.yaml", "fields:\n  code: {from: id, expr: '\"n\" + string(value)'}\n  up: {from: up, ref: node, orphan: nothing}\n")
	write(t, dir, "maps/leaf.yaml", "fields:\n  id: {from: id}\n  node: {from: node, ref: node}\n")
	begin := func() {
		pgtest.Exec(t, to, "drop schema if exists dst cascade; create schema dst; create table dst.node (id int generated always as identity primary key, code text unique, up int); create table dst.leaf (id int primary key, node int)")
	}
	run := func(flow string, env ...string) *process {
		return m.start(t, env, "run", flow, "--ledger", m.ledger, "--yes", "--new", "--progress", "none")
	}
	before := 0
	empty := func() {
		before = pgtest.Query[int](t, to, "select count(*) from dst.leaf")
		pgtest.Exec(t, to, "truncate dst.node restart identity; insert into dst.node (code) select 'x' || i from generate_series(1, 4000) i")
	}
	for _, flow := range []string{"leaves", "nodes"} {
		for name, meanwhile := range map[string]func(){
			"the same attempt": func() {
				p := run(flow, "GODWIT_STOP_AT=load.settled:2")
				p.stopped(t)
				empty()
				p.signal(t, syscall.SIGCONT)
				p.exit(t)
			},
			"the next attempt": func() {
				run(flow, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
				empty()
				m.start(t, nil, "run", flow, "--ledger", m.ledger, "--yes", "--progress", "none").exit(t)
			},
			"between commit and its note": func() {
				run(flow, "GODWIT_KILL_AT=load.committed:2").ends(t, -1)
				empty()
				m.start(t, nil, "run", flow, "--ledger", m.ledger, "--yes", "--progress", "none").exit(t)
			},
		} {
			begin()
			if flow == "leaves" {
				run("nodes").ends(t, 0)
			}
			meanwhile()
			t.Run(flow+" "+name, func(t *testing.T) {
				if flow == "leaves" {
					if before == 0 || before > 3000 {
						t.Errorf("%d leaves before: the test tests nothing", before)
					}
					if n := pgtest.Query[int](t, to, "select count(*) from dst.leaf"); n != before {
						t.Errorf("%d leaves were written, %d before the table was emptied", n, before)
					}
				} else if wrong := pgtest.Query[string](t, to, `select coalesce(string_agg(c.code || ' -> ' || coalesce(p.code, '?'), ' '), '') from dst.node c left join dst.node p on p.id = c.up
						where c.up is not null and 'n' || (substr(c.code, 2)::int / 20) is distinct from p.code`); wrong != "" {
					t.Errorf("nodes refer to others: %.300s", wrong)
				}
				m.checked(t)
			})
		}
	}
}
