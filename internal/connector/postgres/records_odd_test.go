package postgres

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// write writes one page of rows in a load of its own, see writePage.
func write(t testing.TB, e *Endpoint, mode string, into connector.Into, rows ...[]any) []string {
	t.Helper()
	var page []record.Mapped
	for _, slots := range rows {
		page = append(page, record.Mapped{Rows: []record.Row{{Slots: slots}}})
	}
	return writePage(t, e, mode, []connector.Into{into}, page...)
}

// writePage writes one page in a load of its own and gives outcomes with rows
// and codes.
func writePage(t testing.TB, e *Endpoint, mode string, into []connector.Into, page ...record.Mapped) []string {
	t.Helper()
	l, w, err := e.BeginRecords(patient(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	became, err := w.WriteRecords(patient(t), mode, into, page)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Commit(patient(t), nil); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, b := range became {
		texts = append(texts, told(b))
	}
	return texts
}

func told(b connector.Became) string {
	if b.Refusal != nil {
		return fmt.Sprintf("%s %s %s %s", b.Outcome, b.Refusal.Code, b.Refusal.Field, b.Refusal.State)
	}
	return fmt.Sprint(b.Outcome, " ", b.Rows)
}

func same(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// Keys that are equal and have other texts: 1 and 1.0, a and A. Reading never
// goes on between them.
func TestRecordsOfKeysWithSeveralTexts(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create collation public.blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
		"create table public.n as select i, trunc(i/900.0)::numeric + case when i % 2 = 0 then 0.0 else 0 end as n from generate_series(1, 2700) i",
		"create table public.c (i int, c text collate public.blind)",
		"insert into public.c select i, chr(case when i % 2 = 0 then 97 else 65 end + i/900) from generate_series(1, 2600) i")
	e := endpoint(t, url)
	for table, key := range map[string]string{"n": "n", "c": "c"} {
		q := connector.Query{Table: public(table), Key: []string{key}}
		r, err := e.ReadRecords(patient(t), q, "")
		if err != nil {
			t.Fatal(err)
		}
		total := pgtest.Query[int](t, url, "select count(*) from public."+table)
		read, places := 0, 0
		for {
			p, err := r.Next(patient(t))
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if read += len(p.Records); p.After == nil {
				continue
			}
			places++
			q.After = p.After
			rest, err := e.ReadRecords(patient(t), q, "")
			if err != nil {
				t.Fatal(err)
			}
			if n := len(drain(t, rest)); read+n != total {
				t.Errorf("%s: %d records behind %d of %d", table, n, read, total)
			}
			rest.Close()
		}
		if read != total || places == 0 {
			t.Errorf("%s: %d of %d, %d places", table, read, total, places)
		}
		r.Close()
	}
}

func TestRecordsAtASnapshot(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int primary key)", "insert into public.a select generate_series(1, 10)", "create table public.b (id int primary key)",
		"create table public.p (id int) partition by range (id)", "create table public.p1 partition of public.p for values from (1) to (10)",
		"insert into public.p values (1), (2)")
	e := endpoint(t, url)
	snapshotOf(t, e)
	pgtest.Exec(t, url, "insert into public.a select generate_series(11, 20)", "truncate public.b", "insert into public.p values (3)")
	for table, want := range map[string]int{"a": 10, "p": 2} {
		r, err := e.ReadRecords(patient(t), connector.Query{Table: public(table), Key: []string{"id"}}, t.Name())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(drain(t, r)); n != want {
			t.Errorf("%s: %d records at the snapshot, want %d", table, n, want)
		}
		r.Close()
	}
	_, err := e.ReadRecords(patient(t), connector.Query{SQL: "select * from public.b"}, t.Name())
	if fault.CodeOf(err) != "source.changed" {
		t.Errorf("a table truncated since: %v", err)
	}
}

func TestQueriesSayWhereTheyAreWrong(t *testing.T) {
	t.Parallel()
	e := endpoint(t, pgtest.Database(t))
	_, err := e.Describe(patient(t), connector.Query{SQL: "select relname\nfrom pg_class where relnam = :long_name", Args: map[string]any{"long_name": "x"}})
	f := fault.Of(err)
	if f.Code != "query.invalid" || len(f.Lines) == 0 || f.Lines[0] != (fault.Line{Label: "at", Text: "line 2, column 21"}) || !strings.Contains(f.Text, `"relnam"`) {
		t.Errorf("%+v", f)
	}
	if _, err := e.Describe(patient(t), connector.Query{Table: public("none")}); fault.CodeOf(err) != "query.invalid" {
		t.Errorf("%v", err)
	}
}

// A second identical merge writes nothing at all.
func TestMergeOfTheSameWritesNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int primary key, n numeric, j json, p point, t text, f float8, c char(4), v varchar(10)[])")
	e := endpoint(t, url)
	into := connector.Into{Table: public("a"), Columns: []string{"id", "n", "j", "p", "t", "f", "c", "v"}, Key: []string{"id"}}
	rows := [][]any{
		{int64(1), record.Decimal("1.00"), record.Object{"a": int64(1)}, "(1,2)", "x", 1.5, "ab", []any{"x", nil}},
		{int64(2), nil, nil, nil, nil, nil, nil, nil},
		{"03", "NaN", []any{}, "(0,0)", "", 0.0, "", []any{}},
	}
	same(t, "new", write(t, e, connector.ModeMerge, into, rows...), "applied 1", "applied 1", "applied 1")
	before := pgtest.Column[string](t, url, "select ctid::text || ' ' || xmin || ' ' || xmax from public.a order by id")
	same(t, "the same", write(t, e, connector.ModeMerge, into, rows...), "equal 0", "equal 0", "equal 0")
	same(t, "the rows were touched", pgtest.Column[string](t, url, "select ctid::text || ' ' || xmin || ' ' || xmax from public.a order by id"), before...)
	rows[0][1] = record.Decimal("1.0") // another scale is another value
	same(t, "one other", write(t, e, connector.ModeMerge, into, rows...), "applied 1", "equal 0", "equal 0")
	same(t, "one key, two texts", write(t, e, connector.ModeMerge, into, rows[2], []any{int64(3), nil, nil, nil, nil, nil, nil, nil}), "equal 0", "applied 1")
}

// What a target does to rows of its own accord: triggers, constraints that
// wait, identity columns, partitions, generated columns.
func TestRecordsMeetTheTargetsOwnDoing(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.log (what text)",
		"create function public.note() returns trigger language plpgsql as $$ begin insert into log values (new.t); if new.t = 'gone' then return null; end if; if new.t = 'never' then raise 'not this one'; end if; return new; end $$",
		"create table public.a (id int generated always as identity primary key, t text, up text generated always as (upper(t)) stored)",
		"create trigger note before insert on public.a for each row execute function public.note()",
		"create table public.d (id int primary key, next int references public.d deferrable initially deferred, u int unique deferrable initially deferred)",
		"create table public.p (id int primary key, t text) partition by range (id)", "create table public.p1 partition of public.p for values from (1) to (10)")
	e := endpoint(t, url)
	a := connector.Into{Table: public("a"), Columns: []string{"id", "t"}, Key: []string{"id"}}
	same(t, "a trigger takes one away", write(t, e, connector.ModeAppend, a, []any{int64(7), "x"}, []any{int64(8), "gone"}), "applied 1", "dead data.not-taken  GW001")
	same(t, "a trigger refuses one", write(t, e, connector.ModeAppend, a, []any{record.Missing, "y"}, []any{int64(9), "never"}), "applied 1", "dead data.refused  P0001")
	same(t, "merge", write(t, e, connector.ModeMerge, a, []any{int64(7), "z"}, []any{int64(20), "new"}), "applied 1", "applied 1")
	same(t, "rows", pgtest.Column[string](t, url, "select up from public.a order by up"), "NEW", "Y", "Z")

	d := connector.Into{Table: public("d"), Columns: []string{"id", "next", "u"}, Key: []string{"id"}}
	same(t, "one refers to a later one", write(t, e, connector.ModeAppend, d, []any{int64(1), int64(2), int64(1)}, []any{int64(2), int64(1), int64(2)}), "applied 1", "applied 1")
	same(t, "one refers to nothing, one is there twice", write(t, e, connector.ModeAppend, d, []any{int64(3), int64(3), nil}, []any{int64(4), int64(99), nil}, []any{int64(5), nil, int64(1)}),
		"applied 1", "dead data.foreign-key next 23503", "dead data.unique u 23505")
	p := connector.Into{Table: public("p"), Columns: []string{"id", "t"}, Key: []string{"id"}}
	same(t, "no partition takes one", write(t, e, connector.ModeMerge, p, []any{int64(1), "x"}, []any{int64(11), "x"}), "applied 1", "dead data.check  23514")
	same(t, "all columns are left out", write(t, e, connector.ModeAppend, connector.Into{Table: public("log"), Columns: []string{"what"}}, []any{record.Missing}, []any{record.Missing}), "applied 1", "applied 1")
}

// Missing columns are untouched in merge, also NOT NULL ones without default.
func TestMergeOfSomeColumns(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int primary key, n int not null, t text default 'made')", "insert into public.a values (1, 10, 'old')")
	e := endpoint(t, url)
	a := connector.Into{Table: public("a"), Columns: []string{"id", "n", "t"}, Key: []string{"id"}}
	same(t, "became", write(t, e, connector.ModeMerge, a, []any{int64(1), record.Missing, "new"}, []any{int64(2), int64(20), record.Missing},
		[]any{int64(3), record.Missing, "x"}, []any{int64(1), record.Missing, record.Missing}), "applied 1", "applied 1", "dead data.not-null n 23502", "equal 0")
	same(t, "rows", pgtest.Column[string](t, url, "select a::text from public.a order by id"), "(1,10,new)", "(2,20,made)")
}

// Without PL/pgSQL, and for a role without other rights than those of its
// tables, bad records are found by savepoints.
func TestRecordsWithoutPLpgSQL(t *testing.T) {
	t.Parallel()
	super := pgtest.Database(t)
	pgtest.Exec(t, super, "drop extension plpgsql")
	url := pgtest.Login(t, super, "")
	pgtest.Exec(t, url, "create table public.a (id int primary key, t varchar(3))")
	e := endpoint(t, url)
	a := connector.Into{Table: public("a"), Columns: []string{"id", "t"}, Key: []string{"id"}}
	for _, mode := range []string{connector.ModeAppend, connector.ModeMerge} {
		pgtest.Exec(t, url, "truncate public.a")
		same(t, mode, write(t, e, mode, a, []any{int64(1), "x"}, []any{int64(2), "long"}, []any{int64(3), "y"}, []any{"b", "y"}),
			"applied 1", "dead data.too-long t 22001", "applied 1", "dead data.syntax id 22P02")
	}
}

// A backend that is killed while it writes leaves nothing, and the error says
// that the connection is lost.
func TestKilledWhileWriting(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int primary key)", "create table public.b (id int primary key)")
	e, other := endpoint(t, url), endpoint(t, url)
	k := markOf(9, 1)
	l, w, err := e.BeginRecords(patient(t), []record.MarkKey{k})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pid := l.(*load).s.conn.PgConn().PID()
	lock := loadOf(t, other)
	if err := lock.Exec(patient(t), "lock table public.b in access exclusive mode"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := w.WriteRecords(patient(t), connector.ModeAppend, []connector.Into{{Table: public("a"), Columns: []string{"id"}}, {Table: public("b"), Columns: []string{"id"}}},
			[]record.Mapped{{Rows: []record.Row{{Into: 0, Slots: []any{int64(1)}}, {Into: 1, Slots: []any{int64(1)}}}}})
		done <- err
	}()
	waitingFor(t, url, pid)
	pgtest.Exec(t, url, fmt.Sprintf("select pg_terminate_backend(%d, 10000)", pid))
	if err := <-done; fault.KindOf(err) != fault.Unavailable {
		t.Errorf("%v (%s), want unavailable", err, fault.CodeOf(err))
	}
	lock.Close()
	marks, err := e.Marks(patient(t), k.Run)
	if n := pgtest.Query[int](t, url, "select count(*) from public.a"); n != 0 || len(marks) != 0 || err != nil {
		t.Errorf("%d rows and marks %v are left (%v)", n, marks, err)
	}
}

// Values of a record never stand in what is said about it.
func TestRefusalsHoldNoValues(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create type public.mood as enum ('ok')",
		"create table public.a (id int primary key check (id > 0), t varchar(5), n numeric(4,2), d date, u uuid, j jsonb, m public.mood, b bool)")
	e := endpoint(t, url)
	l, w, err := e.BeginRecords(patient(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const canary = "kanarie"
	columns := []string{"id", "t", "n", "d", "u", "j", "m", "b"}
	var page []record.Mapped
	for i := range columns {
		slots := make([]any, len(columns))
		slots[0] = int64(i + 1)
		slots[i] = canary
		if columns[i] == "j" {
			slots[i] = canary + "\xff"
		}
		page = append(page, record.Mapped{Rows: []record.Row{{Slots: slots}}})
	}
	became, err := w.WriteRecords(patient(t), connector.ModeAppend, []connector.Into{{Table: public("a"), Columns: columns}}, page)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range became {
		if b.Outcome != record.Dead || b.Refusal.Field != columns[i] || strings.Contains(fmt.Sprint(*b.Refusal), canary) {
			t.Errorf("%s: %s %+v", columns[i], b.Outcome, b.Refusal)
		}
	}
}

func TestTargetTables(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create type public.mood as enum ('sad', 'ok')", "create domain public.pos as int not null default 1 check (value >= 1 and value <= 9)",
		"create table public.ref (id int primary key)", "insert into public.ref values (1), (2)",
		"create table public.large (id int primary key)", "insert into public.large select generate_series(1, 1001)",
		`create table public.a (id bigint generated always as identity, m public.mood, p public.pos, s char(1) check (s in ('a', 'b')),
			c char(3) check (c in ('a', 'b')), n numeric(8,2) check (n > 0 and n < 100), i int check (i > 0 and i < 100), r int references public.ref,
			l int references public.large, g int generated always as (i * 2) stored, u uuid unique, unique (i, u), v varchar(9)[])`)
	tables, err := endpoint(t, url).Tables(patient(t), []catalog.Name{public("a")})
	if err != nil {
		t.Fatal(err)
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	var got []string
	for _, c := range tables[0].Columns {
		got = append(got, fmt.Sprintf("%s %s %s %t %t %t%v%s %s..%s", c.Name, c.Type, c.Type.Native, c.NotNull, c.Default, c.Generated, c.In, c.From, text(c.Min), text(c.Max)))
	}
	same(t, "columns", got,
		"id int bigint true true false[] ..", `m public.mood public.mood false false false[sad ok]public.mood ..`, "p int public.pos true true false[] 1..9",
		"s text(1) character(1) false false false[a b]a_s_check ..", "c text(3) character(3) false false false[] ..",
		"n decimal(8,2) numeric(8,2) false false false[] 0..100", "i int integer false false false[] 1..99",
		"r int integer false false false[1 2]a_r_fkey ..", "l int integer false false false[] ..", "g int integer false false true[] ..",
		"u uuid uuid false false false[] ..", "v text(9)[] character varying(9)[] false false false[] ..")
	same(t, "unique", strings.Fields(fmt.Sprint(tables[0].Key, tables[0].Unique)), "[]", "[[u]", "[i", "u]]")
}

// Rows are appended to a table whose key the server makes.
func TestRecordsAppendedWithoutTheirKey(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.t (id int generated always as identity primary key, v text)")
	got := write(t, endpoint(t, url), connector.ModeAppend, connector.Into{Table: public("t"), Columns: []string{"v"}, Key: []string{"id"}}, []any{"a"}, []any{"b"})
	same(t, "became", got, "applied 1", "applied 1")
}

// Borders from the planner's histogram are in the order of the key's type, not
// of their texts: 9000 is before 10000. Else ranges would overlap.
func TestRecordsSplitByHistogram(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.n (id int primary key)", "insert into public.n select generate_series(1, 20000)", "analyze public.n")
	e := endpoint(t, url)
	ranges, err := e.Split(patient(t), connector.Query{Table: public("n"), Key: []string{"id"}}, 4)
	if err != nil || len(ranges) != 4 {
		t.Fatalf("%d ranges: %v", len(ranges), err)
	}
	seen := map[any]bool{}
	for _, q := range ranges {
		r, err := e.ReadRecords(patient(t), q, "")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, rec := range drain(t, r) {
			if n++; seen[rec.Slots[0]] {
				t.Fatalf("%v is in two ranges", rec.Slots[0])
			}
			seen[rec.Slots[0]] = true
		}
		if r.Close(); n < 4000 || n > 6000 {
			t.Errorf("a range of %d records of 20000", n)
		}
	}
	if len(seen) != 20000 {
		t.Errorf("%d records of 20000", len(seen))
	}
}
