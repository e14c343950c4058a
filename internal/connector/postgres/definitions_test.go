package postgres

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/dump"
	"godwit/internal/fault"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

func selection(t testing.TB, include, exclude []string) catalog.Selection {
	t.Helper()
	sel, err := catalog.ParseSelection(include, exclude)
	if err != nil {
		t.Fatal(err)
	}
	return sel
}

// define reads the definitions of a selection, as a plan does.
func define(t testing.TB, url string, sel catalog.Selection) (*catalog.Database, []catalog.Definition) {
	t.Helper()
	e := endpoint(t, url)
	db, err := e.Inspect(patient(t), sel)
	if err != nil {
		t.Fatal(err)
	}
	all, err := e.Definitions(patient(t), "", sel, db)
	if err != nil {
		t.Fatal(err)
	}
	return db, all
}

// apply sends definitions one by one, each in its own transaction.
func apply(t testing.TB, url string, all []catalog.Definition) {
	t.Helper()
	e := endpoint(t, url)
	for _, d := range all {
		l, err := e.Begin(patient(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Exec(patient(t), dump.Preamble+d.SQL+";\n"); err != nil {
			t.Fatalf("%s %s: %v in:\n%s", d.Kind, d.Name, err, d.SQL)
		}
		if err := l.Commit(patient(t), nil); err != nil {
			t.Fatal(err)
		}
	}
}

var restrict = regexp.MustCompile(`(?m)^\\(un)?restrict .*\n`)

// schemaText is what pg_dump prints of a database's definitions.
func schemaText(t testing.TB, url string, args ...string) []string {
	t.Helper()
	p, err := dump.Find(t.Context(), 15)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(p.Dir, "pg_dump"), append(args, "--schema-only", url)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(restrict.ReplaceAllString(string(out), ""), "\n")
}

func TestDefinitionsMakeEqualDatabase(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"data/pagila/pagila.sql", "data/northwind/northwind.sql", "internal/connector/postgres/dump/testdata/odd.sql"} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			pgtest.Load(t, from, file)
			_, all := define(t, from, catalog.Selection{})
			apply(t, to, all)
			if diff := cmp.Diff(schemaText(t, from), schemaText(t, to)); diff != "" {
				t.Errorf("definitions differ (- from, + to):\n%s", diff)
			}
			seen := map[int]bool{}
			for _, d := range all {
				for _, id := range d.After {
					if !seen[id] {
						t.Errorf("%s %s comes before %d, which it needs", d.Kind, d.Name, id)
					}
				}
				seen[d.ID] = true
			}
		})
	}
}

func TestDefinitionsNameTheirTables(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, `
		create schema b; create schema "odd.
name";
		create table a(i int primary key, s serial); create table b.b(i int references a, j int); alter table b.b add constraint b_j_check check (j > 0) not valid;
		create table "odd.
name"."x
y"(i int constraint k unique);
		create view v as select * from a; create materialized view m as select * from v; create index mi on m(i);
		create table p(i int) partition by list(i); create table p1 partition of p for values in (1); create index on p(i);
		create function f(a int, text default 'x') returns int language sql as 'select 1';
		create function t() returns trigger language plpgsql as 'begin end';
		create trigger tr before insert on a for each row execute function t();
		create policy po on a; alter table a enable row level security;
		comment on index mi is 'c'; grant select on a to public; create statistics st on i, s from a;`)
	_, all := define(t, url, catalog.Selection{})
	got := map[string]string{}
	for _, d := range all {
		var tables []string
		for _, n := range d.Tables {
			tables = append(tables, n.String())
		}
		got[d.Section+" "+d.Kind+" "+d.Name.String()] = strings.Join(tables, " ")
	}
	want := map[string]string{
		`before SCHEMA b`: "", "before SCHEMA \"odd.\nname\"": "",
		`before TABLE public.a`: "public.a", `before TABLE b.b`: "b.b", "before TABLE \"odd.\nname\".\"x\ny\"": "\"odd.\nname\".\"x\ny\"",
		`before VIEW public.v`: "", `before MATERIALIZED VIEW public.m`: "public.m",
		`before TABLE public.p`: "public.p", `before TABLE public.p1`: "public.p1", `before TABLE ATTACH public.p1`: "public.p public.p1",
		`before FUNCTION public."f(a integer, text)"`: "", `before FUNCTION public.t()`: "",
		`before SEQUENCE public.a_s_seq`: "public.a", `before SEQUENCE OWNED BY public.a_s_seq`: "public.a",
		`before DEFAULT public.s`: "public.a", `before ACL public.a`: "public.a",
		`after CONSTRAINT public.a_pkey`: "public.a", "after CONSTRAINT \"odd.\nname\".k": "\"odd.\nname\".\"x\ny\"",
		`after FK CONSTRAINT b.b_i_fkey`: "b.b public.a", `after CHECK CONSTRAINT b.b_j_check`: "b.b",
		`after INDEX public.mi`: "public.m", `after COMMENT public.mi`: "public.m",
		`after INDEX public.p_i_idx`: "public.p", `after INDEX public.p1_i_idx`: "public.p1", `after INDEX ATTACH public.p1_i_idx`: "public.p public.p1",
		`after TRIGGER public.tr`: "public.a", `after POLICY public.po`: "public.a", `after ROW SECURITY public.a`: "public.a",
		`after MATERIALIZED VIEW DATA public.m`: "public.m", `after STATISTICS public.st`: "public.a",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("definitions (- want, + got):\n%s", diff)
	}
}

// A part of a database is made with all it needs and nothing else.
func TestDefinitionsOfSelection(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `
		create schema shop; create schema audit; create schema lib; create schema tmp;
		create type lib.mood as enum ('a'); create type lib.other as enum ('b');
		create function lib.touch() returns trigger language plpgsql as 'begin return new; end';
		create sequence lib.numbers;
		create table audit.log(i int primary key);
		create table shop.customer(i int primary key, m lib.mood default 'a', n int default nextval('lib.numbers'));
		create table shop.orders(i int primary key, c int references shop.customer, l int references audit.log);
		create trigger t before insert on shop.orders for each row execute function lib.touch();
		create view shop.all_orders as select * from shop.orders;
		create view shop.logged as select o.i from shop.orders o join audit.log l on l.i = o.l;
		create view shop.twice as select * from shop.logged;
		create function shop.logs() returns setof audit.log language sql as 'select * from audit.log';
		create table tmp.t(i int); create publication pub for table shop.orders; select lo_create(7);
		comment on schema shop is 'the shop'; grant usage on schema lib to public`)
	db, all := define(t, from, selection(t, []string{"shop"}, nil))
	var got []string
	for _, d := range all {
		got = append(got, d.Kind+" "+d.Name.String())
	}
	slices.Sort(got)
	want := []string{
		"ACL lib", "COMMENT shop", "CONSTRAINT shop.customer_pkey", "CONSTRAINT shop.orders_pkey",
		"FK CONSTRAINT shop.orders_c_fkey", "FUNCTION lib.touch()", "SCHEMA lib", "SCHEMA shop", "SEQUENCE lib.numbers",
		"TABLE shop.customer", "TABLE shop.orders", "TRIGGER shop.t", "TYPE lib.mood", "VIEW shop.all_orders",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("picked (- want, + got):\n%s", diff)
	}
	out := []catalog.Name{{Schema: "audit", Object: "log"}, {Schema: "tmp", Object: "t"}, {Schema: "shop", Object: "logged"},
		{Schema: "shop", Object: "twice"}, {Schema: "shop", Object: "logs()"}}
	if diff := cmp.Diff(out, db.LeftOut); diff != "" {
		t.Errorf("left out (- want, + got):\n%s", diff)
	}
	if diff := cmp.Diff([]catalog.Name{{Schema: "lib", Object: "numbers"}}, db.Sequences); diff != "" {
		t.Errorf("sequences (- want, + got):\n%s", diff)
	}
	if len(db.Blobs) > 0 {
		t.Errorf("large objects %v are selected by a schema", db.Blobs)
	}
	apply(t, to, all)
}

// A snapshot that ended before its definitions are read is lost, which passes:
// the next attempt takes another one.
func TestDefinitionsAtLostSnapshot(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table a (id int)")
	db := inspected(t, url, catalog.Selection{})
	_, err := endpoint(t, url).Definitions(patient(t), "0000FFFF-0000FFFF-1", catalog.Selection{}, db)
	if f := fault.Of(err); f.Code != "snapshot.lost" || f.Kind != fault.Unavailable {
		t.Errorf("%v is %s of kind %v, want snapshot.lost", err, f.Code, f.Kind)
	}
}
