package main_test

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// fewAt is the login of a role that the server allows two sessions in all.
func fewAt(t testing.TB, at string) string {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	role := "few_" + strings.TrimPrefix(u.Path, "/")
	pgtest.Exec(t, at, fmt.Sprintf("create role %s login connection limit 2", role), "grant usage, create on schema public to "+role,
		"grant all on all tables in schema public to "+role, fmt.Sprintf("grant create, temporary on database %s to %s", strings.TrimPrefix(u.Path, "/"), role))
	u.User = url.User(role)
	return u.String()
}

// TestTwoSessions loads and proves with two sessions on either side, which is all
// that the servers allow; a copy, which reads at a snapshot, is refused.
func TestTwoSessions(t *testing.T) {
	t.Parallel()
	m := newMove(t, pgtest.Database(t), pgtest.Database(t))
	m.env = []string{"GODWIT_RECORDS=2000"}
	dir := filepath.Dir(m.ledger)
	pgtest.Exec(t, m.from, "create table item (id int primary key, note text)", "insert into item select i, 'note ' || i from generate_series(1, 20000) i")
	pgtest.Exec(t, m.to, "create table item (id int primary key, note text)")
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {postgres: {url: %q, limit: {connections: 2}}}\n  new: {postgres: {url: %q, limit: {connections: 2, rate: 1000/s}}}\n", fewAt(t, m.from), fewAt(t, m.to)))
	write(t, dir, "maps/item.yaml", "fields:\n  id: {from: id}\n  note: {from: note}\n")
	const load = "{from: {at: old, table: public.item}, map: maps/item.yaml, to: {at: new, table: public.item, mode: merge}, workers: 4}"
	write(t, dir, "flows/orders.yaml", "steps:\n  - load: "+load+"\n  - verify: "+strings.Replace(load, ", workers: 4", "", 1)+"\n")
	m.load(t).ends(t, 0)
	if got := pgtest.Query[string](t, m.to, "select count(*) || ' ' || count(distinct note) from item"); got != "20000 20000" {
		t.Errorf("the target holds %s", got)
	}
	m.checked(t)
	write(t, dir, "flows/all.yaml", "steps:\n  - copy: {from: old, to: new, existing: append}\n")
	m.start(t, nil, "run", "all", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 2).says(t, "connection.unable")
}

// TestSameConnection loads and proves within one database by few sessions: units that
// read by one and write by another do not wait for each other's.
func TestSameConnection(t *testing.T) {
	t.Parallel()
	m := newMove(t, pgtest.Database(t), "")
	m.env = []string{"GODWIT_RECORDS=500"}
	dir := filepath.Dir(m.ledger)
	pgtest.Exec(t, m.from, "create table item (id int primary key, note text)", "insert into item select i, 'note ' || i from generate_series(1, 20000) i", "create table copied (like item including all)")
	one := func(n int) {
		write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  one: {postgres: {url: %q, limit: {connections: %d}}}\n", m.from, n))
	}
	const load = "{from: {at: one, table: public.item}, to: {at: one, table: public.copied, mode: merge}, workers: 4}"
	write(t, dir, "flows/orders.yaml", "steps:\n  - load: "+load+"\n  - verify: "+strings.Replace(load, ", workers: 4", "", 1)+"\n")
	one(3)
	m.load(t).ends(t, 1).says(t, "limit.connections", "reads and writes at the same place")
	one(4)
	m.load(t).ends(t, 0)
	if got := pgtest.Query[int](t, m.from, "select count(*) from copied"); got != 20000 {
		t.Errorf("%d are copied", got)
	}
	m.checked(t)
}
