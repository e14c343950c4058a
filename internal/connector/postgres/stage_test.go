package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"
)

// staged runs f in a transaction of its own.
func staged(t testing.TB, e *Endpoint, h connector.Holder, f func(context.Context, connector.Stage, connector.RecordLoad) error) error {
	t.Helper()
	tx, w, err := e.BeginRecords(patient(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	if err := f(patient(t), e.Stage(tx, h), w); err != nil {
		return err
	}
	return tx.Commit(patient(t), nil)
}

// replaceBy replaces tables by records, each a list of rows, and gives what
// became of the records and of the tables.
func replaceBy(t testing.TB, url string, into []connector.Into, records ...[]record.Row) (texts []string, err error) {
	t.Helper()
	e := endpoint(t, url)
	h := connector.Holder{Run: "0123456789abcdef0123456789abcdef", Step: t.Name()}
	err = staged(t, e, h, func(ctx context.Context, s connector.Stage, _ connector.RecordLoad) error { return s.Hold(ctx, into) })
	if err != nil {
		return nil, err
	}
	var rows int64
	err = staged(t, e, h, func(ctx context.Context, s connector.Stage, w connector.RecordLoad) error {
		var page []record.Mapped
		for _, r := range records {
			page = append(page, record.Mapped{Rows: r})
		}
		became, err := w.WriteRecords(ctx, connector.ModeAppend, s.Tables(into), page)
		for _, b := range became {
			rows += b.Rows
			if b.Refusal != nil {
				where := strings.Replace(b.Refusal.Where, s.Tables(into)[0].Table.String(), into[0].Table.String(), 1)
				texts = append(texts, fmt.Sprintf("%s %s %s: %s", b.Refusal.Code, b.Refusal.Field, where, b.Refusal.Text))
			}
		}
		return err
	})
	if err != nil {
		return texts, err
	}
	err = staged(t, e, h, func(ctx context.Context, s connector.Stage, _ connector.RecordLoad) error {
		done, err := s.Publish(ctx, into, rows)
		for _, d := range done {
			texts = append(texts, fmt.Sprintf("%s %d +%d ~%d -%d", d.Table, d.Rows, d.Inserted, d.Updated, d.Deleted))
		}
		return err
	})
	if n := pgtest.Query[int](t, url, "select count(*) from pg_namespace where nspname like 'godwit\\_stage%' and obj_description(oid) is not null"); err == nil && n > 0 {
		t.Errorf("%d schemas are left", n)
	}
	return texts, err
}

func one0(slots ...any) []record.Row { return []record.Row{{Slots: slots}} }

// TestStageRefusesWhatTheTargetRefuses holds records back that the target would
// refuse: each is told with the target's own names.
func TestStageRefusesWhatTheTargetRefuses(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, `create table public."ref Of" (a int, b text, primary key (a, b)); insert into public."ref Of" values (1, 'x');
		create table public.t (
			id int constraint "its key" primary key, code text not null constraint "one code" unique, n int constraint positive check (n > 0),
			a int, b text, up int constraint "to itself" references public.t, day daterange,
			twice int generated always as (n * 2) stored,
			constraint "to ref" foreign key (a, b) references public."ref Of", constraint apart exclude using gist (day with &&));
		create unique index "lower code" on public.t (lower(code)) where id < 100`)
	into := []connector.Into{{Table: public("t"), Columns: []string{"id", "code", "n", "a", "b", "up", "day"}, Key: []string{"id"}}}
	got, err := replaceBy(t, url, into,
		one0(int64(1), "a", int64(1), int64(1), "x", nil, "[2020-01-01,2020-01-03)"),
		one0(int64(1), "b", nil, nil, nil, nil, nil),
		one0(int64(2), "a", nil, nil, nil, nil, nil),
		one0(int64(3), "A", nil, nil, nil, nil, nil),
		one0(int64(4), nil, nil, nil, nil, nil, nil),
		one0(int64(5), "e", int64(0), nil, nil, nil, nil),
		one0(int64(6), "f", nil, int64(2), "x", nil, nil),
		one0(int64(7), "g", nil, int64(2), nil, nil, nil),
		one0(int64(8), "h", nil, nil, nil, int64(77), nil),
		one0(int64(9), "i", nil, nil, nil, int64(1), "[2020-01-02,2020-01-05)"),
		one0(int64(10), "j", nil, nil, nil, int64(1), "[2020-01-03,2020-01-05)"),
	)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "refusals", got,
		`data.unique id its key: duplicate key value violates unique constraint "its key"`,
		`data.unique code one code: duplicate key value violates unique constraint "one code"`,
		`data.unique lower(code) lower code: duplicate key value violates unique constraint "lower code"`,
		`data.not-null code public.t: null value in column "code" of relation "t" violates not-null constraint`,
		`data.check n positive: new row for relation "t" violates check constraint "positive"`,
		`data.foreign-key a, b to ref: insert or update on table "t" violates foreign key constraint "to ref"`,
		`data.foreign-key up to itself: insert or update on table "t" violates foreign key constraint "to itself"`,
		`data.exclusion day apart: conflicting key value violates exclusion constraint "apart"`,
		"public.t 3 +3 ~0 -0")
	if n := pgtest.Query[int](t, url, `select count(*) from pg_trigger where tgrelid = 'public."ref Of"'::regclass and tgconstrrelid <> 'public.t'::regclass`); n > 0 {
		t.Errorf("%d triggers were left at the table that is referred to", n)
	}
}

// TestStagePublishes changes tables of all sorts: the second time by other rows,
// the third time by the same ones, which writes nothing.
func TestStagePublishes(t *testing.T) {
	t.Parallel()
	text := func(v ...any) []any { return v }
	for name, c := range map[string]struct {
		table         string
		columns       []string
		first, second [][]any
		want          string // of the second time
	}{
		"numbers that nobody may change": {"id int generated always as identity primary key, v text", []string{"id", "v"},
			[][]any{{int64(1), "a"}, {int64(2), "b"}}, [][]any{{int64(2), "c"}, {int64(3), "d"}}, "+1 ~1 -1"},
		"such numbers beside the key": {"k int primary key, id int generated always as identity unique, v text", []string{"k", "id", "v"},
			[][]any{{int64(1), int64(1), "a"}, {int64(2), int64(2), "b"}}, [][]any{{int64(1), int64(2), "a"}, {int64(2), int64(1), "b"}}, "+2 ~0 -2"},
		"numbers by default": {"id int generated by default as identity primary key, v text unique", []string{"v"},
			[][]any{{"a"}, {"b"}}, [][]any{{"b"}, {"c"}}, "+1 ~0 -1"},
		"numbers of a sequence": {"id serial primary key, v text unique, n int", []string{"v", "n"},
			[][]any{{"a", int64(1)}, {"b", int64(1)}}, [][]any{{"b", int64(2)}, {"c", int64(1)}}, "+1 ~1 -1"},
		"partitions": {"id int primary key, v text) partition by range (id); create table public.p1 partition of public.t for values from (0) to (10); " +
			"create table public.p2 partition of public.t for values from (10) to (20", []string{"id", "v"},
			[][]any{{int64(1), "a"}, {int64(11), "b"}}, [][]any{{int64(1), "c"}, {int64(12), "b"}}, "+1 ~1 -1"},
		"types without equality": {"id int primary key, x xml, p point", []string{"id", "x", "p"},
			[][]any{{int64(1), "<a/>", "(1,2)"}}, [][]any{{int64(1), "<a />", "(1,2)"}}, "+0 ~1 -0"},
		"keys that are equal and not the same": {"n numeric primary key, v text", []string{"n", "v"},
			[][]any{{"1.0", "a"}}, [][]any{{"1.00", "a"}}, "+0 ~1 -0"},
		"unique values that swap": {"id int primary key, u int unique, w int", []string{"id", "u", "w"},
			[][]any{{int64(1), int64(10), nil}, {int64(2), int64(20), nil}}, [][]any{{int64(1), int64(20), nil}, {int64(2), int64(10), nil}}, "+0 ~2 -0"},
		"a unique value of a row that goes": {"id int primary key, u int not null unique", []string{"id", "u"},
			[][]any{{int64(1), int64(10)}}, [][]any{{int64(2), int64(10)}}, "+1 ~0 -1"},
		"references within": {"id int primary key, up int references public.t", []string{"id", "up"},
			[][]any{{int64(1), nil}, {int64(2), int64(1)}, {int64(3), int64(2)}}, [][]any{{int64(3), nil}, {int64(2), int64(3)}}, "+0 ~2 -1"},
		"keys that may be null": {"k int unique, v text", []string{"k", "v"},
			[][]any{{int64(1), "a"}, {int64(2), "b"}}, [][]any{{int64(1), "a"}, {int64(2), "c"}}, "+0 ~1 -0"},
		"no key, rows twice": {"v text", []string{"v"}, [][]any{{"a"}, {"a"}, {nil}}, [][]any{{"a"}, {nil}, {nil}}, "+3 ~0 -3"},
		"values computed":    {"id int primary key, n int, d int generated always as (n * 2) stored", []string{"id", "n"}, [][]any{{int64(1), int64(1)}}, [][]any{{int64(1), int64(2)}}, "+0 ~1 -0"},
		"a column that a trigger fills": {"id int primary key, v text, s text not null); create function public.f() returns trigger language plpgsql as " +
			"'begin new.s = new.v; return new; end'; create trigger f before insert or update on public.t for each row execute function public.f(",
			[]string{"id", "v"}, [][]any{{int64(1), "a"}}, [][]any{{int64(1), "b"}}, "+0 ~1 -0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t)
			pgtest.Exec(t, url, "create table public.t ("+c.table+")")
			if !strings.Contains(c.table, "identity") && !strings.Contains(c.table, "partition") {
				pgtest.Exec(t, url, "create view public.seen as select * from public.t; grant select on public.t to public")
			}
			into := []connector.Into{{Table: public("t"), Columns: c.columns}}
			rows := func(list [][]any) (all [][]record.Row) {
				for _, r := range list {
					all = append(all, one0(text(r...)...))
				}
				return all
			}
			var got []string
			for _, list := range [][][]any{c.first, c.second, c.second} {
				one, err := replaceBy(t, url, into, rows(list)...)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, one...)
			}
			n := len(c.second)
			same(t, name, got, fmt.Sprintf("public.t %d +%d ~0 -0", len(c.first), len(c.first)), fmt.Sprintf("public.t %d %s", n, c.want), fmt.Sprintf("public.t %d +0 ~0 -0", n))
			var values []string
			for _, col := range c.columns {
				values = append(values, "coalesce("+catalog.Quote(col)+"::text, 'null')")
			}
			var want []string
			for _, r := range c.second {
				var parts []string
				for _, v := range r {
					if parts = append(parts, fmt.Sprint(v)); v == nil {
						parts[len(parts)-1] = "null"
					}
				}
				want = append(want, strings.Join(parts, "|"))
			}
			slices.Sort(want)
			if n := pgtest.Column[int64](t, url, "select coalesce(last_value, 0) from pg_sequences"); len(n) > 0 && n[0] > 3 {
				t.Errorf("the sequence is at %d: numbers were given in vain", n[0])
			}
			same(t, "rows", pgtest.Column[string](t, url, "select concat_ws('|', "+strings.Join(values, ", ")+") as r from public.t order by concat_ws('|', "+strings.Join(values, ", ")+") collate \"C\""), want...)
		})
	}
}

// TestStagePublishesTogether changes tables that refer to each other, of one
// name in two schemas: a part moves from a row that goes to one that comes.
func TestStagePublishesTogether(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, `create schema other;
		create table public.t (id int primary key, code text not null unique);
		create table other.t (part int primary key, of int not null references public.t deferrable, note text default 'fresh')`)
	into := []connector.Into{
		{Table: catalog.Name{Schema: "other", Object: "t"}, Columns: []string{"part", "of"}, Key: []string{"part"}, Parent: []string{"of"}},
		{Table: public("t"), Columns: []string{"id", "code"}, Key: []string{"id"}},
	}
	entry := func(id int64, code string, part int64) []record.Row {
		return []record.Row{{Into: 1, Slots: []any{id, code}}, {Into: 0, Slots: []any{part, id}}}
	}
	if _, err := replaceBy(t, url, into, entry(1, "a", 10), entry(2, "b", 20)); err == nil {
		pgtest.Exec(t, url, "update other.t set note = 'kept'")
	} else {
		t.Fatal(err)
	}
	got, err := replaceBy(t, url, into, entry(3, "c", 10), entry(2, "b", 20))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "changes", got, "other.t 2 +0 ~1 -0", "public.t 2 +1 ~0 -1")
	same(t, "parts", pgtest.Column[string](t, url, "select part || ' ' || of || ' ' || note from other.t order by 1"), "10 3 kept", "20 2 kept")
}

// TestStageRefuses ends without a change when what would be published is not
// what was written, and says what stands in the way.
func TestStageRefuses(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, `create table public.t (id int primary key, v text); insert into public.t values (1, 'old');
		create function public.f() returns trigger language plpgsql as 'begin return null; end';
		create trigger f before insert on public.t for each row execute function public.f()`)
	into := []connector.Into{{Table: public("t"), Columns: []string{"id", "v"}, Key: []string{"id"}}}
	_, err := replaceBy(t, url, into, one0(int64(2), "new"))
	if fault.CodeOf(err) != "stage.rows" || !strings.Contains(err.Error(), "would hold 0 rows instead of 1") {
		t.Errorf("a trigger that takes rows: %v", err)
	}
	_, err = replaceBy(t, url, []connector.Into{{Table: public("t"), Columns: []string{"id", "v"}, Key: []string{"v"}}}, one0(int64(2), "new"))
	if fault.CodeOf(err) != "target.no-unique" {
		t.Errorf("a key without an index: %v", err)
	}
	same(t, "rows", pgtest.Column[string](t, url, "select id || v from public.t"), "1old")
}

// TestStageBusy does not take away what another run is just writing; what a dead
// one left is taken away, and what is somebody's own is not.
func TestStageBusy(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.t (id int primary key)", "create schema godwit_stage_mine; create table godwit_stage_mine.t (id int)")
	into := []connector.Into{{Table: public("t"), Columns: []string{"id"}, Key: []string{"id"}}}
	other := connector.Holder{Run: "another", Step: "load"}
	e := endpoint(t, url)
	hold := func(ctx context.Context, s connector.Stage, _ connector.RecordLoad) error { return s.Hold(ctx, into) }
	if err := staged(t, e, other, hold); err != nil {
		t.Fatal(err)
	}
	writing := make(chan error)
	err := staged(t, e, other, func(ctx context.Context, s connector.Stage, w connector.RecordLoad) error {
		if _, err := w.WriteRecords(ctx, connector.ModeAppend, s.Tables(into), []record.Mapped{{Rows: one0(int64(1))}}); err != nil {
			return err
		}
		go func() { _, err := replaceBy(t, url, into, one0(int64(2))); writing <- err }()
		return <-writing
	})
	if fault.CodeOf(err) != "stage.busy" || fault.KindOf(err) != fault.Conflict {
		t.Errorf("what is being written: %v", err)
	}
	if _, err := replaceBy(t, url, into, one0(int64(2))); err != nil {
		t.Errorf("what nobody is writing: %v", err)
	}
	same(t, "schemas", pgtest.Column[string](t, url, "select nspname::text from pg_namespace where nspname like 'godwit%'"), "godwit_stage_mine")
}

// TestStageAsPlainRole publishes as a role that may only change rows, and make
// schemas.
func TestStageAsPlainRole(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	role := pgtest.Login(t, url, "")
	name := endpoint(t, role).login.User
	pgtest.Exec(t, url, "create table public.r (id int primary key); insert into public.r values (1)",
		"create table public.t (id int primary key, r int references public.r, v text, number int generated always as identity unique)",
		"grant create on database "+catalog.Quote(pgtest.Query[string](t, url, "select current_database()::text"))+" to "+catalog.Quote(name),
		"grant select, insert, update, delete on public.t to "+catalog.Quote(name))
	into := []connector.Into{{Table: public("t"), Columns: []string{"id", "r", "v"}, Key: []string{"id"}}}
	got, err := replaceBy(t, role, into, one0(int64(1), int64(1), "a"))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "published", got, "public.t 1 +1 ~0 -0")
	// It may not read what is referred to: the target itself refuses, as a whole.
	if _, err = replaceBy(t, role, into, one0(int64(1), int64(2), "a")); fault.CodeOf(err) != "data.foreign-key" {
		t.Errorf("%v", err)
	}
	same(t, "rows", pgtest.Column[string](t, url, "select concat(id, r, v) from public.t"), "11a")
}
