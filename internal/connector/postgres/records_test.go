package postgres

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"
)

// drain reads all pages.
func drain(t testing.TB, r connector.RecordReader) []record.Record {
	t.Helper()
	var all []record.Record
	for {
		p, err := r.Next(patient(t))
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Records...)
		if r.Count() != int64(len(all)) {
			t.Fatalf("count is %d after %d records", r.Count(), len(all))
		}
	}
}

func readAll(t testing.TB, e *Endpoint, q connector.Query) []record.Record {
	t.Helper()
	r, err := e.ReadRecords(patient(t), q, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return drain(t, r)
}

func TestRecordsFirst(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.a (id int primary key, n numeric(10,2), t varchar(20), at timestamptz, d date, j jsonb, l int[], x uuid)",
		"insert into public.a select i, i/3.0, 'row '||i, now(), '2024-01-01', '{\"a\":[1,2.50]}', array[1,null], gen_random_uuid() from generate_series(1,5000) i")
	e := endpoint(t, url)
	for _, q := range []connector.Query{
		{Table: public("a"), Key: []string{"id"}},
		{Table: public("a"), Where: "id > :least /* :no */", Args: map[string]any{"least": int64(100)}, Key: []string{"n", "id"}},
		{SQL: "select * from a where t like 'row%' and id <> :x.y; -- end", Args: map[string]any{"x.y": "7"}, Key: []string{"id"}},
	} {
		s, err := e.Describe(patient(t), q)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(s)
		all := readAll(t, e, q)
		t.Log(len(all), all[0])
		parts, err := e.Split(patient(t), q, 4)
		t.Log(parts, err)
		n := 0
		for _, p := range parts {
			n += len(readAll(t, e, p))
		}
		if n != len(all) {
			t.Error(n, len(all))
		}
	}
	_, err := e.Describe(patient(t), connector.Query{SQL: "select *\n from a\n where idd = 1"})
	t.Logf("%v %+v", err, err)
	fmt.Println()
}

func mapped(rows ...record.Row) record.Mapped { return record.Mapped{Rows: rows} }

func row(into int, slots ...any) record.Row { return record.Row{Into: into, Slots: slots} }

// written writes one page in a load of its own and commits it.
func written(t testing.TB, e *Endpoint, mode string, into []connector.Into, page ...record.Mapped) []connector.Became {
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
	return became
}

func TestWriteFirst(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table public.r (c text primary key)", "insert into public.r values ('x'), ('y')",
		"create table public.a (id int primary key, n numeric(10,2) check (n > 0), t varchar(5) not null, c text references public.r, j jsonb, d date default '2020-01-01')",
		"create table public.b (a int references public.a, pos int, what text, primary key (a, pos))",
		"insert into public.a values (100, 1, 'old')")
	e := endpoint(t, url)
	into := []connector.Into{{Table: public("a"), Columns: []string{"id", "n", "t", "c", "j", "d"}, Key: []string{"id"}},
		{Table: public("b"), Columns: []string{"a", "pos", "what"}, Key: []string{"a", "pos"}, Parent: []string{"a"}}}
	page := []record.Mapped{
		mapped(row(0, int64(1), record.Decimal("1.5"), "ok", "x", record.Object{"a": []any{int64(1)}}, record.Missing), row(1, int64(1), int64(1), "one"), row(1, int64(1), int64(2), "tab\tand\\")),
		mapped(row(0, int64(2), record.Decimal("1.5"), "too long", "x", nil, nil)),
		mapped(row(0, int64(3), record.Decimal("-1.5"), "ok", "x", nil, nil)),
		mapped(row(0, int64(4), record.Decimal("1.5"), nil, "x", nil, nil)),
		mapped(row(0, int64(5), record.Decimal("1.5"), "ok", "z", nil, nil)),
		mapped(row(0, int64(6), "what", "ok", "x", nil, nil)),
		mapped(row(0, int64(100), record.Decimal("1.5"), "ok", "x", nil, nil)),
		mapped(row(0, int64(7), record.Decimal("1.5"), "o\x00", "x", nil, nil)),
		mapped(row(0, int64(8), record.Decimal("1.5"), "ok", "x", nil, nil), row(1, int64(8), nil, "one")),
		mapped(row(0, int64(9), record.Decimal("1.5"), "ok", "y", nil, nil), row(1, int64(9), int64(1), "one")),
	}
	for i, b := range written(t, e, "append", into, page...) {
		t.Logf("%d %+v %+v", i, b, b.Refusal)
	}
	t.Log(pgtest.Column[string](t, url, "select a::text from public.a"), pgtest.Column[string](t, url, "select b::text from public.b"))
	for range 2 {
		for i, b := range written(t, e, "merge", into, page...) {
			t.Logf("%d %+v %+v", i, b, b.Refusal)
		}
		t.Log(pgtest.Column[string](t, url, "select a::text from public.a"), pgtest.Column[string](t, url, "select b::text from public.b"))
	}
	tables, err := e.Tables(patient(t), []catalog.Name{public("a")})
	t.Logf("%+v %v", tables, err)
	_, err = e.Tables(patient(t), []catalog.Name{public("aa")})
	t.Logf("%+v", err)
}
