package main_test

import (
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// pagila loads the data set into the source and gives a move of one table of
// it that the flags select.
func pagila(t testing.TB, flags ...string) *move {
	t.Helper()
	from, to := pgtest.Pair(t)
	pgtest.Load(t, from, "data/pagila/pagila.sql")
	m := newMove(t, from, to)
	m.flags = append([]string{"--include", "public.film"}, flags...)
	return m
}

// with adds flags to those of a move.
func (m *move) with(flags ...string) *move {
	other := *m
	other.flags = append(append([]string{}, m.flags...), flags...)
	return &other
}

// TestExistingKeepsDefinitions copies a table again whose type, domain and
// trigger function are at the target from before, though nothing selects them.
func TestExistingKeepsDefinitions(t *testing.T) {
	t.Parallel()
	m := pagila(t)
	m.copy(t).ends(t, 0)
	want := state(t, m.to)
	m.with("--existing", "truncate").copy(t).ends(t, 0)
	m.proved(t, want)
	m.with("--existing", "skip").copy(t).ends(t, 0)
	m.proved(t, want)
	pgtest.Exec(t, m.to, "truncate public.film")
	m.with("--existing", "append").copy(t).ends(t, 0)
	m.proved(t, want)
	// With a shared object there the table is still made.
	pgtest.Exec(t, m.to, "drop table public.film")
	m.with("--existing", "skip").copy(t).ends(t, 0)
	m.proved(t, want)
}

// TestExistingOdd is the same for a database that holds every kind of object.
func TestExistingOdd(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Load(t, from, "internal/connector/postgres/dump/testdata/odd.sql")
	m := newMove(t, from, to)
	m.copy(t).ends(t, 0)
	want := state(t, to)
	for _, policy := range []string{"truncate", "skip"} {
		if policy == "truncate" { // what has the oids of the source's large objects would be refused
			pgtest.Exec(t, to, "select lo_unlink(oid) from pg_largeobject_metadata")
		}
		m.with("--existing", policy).copy(t).ends(t, 0)
		m.proved(t, want)
	}
}

// TestExistingRefusedBefore is about what could not be written to or made: it
// is refused before anything is emptied.
func TestExistingRefusedBefore(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]struct{ sql, says string }{
		"column":   {"alter table film drop column length", "public.film has no column length"},
		"kind":     {"alter table film rename to kept; create view film as select * from kept", "public.film cannot be made: there is a view"},
		"sequence": {"alter table film alter film_id drop default; drop sequence film_film_id_seq", "sequence public.film_film_id_seq is not there"},
		"name":     {"alter table film rename to kept; alter type mpaa_rating rename to other; create domain mpaa_rating as text", "there is a domain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := pagila(t)
			pgtest.Exec(t, m.from, "alter sequence film_film_id_seq owned by film.film_id")
			m.copy(t).ends(t, 0)
			pgtest.Exec(t, m.to, change.sql)
			want := state(t, m.to)
			m.with("--existing", "truncate").copy(t).ends(t, 2).says(t, "target.unlike", change.says)
			m.start(t, nil, "doctor", "--from", m.from, "--to", m.to, "--existing", "truncate", "--include", "public.film", "--ledger", m.ledger).
				ends(t, 2).says(t, change.says)
			m.proved(t, want)
		})
	}
}

// stages makes two tables on both sides, of which one holds rows of its own at
// the target.
func stages(t testing.TB, flags ...string) *move {
	t.Helper()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, stageSQL("big", "primary key", 9000), stageSQL("empty", "primary key", 50), "analyze")
	pgtest.Exec(t, to, stageSQL("big", "primary key", 0), stageSQL("empty", "primary key", 0))
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=262144"}
	m.flags = flags
	return m
}

// TestAppendIsNotVerified adds to a table that held rows: that it is equal
// cannot be said, nor that it differs. What was empty is proved.
func TestAppendIsNotVerified(t *testing.T) {
	t.Parallel()
	m := stages(t, "--existing", "append")
	pgtest.Exec(t, m.to, "insert into big select -i, 'own' from generate_series(1, 3) i")
	m.copy(t).ends(t, 0).
		says(t, "done: all accounted for, 1 table not verified", "public.big: held 3 rows before the copy", "50 equal, 0 differ", "What was copied stays")
	m.checked(t)
	if n := pgtest.Query[int](t, m.to, "select count(*) from big"); n != 9003 {
		t.Errorf("%d rows, want 9003", n)
	}
}

// TestAppendGoneOnWith is the same when the run is killed in between: what was
// held is not counted again.
func TestAppendGoneOnWith(t *testing.T) {
	t.Parallel()
	m := stages(t, "--existing", "append")
	pgtest.Exec(t, m.to, "insert into big select -i, 'own' from generate_series(1, 3) i")
	if code := m.copy(t, "GODWIT_KILL_AT=data.committed:3").exit(t); code != -1 {
		t.Fatalf("exit %d", code)
	}
	m.copy(t).ends(t, 0).says(t, "1 table not verified", "public.big: held 3 rows before the copy", "50 equal, 0 differ")
	m.checked(t)
}

// TestAppendUnknown appends where a run left rows whose ledger is lost: they
// would be there twice. It is refused until they are gone, also by doctor.
func TestAppendUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rows int
		stop string
	}{"large": {9000, "data.committed:3"}, "small": {50, "data.committed:1"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			pgtest.Exec(t, from, stageSQL("big", "", c.rows), stageSQL("empty", "", 0), "analyze")
			pgtest.Exec(t, to, stageSQL("big", "", 0), stageSQL("empty", "", 0))
			m := newMove(t, from, to)
			m.env = []string{"GODWIT_CHUNK=262144"}
			m.flags = []string{"--existing", "append"}
			m.copy(t, "GODWIT_KILL_AT="+c.stop).ends(t, -1)
			had := pgtest.Query[int](t, to, "select count(*) from big")
			if had == 0 {
				t.Fatal("nothing was copied: the test tests nothing")
			}
			run := pgtest.Query[string](t, to, "select distinct replace(run::text, '-', '') from godwit.mark")
			lost := *m
			lost.ledger = filepath.Join(t.TempDir(), "ledger.db")
			says := []string{"target.marks-unknown", "public.big", run, "DELETE FROM godwit.mark WHERE run = '" + run + "'"}
			lost.copy(t).ends(t, 2).says(t, says...)
			doctor := []string{"doctor", "--from", from, "--to", to, "--existing", "append"}
			lost.start(t, nil, append(doctor, "--ledger", lost.ledger)...).ends(t, 2).says(t, says...)
			m.start(t, nil, append(doctor, "--ledger", m.ledger)...).ends(t, 0)
			if now := pgtest.Query[int](t, to, "select count(*) from big"); now != had {
				t.Errorf("%d rows, had %d", now, had)
			}
			pgtest.Exec(t, to, "truncate big")
			lost.copy(t).ends(t, 0).says(t, "all accounted for")
			if now := pgtest.Query[int](t, to, "select count(*) from big"); now != c.rows {
				t.Errorf("%d rows, want %d", now, c.rows)
			}
			lost.checked(t)
		})
	}
}

// TestAppendLost loses what was added before the run is over: what cannot be
// verified is not called well for that.
func TestAppendLost(t *testing.T) {
	t.Parallel()
	m := stages(t, "--existing", "append")
	pgtest.Exec(t, m.to, "insert into big select -i, 'own' from generate_series(1, 3) i")
	if code := m.copy(t, "GODWIT_KILL_AT=data.committed:3").exit(t); code != -1 {
		t.Fatalf("exit %d", code)
	}
	pgtest.Exec(t, m.to, "truncate big")
	m.copy(t).ends(t, 4).says(t, "public.big: 9000 rows were added to those it held")
}

// TestAppendClash adds rows whose keys are there: one refusal per table, with
// what can be done below it.
func TestAppendClash(t *testing.T) {
	t.Parallel()
	m := stages(t, "--existing", "append")
	pgtest.Exec(t, m.to, stageSQL("more", "", 0), "insert into big select i, 'own' from generate_series(1, 9000) i")
	p := m.copy(t).ends(t, 1)
	p.says(t, "failed: data.unique", "more, for the same", "take them away there, then godwit resume copy-1")
	if n := strings.Count(p.said.String(), "duplicate key value"); n != 1 {
		t.Errorf("told %d times:\n%s", n, p.said.String())
	}
	pgtest.Exec(t, m.to, "truncate big")
	m.copy(t).ends(t, 0)
}

// TestSkipSaysSo leaves everything alone, and says that first.
func TestSkipSaysSo(t *testing.T) {
	t.Parallel()
	m := stages(t)
	m.with("--existing", "skip").copy(t).ends(t, 0).says(t, "done: nothing was copied, 2 tables left alone, neither copied nor verified")
	pgtest.Exec(t, m.to, "drop table empty")
	m.with("--existing", "skip", "--verify", "none").copy(t).ends(t, 0).
		says(t, "done: all accounted for, 1 table left alone, neither copied nor verified")
}

// TestReplaceKeepsWhatOthersUse replaces one table of a database that is at
// the target as a whole: trigger function, type and domain stay for the others.
func TestReplaceKeepsWhatOthersUse(t *testing.T) {
	t.Parallel()
	m := pagila(t)
	m.flags = nil
	m.copy(t).ends(t, 0)
	one := m.with("--include", "public.film", "--existing", "replace")
	one.copy(t).ends(t, 2).says(t, "target.depended", "constraint film_actor_film_id_fkey on table public.film_actor", "--include public.film_actor", "public.film_list")
	want := state(t, m.to)
	for _, sql := range []string{
		"drop materialized view rental_by_category", "drop view film_list, nicer_but_slower_film_list, actor_info, sales_by_film_category cascade",
		"alter table film_actor drop constraint film_actor_film_id_fkey", "alter table film_category drop constraint film_category_film_id_fkey",
		"alter table inventory drop constraint inventory_film_id_fkey", "update film set title = 'other'",
		"create table mine (y year, r mpaa_rating)",
	} {
		pgtest.Exec(t, m.to, sql)
	}
	one.copy(t).ends(t, 0).says(t, "done: all accounted for", "1,000 equal")
	got := state(t, m.to)
	for _, name := range []string{"film", "public.film", "film_actor", "trigger film_actor last_updated", "trigger film last_updated"} {
		if got[name] != want[name] {
			t.Errorf("%s: %q, want %q", name, got[name], want[name])
		}
	}
	m.checked(t)
	// What is used by others and is not the same is refused.
	pgtest.Exec(t, m.to, "alter type mpaa_rating add value 'X'")
	want = state(t, m.to)
	one.copy(t).ends(t, 2).says(t, "target.depended", "TYPE public.mpaa_rating")
	m.proved(t, want)
}

// TestExistingRefreshes: a materialised view that stays is filled again from
// what its tables hold then.
func TestExistingRefreshes(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `create schema s; create table s.a (id int); insert into s.a values (1), (2);
		create materialized view s.sum as select sum(id) as n from s.a; create materialized view s.twice as select n * 2 as n from s.sum`)
	m := newMove(t, from, to)
	m.copy(t).ends(t, 0)
	pgtest.Exec(t, from, "insert into s.a values (3)", "refresh materialized view s.sum; refresh materialized view s.twice")
	m.with("--existing", "truncate").copy(t).ends(t, 0)
	if n := pgtest.Query[int64](t, to, "select n::int8 from s.twice"); n != 12 {
		t.Errorf("s.twice holds %d, want 12", n)
	}
}
