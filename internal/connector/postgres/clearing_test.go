package postgres

import (
	"slices"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// clear computes the clearing of a target, for a source's selection.
func clearingOf(t testing.TB, policy, to string, sel catalog.Selection, source *catalog.Database) ([]catalog.Definition, error) {
	t.Helper()
	all, _, err := clearingAndKept(t, policy, to, sel, source)
	return all, err
}

func clearingAndKept(t testing.TB, policy, to string, sel catalog.Selection, source *catalog.Database) ([]catalog.Definition, []catalog.Object, error) {
	t.Helper()
	e := endpoint(t, to)
	target, err := e.Inspect(patient(t), catalog.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	return e.Clearing(patient(t), policy, sel, source, target)
}

func mustClear(t testing.TB, policy, to string, sel catalog.Selection, source *catalog.Database) []catalog.Definition {
	t.Helper()
	all, err := clearingOf(t, policy, to, sel, source)
	if err != nil {
		t.Fatalf("%v %v", err, fault.Of(err).Lines)
	}
	return all
}

// A loaded target is cleared and made again, as often as one likes.
func TestReplaceMakesRoom(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"data/pagila/pagila.sql", "internal/connector/postgres/dump/testdata/odd.sql"} {
		t.Run(file[strings.LastIndex(file, "/")+1:], func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			pgtest.Load(t, from, file)
			pgtest.Load(t, to, file)
			pgtest.Exec(t, to, "create table only_here(i int); create schema elsewhere; create table elsewhere.kept(i int)")
			db, all := define(t, from, catalog.Selection{})
			for range 2 {
				apply(t, to, mustClear(t, "replace", to, catalog.Selection{}, db))
				apply(t, to, all)
			}
			pgtest.Exec(t, to, "drop schema elsewhere cascade") // not in the source: must still be there
			if diff := cmp.Diff(schemaText(t, from), schemaText(t, to)); diff != "" {
				t.Errorf("definitions differ (- from, + to):\n%s", diff)
			}
		})
	}
}

// Without being superuser, in schemas that somebody else has made.
func TestReplaceAsPlainRole(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `create schema mine; create table mine.t(i int primary key); create table given(i int references mine.t);
		create view v as select * from given; create function f() returns int language sql as 'select 1';
		create type mood as enum ('a'); create domain d as mood; create sequence s; create extension pg_trgm; create extension citext`)
	login := pgtest.Login(t, to, "createdb createrole")
	pgtest.Exec(t, to, "create extension pg_trgm; create extension citext")
	db, all := define(t, from, catalog.Selection{})
	for i := range all { // roles are mapped elsewhere
		if at := strings.Index(all[i].SQL, "\n\n\nALTER "); at >= 0 && strings.Contains(all[i].SQL, " OWNER TO ") {
			all[i].SQL = all[i].SQL[:at]
		}
	}
	apply(t, login, all)
	for range 2 {
		apply(t, login, mustClear(t, "replace", login, catalog.Selection{}, db))
		apply(t, login, all)
	}
	pgtest.Exec(t, to, "alter schema public owner to pg_database_owner")
	args := []string{"--no-owner"}
	if diff := cmp.Diff(schemaText(t, from, args...), schemaText(t, to, args...)); diff != "" {
		t.Errorf("definitions differ (- from, + to):\n%s", diff)
	}
}

func TestReplaceOfSelection(t *testing.T) {
	t.Parallel()
	setup := `create schema shop; create schema lib; create type lib.mood as enum ('a'); create table shop.a(i int primary key, m lib.mood);
		create table shop.b(i int references shop.a); create view shop.v as select * from shop.b; create table shop.other(i int)`
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, setup)
	pgtest.Exec(t, to, setup, "insert into shop.other values (1)")
	sel := selection(t, []string{"shop.?"}, nil)
	db, all := define(t, from, sel)
	for range 2 {
		apply(t, to, mustClear(t, "replace", to, sel, db))
		apply(t, to, all)
	}
	if n := pgtest.Query[int](t, to, "select count(*) from shop.other"); n != 1 {
		t.Errorf("%d rows in a table that is not selected", n)
	}
}

func TestReplaceRefusesWhatOthersNeed(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	setup := `create schema s; create type s.mood as enum ('a'); create table s.a(i int primary key, n serial); create function s.f() returns int language sql as 'select 1';
		create table s.p(i int) partition by list (i)`
	pgtest.Exec(t, from, setup)
	pgtest.Exec(t, to, setup, `create schema o; create view o.v as select * from s.a; create view o.vv as select * from o.v;
		create table o.fk(i int constraint fk references s.a); create table o.col(m s.mood); create table o.child() inherits (s.a);
		create table o.def(i int default nextval('s.a_n_seq')); create function o.g(s.a) returns int language sql as 'select 1';
		create table o.part partition of s.p for values in (1); create table o.call(i int default s.f());
		create policy pol on o.col using ((select count(*) from s.a) > 1);
		create function o.t() returns trigger language plpgsql as 'begin end';
		create trigger fine before insert on s.a for each row execute function o.t()`)
	db := inspected(t, from, selection(t, []string{"s"}, nil))
	_, err := clearingOf(t, "replace", to, selection(t, []string{"s"}, nil), db)
	f := fault.Of(err)
	if f.Code != "target.depended" || f.Kind != fault.Config {
		t.Fatal(err)
	}
	var got []string
	for _, l := range f.Lines {
		got = append(got, l.Text)
	}
	want := []string{
		"constraint fk on table o.fk", "default value for column i of table o.call", "default value for column i of table o.def",
		"default value for column n of table o.child", "function o.g(s.a)", "policy pol on table o.col", "table o.child", "table o.col", "table o.part", "view o.v",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("depends (- want, + got):\n%s", diff)
	}
}

// What a selection only needs, and others use, is kept with all that it needs
// itself; what nobody else uses goes and is made again.
func TestReplaceKeepsWhatOthersUse(t *testing.T) {
	t.Parallel()
	setup := `create schema lib; create type lib.mood as enum ('a'); create domain lib.state as lib.mood; create type lib.own as enum ('x');
		create function lib.stamp() returns trigger language plpgsql as 'begin return new; end';
		create sequence lib.numbers;
		create table a(i int default nextval('lib.numbers'), m lib.mood, s lib.state, o lib.own);
		create trigger stamp before insert on a for each row execute function lib.stamp();
		create table b(i int default nextval('lib.numbers'), s lib.state);
		create trigger stamp before insert on b for each row execute function lib.stamp()`
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, setup)
	pgtest.Exec(t, to, setup, "insert into b values (7)")
	sel := selection(t, []string{"public.a"}, nil)
	db, all := define(t, from, sel)
	before := schemaText(t, to)
	clear, kept, err := clearingAndKept(t, "replace", to, sel, db)
	if err != nil {
		t.Fatalf("%v %v", err, fault.Of(err).Lines)
	}
	var got []string
	for _, o := range kept {
		got = append(got, o.Kind+" "+o.Name.String())
	}
	slices.Sort(got)
	want := []string{"DOMAIN lib.state", "FUNCTION lib.stamp()", "SEQUENCE lib.numbers", "TYPE lib.mood"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("kept (- want, + got):\n%s", diff)
	}
	apply(t, to, clear)
	apply(t, to, slices.DeleteFunc(all, func(d catalog.Definition) bool {
		return slices.Contains(kept, catalog.Object{Kind: d.Kind, Name: d.Name})
	}))
	if diff := cmp.Diff(before, schemaText(t, to)); diff != "" {
		t.Errorf("definitions (- before, + after):\n%s", diff)
	}
	if n := pgtest.Query[int](t, to, "select count(*) from b"); n != 1 {
		t.Errorf("%d rows in a table that is not selected", n)
	}
}

func TestTruncate(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	setup := `create table a(i int primary key); create table b(i int references a); create table p(i int primary key) partition by list(i);
		create table p1 partition of p for values in (1); create table q(i int references p) partition by list(i); create table q1 partition of q for values in (1);
		create table g(i int); create table h() inherits (g); create table alone(i int)`
	rows := `insert into a values (1); insert into b values (1); insert into p values (1); insert into q values (1);
		insert into g values (1); insert into h values (1); insert into alone values (1)`
	pgtest.Exec(t, from, setup)
	pgtest.Exec(t, to, setup, rows, "create table extra(i int); insert into extra values (1)")
	sel := selection(t, nil, []string{"*.alone"})
	db := inspected(t, from, sel)
	all := mustClear(t, "truncate", to, sel, db)
	apply(t, to, all)
	for table, want := range map[string]int{"a": 0, "b": 0, "p": 0, "q": 0, "g": 0, "alone": 1, "extra": 1} {
		if n := pgtest.Query[int](t, to, "select count(*) from "+table); n != want {
			t.Errorf("%s has %d rows, not %d", table, n, want)
		}
	}
	_, err := clearingOf(t, "truncate", to, sel, inspected(t, from, selection(t, []string{"public.a", "public.p*"}, nil)))
	if f := fault.Of(err); f.Code != "target.depended" || len(f.Lines) != 2 {
		t.Errorf("%v %v", err, f.Lines)
	}
	// a root of which one partition stays is emptied by its other leaves
	part := selection(t, []string{"public.q", "public.a", "public.b"}, []string{"public.q1"})
	for _, d := range mustClear(t, "truncate", to, part, inspected(t, from, part)) {
		if strings.Contains(d.SQL, `"q"`) {
			t.Errorf("%s would empty a partition that is not selected", d.SQL)
		}
	}
}
