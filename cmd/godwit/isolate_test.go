package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/record"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// isolated is a move into tables that are there, without the bad rows.
func isolated(t testing.TB, from, to string, flags ...string) *move {
	t.Helper()
	m := newMove(t, from, to)
	m.flags = append([]string{"--bad-rows", "isolate", "--existing", "truncate", "--verify", "none"}, flags...)
	return m
}

// letters are the newest run's open dead letters, with what they hold.
func (m *move) letters(t testing.TB) []record.Exception {
	t.Helper()
	var all []record.Exception
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		list, err := v.Exceptions().List(ctx, run.ID, exception.Filter{}, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			whole, err := v.Exceptions().One(ctx, run.ID, e.ID)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, whole.Exception)
		}
	})
	return all
}

// letter is a dead letter in one line.
func letter(e record.Exception) string {
	r := e.Refusal
	return strings.Join([]string{e.Entity, e.Key, r.Code, r.State, r.Where, r.Field, string(e.Source)}, " | ")
}

// TestIsolateDuplicate copies 30,000 rows, or 300,000 with GODWIT_SLOW, into a table that
// has its key already, one of them a second time.
func TestIsolateDuplicate(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	rows, told, env := 30_000, "30,000 rows against 29,999", []string{"GODWIT_CHUNK=262144"}
	if os.Getenv("GODWIT_SLOW") != "" {
		rows, told, env = 300_000, "300,000 rows against 299,999", nil // chunks as they are in earnest
	}
	again := rows / 6 * 5
	pgtest.Exec(t, from, fmt.Sprintf("create table orders (id int, word text); insert into orders select case i when %d then 4711 else i end, md5(i::text) from generate_series(1, %d) i", again, rows), "analyze")
	pgtest.Exec(t, to, "create table orders (id int primary key, word text)")
	m := isolated(t, from, to)
	m.env = env
	m.with("--bad-rows", "stop").copy(t).ends(t, 1).says(t, "data.unique", "orders_pkey", "bad_rows: isolate")
	m.with("--new").copy(t).ends(t, 3).says(t, "godwit dead stats copy-2")
	m.checked(t)
	if n := pgtest.Query[int](t, to, "select count(*) from orders"); n != rows-1 {
		t.Errorf("%d rows are there, want %d", n, rows-1)
	}
	word := pgtest.Query[string](t, from, "select md5($1)", fmt.Sprint(again))
	var got []string
	for _, e := range m.letters(t) {
		got = append(got, letter(e))
	}
	if diff := cmp.Diff([]string{`public.orders | 4711 | data.unique | 23505 | orders_pkey | id | {"id":4711,"word":"` + word + `"}`}, got); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
	for _, args := range [][]string{{"dead", "stats", "copy-2"}, {"dead", "list", "copy-2"}, {"dead", "show", "copy-2", "1", "--source"}, {"record", "public.orders/4711"}} {
		p := m.start(t, nil, append(args, "--ledger", m.ledger)...).ends(t, 0)
		p.says(t, "orders_pkey", "public.orders", "its table is copied again")
		if strings.Contains(p.said.String(), "redrive") { // it takes none
			t.Errorf("%v:\n%s", args, p.said.String())
		}
	}
	m.start(t, nil, "dead", "show", "copy-2", "1", "--source", "--ledger", m.ledger).ends(t, 0).says(t, word, "4711")
	m.start(t, nil, "redrive", "copy-2", "--ledger", m.ledger).ends(t, 2).says(t, "redrive.no-flow")
	// What is missing is found by who does not know of it.
	m.start(t, nil, "verify", "--from", from, "--to", to, "--ledger", m.ledger, "--progress", "none").ends(t, 4).says(t, told+", 1 row differs", "not at to, 1 of the row with id")
	m.with("--new", "--verify", "all").copy(t).ends(t, 4).says(t, "not at to, 1 of the row with id", "dead 1 1 cause", "godwit dead stats copy-3")
	m.checked(t)
}

// TestIsolateEachKind has one row, or two, for each way in which a row can be
// refused, in both formats of COPY.
func TestIsolateEachKind(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `
		create table bin (id int primary key, u int, n text, c int, v text, k text, b bytea, at timestamptz, a int[]);
		insert into bin select i, i, 'n', 1, 'v', 'k', '\x00ff', '2020-01-01Z', '{1,null}' from generate_series(1, 2000) i;
		update bin set u = 7 where id = 1000; update bin set n = null where id = 1001; update bin set c = 0 where id = 1002;
		update bin set v = 'longer' where id = 1003; update bin set k = E'tab\there\\ and\nthere' where id = 1004;
		create table txt (id bigint, g text, d text, e text, at text);
		insert into txt select i, i % 100, '1', 'a', '2020-01-01' from generate_series(1, 100) i;
		update txt set id = 3000000000 where g = '11'; update txt set g = 'twelve' where g = '12'; update txt set d = '0' where g = '13';
		update txt set e = 'z' where g = '14'; update txt set at = '2020-02-31' where g = '15'; update txt set e = null, at = null, g = 16.5 where g = '16';
		create table parts (id int primary key, y int); insert into parts select i, i from generate_series(1, 20) i;
		create table shut (id int primary key, during int4range); insert into shut select i, int4range(i, i + 1) from generate_series(1, 10) i;
		update shut set during = '[3,5)' where id = 9;
		create table trig (id int primary key, v text); insert into trig select i, 'v' || i from generate_series(1, 10) i`, "analyze")
	pgtest.Exec(t, to, `
		create table bin (id int primary key, u int unique, n text not null, c int check (c > 0), v varchar(3), k text check (k not like '%there'), b bytea, at timestamptz, a int[]);
		create domain positive as int check (value > 0); create type letter as enum ('a', 'b');
		create table txt (id int generated always as identity, g int, d positive, e letter, at date);
		create table parts (id int, y int) partition by range (y); create table low partition of parts for values from (0) to (15);
		create extension btree_gist;
		create table shut (id int primary key, during int4range, exclude using gist (during with &&));
		create table trig (id int primary key, v text);
		create function no() returns trigger language plpgsql as $$ begin raise 'not this one: %', new.v; end $$;
		create trigger no before insert on trig for each row when (new.id = 5) execute function no();
		alter table trig enable always trigger no`)
	m := isolated(t, from, to, "--exclude", "public.parts")
	m.copy(t).ends(t, 3)
	m.checked(t)
	var got []string
	for _, e := range m.letters(t) {
		got = append(got, letter(e))
	}
	slices.Sort(got)
	const rest = `"b":"AP8=","at":"2020-01-01T00:00:00Z","a":[1,null]}`
	want := []string{
		`public.bin | 1000 | data.unique | 23505 | bin_u_key | u | {"id":1000,"u":7,"n":"n","c":1,"v":"v","k":"k",` + rest,
		`public.bin | 1001 | data.not-null | 23502 | public.bin | n | {"id":1001,"u":1001,"n":null,"c":1,"v":"v","k":"k",` + rest,
		`public.bin | 1002 | data.check | 23514 | bin_c_check | c | {"id":1002,"u":1002,"n":"n","c":0,"v":"v","k":"k",` + rest,
		`public.bin | 1003 | data.too-long | 22001 | public.bin | v | {"id":1003,"u":1003,"n":"n","c":1,"v":"longer","k":"k",` + rest,
		`public.bin | 1004 | data.check | 23514 | bin_k_check | k | {"id":1004,"u":1004,"n":"n","c":1,"v":"v","k":"tab\there\\ and\nthere",` + rest,
		`public.shut | 9 | data.exclusion | 23P01 | shut_during_excl | during | {"id":9,"during":"[3,5)"}`,
		`public.trig | 5 | data.refused | P0001 | public.trig |  | {"id":5,"v":"v5"}`,
		`public.txt |  | data.check | 23514 | positive_check | d | {"id":13,"g":13,"d":0,"e":"a","at":"2020-01-01T00:00:00Z"}`,
		`public.txt |  | data.date | 22008 | public.txt | at | {"id":15,"g":15,"d":1,"e":"a","at":"2020-02-31"}`,
		`public.txt |  | data.out-of-range | 22003 | public.txt | id | {"id":3000000000,"g":11,"d":1,"e":"a","at":"2020-01-01T00:00:00Z"}`,
		`public.txt |  | data.syntax | 22P02 | public.txt | e | {"id":14,"g":14,"d":1,"e":"z","at":"2020-01-01T00:00:00Z"}`,
		`public.txt |  | data.syntax | 22P02 | public.txt | g | {"id":12,"g":"twelve","d":1,"e":"a","at":"2020-01-01T00:00:00Z"}`,
		`public.txt |  | data.syntax | 22P02 | public.txt | g | {"id":16,"g":"16.5","d":1,"e":null,"at":null}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
	for table, n := range map[string]int{"bin": 1995, "txt": 94, "shut": 9, "trig": 9} {
		if got := pgtest.Query[int](t, to, "select count(*) from "+table); got != n {
			t.Errorf("%s: %d rows, want %d", table, got, n)
		}
	}
	p := isolated(t, from, to, "--include", "public.parts")
	p.flags = slices.Replace(p.flags, 3, 4, "append")
	p.copy(t).ends(t, 3)
	if got := pgtest.Query[int](t, to, "select count(*) from parts"); got != 14 {
		t.Errorf("parts: %d rows, want 14", got)
	}
	if got := p.letters(t); len(got) != 6 || got[0].Code != "data.check" || got[0].Key != "15" {
		t.Errorf("parts: %d dead letters: %+v", len(got), got)
	}
	p.checked(t)
}

// bad is a source of a large table in several chunks and small ones, with rows
// that the target refuses, and its target.
func bad(t testing.TB) *move {
	t.Helper()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `
		create table big (id int, line text); insert into big select case when i in (500, 4000, 8500) then 17 else i end, repeat(md5(i::text), 6) from generate_series(1, 9000) i;
		create table one (id int, n int); insert into one select i % 90, i from generate_series(1, 100) i;
		create table two (id int, n int); insert into two select i, nullif(i, 5) from generate_series(1, 100) i;
		create unlogged table three (id int, n int); insert into three select i / 2, i from generate_series(2, 101) i;
		create table good (id int, n int); insert into good select i, i from generate_series(1, 100) i`, "analyze")
	m := isolated(t, from, to)
	m.env = []string{"GODWIT_CHUNK=262144"}
	m.emptyBad(t)
	return m
}

func (m *move) emptyBad(t testing.TB) {
	t.Helper()
	m.retarget(t)
	pgtest.Exec(t, m.to, `create table big (id int primary key, line text); create table one (id int primary key, n int);
		create table two (id int primary key, n int not null); create unlogged table three (id int primary key, n int); create table good (id int primary key, n int)`)
}

// provedBad expects the good rows once, and each bad one as one dead letter.
func (m *move) provedBad(t testing.TB) {
	t.Helper()
	for table, n := range map[string]int{"big": 8997, "one": 90, "two": 99, "three": 50, "good": 100} {
		if got := pgtest.Query[int](t, m.to, "select count(*) from "+table); got != n {
			t.Errorf("%s: %d rows, want %d", table, got, n)
		}
	}
	count := map[string]int{}
	seen := map[string]bool{}
	for _, e := range m.letters(t) {
		count[e.Entity]++
		if s := e.Entity + string(e.Source); seen[s] {
			t.Errorf("twice: %s", s)
		} else {
			seen[s] = true
		}
	}
	if diff := cmp.Diff(map[string]int{"public.big": 3, "public.one": 10, "public.two": 1, "public.three": 50}, count); diff != "" {
		t.Errorf("dead letters (-want +got):\n%s", diff)
	}
	if n := pgtest.Query[int](t, m.to, "select count(*) from pg_namespace where nspname = 'godwit'"); n > 0 {
		t.Error("schema godwit was left")
	}
	m.checked(t)
}

// TestIsolatePoints kills a copy that leaves rows out at every named point that
// it passes.
func TestIsolatePoints(t *testing.T) {
	t.Parallel()
	m := bad(t)
	passed := filepath.Join(t.TempDir(), "points")
	m.copy(t, "GODWIT_POINTS="+passed).ends(t, 3)
	m.provedBad(t)
	points, times := pointsIn(t, passed)
	t.Logf("%d points: %v", len(points), times)
	points = slices.DeleteFunc(points, func(p string) bool {
		return !strings.HasPrefix(p, "isolate.") && !strings.HasPrefix(p, "data.") && !strings.HasPrefix(p, "unit.")
	})
	if times["isolate.settled"] < 6 { // which of the four rows of one key is the first is chance
		t.Errorf("only %d chunks were settled row by row", times["isolate.settled"])
	}
	inTurn(t, own(points, "isolate."), 3, func(env ...string) *process { return m.copy(t, env...) }, func() { m.emptyBad(t) }, func() { m.provedBad(t) })
	if os.Getenv("GODWIT_SLOW") == "" {
		return
	}
	for _, point := range points {
		for _, n := range []int{1, times[point]/2 + 1} {
			if n > times[point] || n > 1 && !strings.HasPrefix(point, "isolate.") {
				continue
			}
			m.emptyBad(t)
			m.copy(t, fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n)).ends(t, -1)
			m.copy(t).ends(t, 3)
			if m.provedBad(t); t.Failed() {
				t.Fatalf("killed at %s:%d", point, n)
			}
		}
	}
}

// TestIsolateKnowsItsBounds is about what is no matter of single rows.
func TestIsolateKnowsItsBounds(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `create table many (id int, v int); insert into many select i, i % 4 from generate_series(1, 2000) i`)
	pgtest.Exec(t, to, `create table many (id int, v int check (v > 0))`)
	m := isolated(t, from, to, "--include", "public.many")
	m.copy(t).ends(t, 1).says(t, "records.too-many-bad", "500 of 2000 rows", "many_v_check", "500 rows")
	if n := pgtest.Query[int](t, to, "select count(*) from many"); n != 0 {
		t.Errorf("%d rows are there", n)
	}
	if l := m.letters(t); len(l) > 0 {
		t.Errorf("%d dead letters", len(l))
	}
	m.checked(t)
	// Mended, the same command goes on.
	pgtest.Exec(t, from, "update many set v = 1 where id > 40")
	m.with("--json").copy(t).ends(t, 3).says(t, `"exit":3`, `"dead":10`)
	if n := pgtest.Query[int](t, to, "select count(*) from many"); n != 1990 {
		t.Errorf("%d rows are there, want 1990", n)
	}
	m.checked(t)
}

// TestIsolateLeavesKeysToOthers refuses a row for what it refers to: that may be
// on its way, so the row is not to blame.
func TestIsolateLeavesKeysToOthers(t *testing.T) {
	t.Parallel()
	from := pgtest.Database(t)
	// On a server of its own: what TestLogin grants meanwhile holds for all members of the superuser's role.
	to := pgtest.DatabaseOn(t, pgtest.Server(t, postgres.Options{Name: "keys"}))
	pgtest.Exec(t, from, "create table child (id int primary key, parent int); insert into child values (1, 1)")
	pgtest.Exec(t, to, "create table parent (id int primary key); create table child (id int primary key, parent int references parent)")
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	role := "isolating_" + strings.Trim(u.Path, "/")
	pgtest.Exec(t, to, fmt.Sprintf(`create role "%[1]s" login; grant create on database "%[2]s" to "%[1]s"; grant create, usage on schema public to "%[1]s"; grant %[3]s to "%[1]s";
		alter table child owner to "%[1]s"; alter table parent owner to "%[1]s"`, role, strings.Trim(u.Path, "/"), pgtest.Query[string](t, to, "select quote_ident(current_user)")))
	u.User = url.User(role)
	m := isolated(t, from, u.String(), "--include", "public.child")
	m.flags = slices.Replace(m.flags, 3, 4, "append")
	m.copy(t).ends(t, 1).says(t, "data.foreign-key", "child_parent_fkey")
	if l := m.letters(t); len(l) > 0 {
		t.Errorf("%d dead letters", len(l))
	}
	pgtest.Exec(t, to, "insert into parent values (1)")
	m.copy(t).ends(t, 0)
	m.checked(t)
}

// TestIsolateAppended adds to a table that holds one of the rows: the others
// are added, and what cannot be verified is no difference.
func TestIsolateAppended(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, stageSQL("big", "primary key", 3000))
	pgtest.Exec(t, to, stageSQL("big", "primary key", 0), "insert into big values (1000, 'own'), (-1, 'own'), (-2, 'own')")
	m := newMove(t, from, to)
	m.flags = []string{"--bad-rows", "isolate", "--existing", "append"}
	m.copy(t).ends(t, 3).says(t, "1 table not verified", "held 3 rows before the copy", "dead 1 1 cause")
	if n := pgtest.Query[int](t, to, "select count(*) from big"); n != 3002 {
		t.Errorf("%d rows are there, want 3002", n)
	}
	if l := m.letters(t); len(l) != 1 || l[0].Key != "1000" || l[0].Refusal.Value != "a whole number of 4 digits" && l[0].Refusal.Value == "" {
		t.Errorf("dead letters: %+v", l)
	}
	m.checked(t)
}

// TestIsolateLost loses rows that were committed, and their marks with them,
// while the unit is under way and when it is done: they are copied again, and
// what was put away is not put away twice.
func TestIsolateLost(t *testing.T) {
	t.Parallel()
	m := bad(t)
	for _, point := range []string{"isolate.settled@copy/small:2", "unit.after-settle@copy/small:2", "unit.after-settle@copy/analyze:1"} {
		m.emptyBad(t)
		m.copy(t, "GODWIT_KILL_AT="+point).ends(t, -1)
		if len(m.letters(t)) == 0 {
			t.Errorf("%s: nothing was put away yet: the test tests nothing", point)
		}
		pgtest.Exec(t, m.to, `delete from godwit.mark where unit ~ 'copy/(small|data)'; delete from godwit.mark_unlogged; truncate big, one, two, three, good`)
		m.copy(t).ends(t, 3)
		if m.provedBad(t); t.Failed() {
			t.Fatalf("lost at %s", point)
		}
	}
}

// TestIsolateAtAnotherSnapshot goes on with a source that has changed: a table
// that rows were left out of is not put right row by row.
func TestIsolateAtAnotherSnapshot(t *testing.T) {
	t.Parallel()
	m := bad(t)
	m.copy(t, "GODWIT_KILL_AT=isolate.settled@copy/data:2").ends(t, -1)
	pgtest.Exec(t, m.from, "delete from big where id = 3")
	m.copy(t).ends(t, 1).says(t, "reconcile.dead", "public.big changed at from", "--existing truncate")
	m.checked(t)
	m.with("--new").copy(t).ends(t, 3)
	if n := pgtest.Query[int](t, m.to, "select count(*) from big"); n != 8996 {
		t.Errorf("%d rows are there, want 8996", n)
	}
	m.checked(t)
}

// TestIsolateInFlow has a flow that copies, and verifies what it copied: the
// worse end counts. Its rows are not redriven.
func TestIsolateInFlow(t *testing.T) {
	t.Parallel()
	m := bad(t)
	m.env = append(m.env, "FROM="+m.from, "TO="+m.to)
	dir := filepath.Dir(m.ledger)
	for name, text := range map[string]string{
		"godwit.yaml":    "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n",
		"flows/all.yaml": "steps:\n  - copy: {from: old, to: new, existing: truncate, bad_rows: isolate}\n  - verify: {from: old, to: new, exclude: [\"*.three\"]}\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m.start(t, nil, "run", "all", "--ledger", m.ledger, "--yes", "--progress", "none").ends(t, 4).
		says(t, "public.two: 100 rows against 99, 1 row differs", "dead 64", "9,286 equal, 14 differ")
	m.start(t, nil, "redrive", "all-1", "--ledger", m.ledger).ends(t, 2).says(t, "redrive.rows", "is a copy")
	m.checked(t)
}

// TestKeyMadeBehindItsRows copies a table whose unique index is broken at the
// source: the target cannot make it, and the message says how the rows are found.
func TestKeyMadeBehindItsRows(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `create table "T 1" (id int, "N" int); insert into "T 1" select i % 50, i % 50 from generate_series(1, 51) i; create index broken on "T 1" (id, "N");
		update pg_index set indisunique = true where indexrelid = 'broken'::regclass`)
	m := newMove(t, from, to)
	m.flags = []string{"--bad-rows", "isolate"}
	m.copy(t).ends(t, 1).says(t, "data.unique", `SELECT id, "N", count(*) FROM "public"."T 1" GROUP BY id, "N" HAVING count(*) > 1`)
	if l := m.letters(t); len(l) > 0 {
		t.Errorf("%d dead letters", len(l))
	}
	pgtest.Exec(t, to, `delete from "T 1" where ctid in (select max(ctid) from "T 1" group by id having count(*) > 1)`)
	m.copy(t).ends(t, 4).says(t, "51 rows against 50")
	m.checked(t)
}

// TestIsolateConnectionLost loses the sessions at the target around the commit
// of a chunk: the same process goes on, and finds out what was committed.
func TestIsolateConnectionLost(t *testing.T) {
	t.Parallel()
	m := bad(t)
	for _, point := range []string{"isolate.copied:2", "isolate.prepared:2", "isolate.committed:2"} {
		m.emptyBad(t)
		p := m.copy(t, "GODWIT_STOP_AT="+point)
		p.stopped(t)
		pgtest.Exec(t, m.to, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
		p.signal(t, syscall.SIGCONT)
		p.ends(t, 3)
		if m.provedBad(t); t.Failed() {
			t.Fatalf("lost at %s:\n%s", point, p.said.String())
		}
	}
}

// TestIsolateTorture kills a copy that leaves rows out at random moments until
// it ends.
func TestIsolateTorture(t *testing.T) {
	t.Parallel()
	kills, seed := torture(t, 40)
	random := rand.New(rand.NewPCG(seed, 1))
	m := bad(t)
	began := time.Now()
	m.copy(t).ends(t, 3)
	full := time.Since(began)
	for killed := 0; killed < kills; {
		m.emptyBad(t)
		for {
			p := m.copy(t)
			if killed < kills {
				killed += kill(p, time.Duration(random.Float64()*float64(full)))
			}
			if code := p.exit(t); code == 3 {
				break
			} else if code != -1 {
				t.Fatalf("exit %d:\n%s", code, p.said.String())
			}
			if m.phase(t) == "after the end" {
				break // only the report is missing
			}
		}
		if m.provedBad(t); t.Failed() {
			t.Fatalf("after %d kills", killed)
		}
	}
}
