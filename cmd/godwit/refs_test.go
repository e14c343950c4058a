package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// Links are loaded before the assets that they refer to, and assets before their
// parents: the keys at the target are others than those at the source. Some links
// have keys that assets had before.
const (
	linksFlow = `steps:
  - id: links
    load: {from: {at: old, table: src.link}, map: maps/link.yaml, workers: 3, to: {at: new, table: dst.link, mode: append}, snapshot_lost: continue}
  - id: assets
    load: {from: {at: old, table: src.asset}, map: maps/asset.yaml, workers: 3, alias: {at: old, query: "select -id as old, id as new from src.asset"}, to: {at: new, table: dst.asset, mode: append}, snapshot_lost: continue}
`
	assetMap = `filter: {left: 'doc.title == "left"'}
fields:
  code: {from: id, expr: '"a" + string(value)'}
  title: {from: title, required: true}
  parent: {from: parent, ref: asset}
`
	linkMap = `fields:
  id: {from: id}
  one: {from: one, ref: asset, required: true}
  two: {from: two, ref: asset}
rows:
  - into: dst.also
    each: also
    key: [link, n]
    fields:
      link: {expr: parent.id}
      n: {expr: index}
      asset: {from: id, ref: asset, orphan: nothing}
`
)

// newRefs is a project whose assets are a forest: the parent of an asset has an id
// that says nothing about its level. Every 50th asset is broken, others the target
// refuses, and what lies below them must not come.
func newRefs(t testing.TB, assets, links int) *move {
	t.Helper()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `create schema src;
		create table src.asset (id int primary key, parent int, title text);
		create table src.link (id int primary key, one int, two int, also jsonb)`,
		// place n has id (n * 7919) % 1000003; its parent is at place n / 3
		fmt.Sprintf(`insert into src.asset select (n * 7919) %% 1000003, case when n > 2 then ((n / 3) * 7919) %% 1000003 end,
			case when n %% 50 = 49 then null when n %% 70 = 69 then 'left' when n %% 40 = 39 then 'bad ' || n else 'asset ' || n end from generate_series(1, %d) n`, assets),
		fmt.Sprintf(`insert into src.link select i, case when i %% 5 = 0 then -1 else 1 end * (((1 + i * 31 %% %[1]d) * 7919) %% 1000003),
			case when i %% 4 > 0 then ((1 + i * 17 %% %[1]d) * 7919) %% 1000003 end,
			(select jsonb_agg(jsonb_build_object('id', ((1 + (i * 13 + j) %% %[1]d) * 7919) %% 1000003)) from generate_series(1, i %% 3) j)
			from generate_series(1, %[2]d) i`, assets, links))
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_RECORDS=500", "FROM=" + from, "TO=" + to}
	m.emptyRefs(t)
	dir := filepath.Dir(m.ledger)
	write(t, dir, "godwit.yaml", "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n")
	write(t, dir, "flows/links.yaml", linksFlow)
	write(t, dir, "maps/asset.yaml", assetMap)
	write(t, dir, "maps/link.yaml", linkMap)
	return m
}

func (m *move) emptyRefs(t testing.TB) {
	t.Helper()
	pgtest.Exec(t, m.to, `drop schema if exists dst cascade; drop schema if exists godwit cascade; create schema dst;
		create table dst.asset (code text primary key, title text not null check (title !~ '^bad'), parent text);
		create table dst.link (id int primary key, one text not null references dst.asset, two text);
		create table dst.also (link int references dst.link, n int, asset text references dst.asset, primary key (link, n))`)
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(m.ledger + end)
	}
}

// referred proves the target against the source, by SQL that has nothing in common
// with the product's, and the ledger by its check.
func (m *move) referred(t testing.TB) {
	t.Helper()
	const good = `with recursive good as (select id, parent, title from src.asset where parent is null and title is not null and title <> 'left' and title !~ '^bad'
		union all select a.id, a.parent, a.title from src.asset a join good g on g.id = a.parent where a.title is not null and a.title <> 'left' and a.title !~ '^bad'),
		links as (select * from src.link l where exists (select from good g where g.id = abs(l.one)) and (l.two is null or exists (select from good g where g.id = l.two)))`
	for what, sql := range map[string][2]string{
		"assets": {good + " select coalesce(sum(hashtextextended(concat('a', id, '|', title, '|', 'a' || parent), 1)::numeric), 0)::text || ' ' || count(*) from good",
			"select coalesce(sum(hashtextextended(concat(code, '|', title, '|', parent), 1)::numeric), 0)::text || ' ' || count(*) from dst.asset"},
		"links": {good + " select coalesce(sum(hashtextextended(concat(id, '|a', abs(one), '|', 'a' || two), 1)::numeric), 0)::text || ' ' || count(*) from links",
			"select coalesce(sum(hashtextextended(concat(id, '|', one, '|', two), 1)::numeric), 0)::text || ' ' || count(*) from dst.link"},
	} {
		want, got := pgtest.Query[string](t, m.from, sql[0]), pgtest.Query[string](t, m.to, sql[1])
		if want != got {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	m.checked(t)
}

func (m *move) links(t testing.TB, env ...string) *process {
	t.Helper()
	return m.start(t, env, "run", "links", "--ledger", m.ledger, "--yes", "--progress", "none")
}

// TestRefs: whatever comes first, the end is the same; also when steps run side by
// side, and when the same is loaded once more.
func TestRefs(t *testing.T) {
	t.Parallel()
	m := newRefs(t, 700, 350)
	m.env[0] = "GODWIT_RECORDS=250"
	dir := filepath.Dir(m.ledger)
	indented := strings.ReplaceAll(strings.TrimPrefix(linksFlow, "steps:\n"), "\n", "\n    ")
	for name, flow := range map[string]string{
		"children first": linksFlow,
		"side by side":   "steps:\n  - parallel:\n    " + indented + "\n",
		"merged":         strings.ReplaceAll(linksFlow, "mode: append}, snapshot_lost: continue", "mode: merge}"),
	} {
		m.emptyRefs(t)
		write(t, dir, "flows/links.yaml", flow)
		m.links(t).ends(t, 3)
		if m.referred(t); t.Failed() {
			t.Fatal(name)
		}
		if name != "merged" {
			continue
		}
		before := written(t, m.to, "dst.asset") + written(t, m.to, "dst.link")
		m.links(t).ends(t, 3)
		m.referred(t)
		if n := written(t, m.to, "dst.asset") + written(t, m.to, "dst.link") - before; n != 0 {
			t.Errorf("%d rows were written again", n)
		}
	}
}

// TestRefsPoints kills a run with blocked records at every named point that a full
// run passes.
func TestRefsPoints(t *testing.T) {
	t.Parallel()
	m := newRefs(t, 400, 150)
	m.env[0] = "GODWIT_RECORDS=100"
	passed := filepath.Join(t.TempDir(), "points")
	m.links(t, "GODWIT_POINTS="+passed).ends(t, 3)
	m.referred(t)
	points, times := pointsIn(t, passed)
	t.Logf("%d points: %v", len(points), times)
	var both []string
	for _, point := range own(points, "alias.", "blocked.", "load.settled") {
		both = append(both, point)
		if passedBy(t, passed, point, "/release/") > 0 {
			both = append(both, point+"@/release/")
		}
	}
	inTurn(t, both, 3, func(env ...string) *process { return m.links(t, env...) }, func() { m.emptyRefs(t) }, func() { m.referred(t) })
	if os.Getenv("GODWIT_SLOW") == "" {
		return
	}
	for _, point := range points {
		at := []string{fmt.Sprintf("%s:%d", point, times[point]/2+1)}
		if n := passedBy(t, passed, point, "/release/"); n > 0 {
			at = append(at, fmt.Sprintf("%s@/release/:%d", point, n/2+1))
		}
		for _, kill := range at {
			m.emptyRefs(t)
			m.links(t, "GODWIT_KILL_AT="+kill).ends(t, -1)
			m.links(t).ends(t, 3)
			if m.referred(t); t.Failed() {
				t.Fatalf("killed at %s", kill)
			}
		}
	}
}

// passedBy counts how often a point was passed by units with that in their name.
func passedBy(t testing.TB, path, point, unit string) (n int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		p, of, _ := strings.Cut(strings.TrimSpace(line), " ")
		if p == point && strings.Contains(of, unit) {
			n++
		}
	}
	return n
}

// TestRefsPromotedStandby loses the target's primary when records that waited are
// there: the standby that takes its place lacks the last chunks, those of parents
// among them. What the ledger remembered of these is gone with them.
func TestRefsPromotedStandby(t *testing.T) {
	t.Parallel()
	primary := pgtest.Server(t, postgres.Options{Name: "primary"})
	standby := pgtest.Standby(t, primary)
	pgtest.Exec(t, primary.URL("postgres"), "create database db")
	m := newRefs(t, 600, 200)
	m.to = primary.URL("db")
	m.emptyRefs(t)
	pgtest.Exec(t, m.to, "alter table dst.asset add foreign key (parent) references dst.asset") // who refers to what is gone is a dead letter
	both := "postgres://" + postgres.Superuser + "@127.0.0.1:" + itoa(primary.Port) + ",127.0.0.1:" + itoa(standby.Port) +
		"/db?target_session_attrs=read-write&sslmode=disable"
	m.env = append(m.env, "GODWIT_RECORDS=100", "TO="+both)
	m.links(t, "GODWIT_KILL_AT=load.settled@assets/load:3").ends(t, -1)
	eventually(t, "some assets are replayed", func() bool {
		return pgtest.Query[int](t, standby.URL("db"), "select count(*) from dst.asset") > 0
	})
	stall(t, primary, standby)
	p := m.links(t, "GODWIT_STOP_AT=unit.after-settle@release/assets:1")
	p.stopped(t)
	if err := primary.Crash(t.Context()); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, standby.URL("postgres"), "select pg_wal_replay_resume()")
	if err := standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.to = standby.URL("db")
	before := pgtest.Query[int](t, m.to, "select count(*) from dst.asset")
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 3)
	m.referred(t)
	t.Logf("%d assets were left after the loss", before)
	if before == 0 || before > 400 {
		t.Errorf("%d assets were left: the test tests nothing", before)
	}
}
