package postgres

import (
	"context"
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"
)

// through reads a table and writes its records into another one of the same
// shape; both must hold the same texts then.
func through(t *testing.T, url string, e *Endpoint, from, into catalog.Name) {
	t.Helper()
	r, err := e.ReadRecords(patient(t), connector.Query{Table: from}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	to := connector.Into{Table: into}
	for _, f := range r.Schema().Fields {
		to.Columns = append(to.Columns, f.Name)
	}
	l, w, err := e.BeginRecords(patient(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var page []record.Mapped
	for _, rec := range drain(t, r) {
		page = append(page, record.Mapped{Record: rec, Rows: []record.Row{{Slots: rec.Slots}}})
	}
	became, err := w.WriteRecords(patient(t), connector.ModeAppend, []connector.Into{to}, page)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range became {
		if b.Outcome != record.Applied {
			t.Errorf("%s: record %d is %s: %+v\n%v", from, i, b.Outcome, b.Refusal, page[i].Rows[0].Slots)
		}
	}
	if err := l.Commit(patient(t), nil); err != nil {
		t.Fatal(err)
	}
	differ := pgtest.Column[string](t, url, fmt.Sprintf("(select t::text from %[1]s t except all select t::text from %[2]s t) union all (select t::text from %[2]s t except all select t::text from %[1]s t)", from.SQL(), into.SQL()))
	if len(differ) > 0 {
		t.Errorf("%s: %d rows differ: %.500s", from, len(differ), strings.Join(differ, "\n"))
	}
}

// TestRecordsOfEveryType moves nearly every type there is, with its edges,
// through the values of records and back.
func TestRecordsOfEveryType(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	ensurePostgresRole(t, url)
	pgtest.Load(t, url, "data/pg-types/pg_types.sql")
	e := endpoint(t, url)
	for _, name := range pgtest.Column[string](t, url, "select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1") {
		pgtest.Exec(t, url, fmt.Sprintf(`create table "copy of %s" (like public.%s)`, name, catalog.Quote(name)))
		through(t, url, e, public(name), public("copy of "+name))
	}
}

func ensurePostgresRole(t *testing.T, url string) {
	t.Helper()
	pgtest.Exec(t, url, "do $$ begin create role postgres; exception when duplicate_object or unique_violation then null; end $$")
}

// TestRecordValues reads one value of each form that a record's value has.
func TestRecordValues(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create type public.mood as enum ('sad', 'ok')", "create domain public.short as varchar(3) check (value <> 'no')",
		"create domain public.counts as int[]", "create type public.two as (a int, b text)")
	e := endpoint(t, url)
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		sql  string
		typ  string
		want any
	}{
		{"null::int", "int", nil},
		{"true", "bool", true},
		{"(-32768)::int2", "int", int64(-32768)},
		{"9223372036854775807", "int", int64(math.MaxInt64)},
		{"0.1::float4", "float", 0.1},
		{"1e300::float8", "float", 1e300},
		{"'-Infinity'::float4", "float", math.Inf(-1)},
		{"12.50::numeric(5,2)", "decimal(5,2)", record.Decimal("12.50")},
		{"1250::numeric(5,-1)", "decimal(5,-1)", record.Decimal("1250")},
		{"123456789012345678901234567890.10", "decimal", record.Decimal("123456789012345678901234567890.10")},
		{"'NaN'::numeric", "decimal", "NaN"},
		{"'a\U0001f600'::text", "text", "a\U0001f600"},
		{"'ab'::char(4)", "text(4)", "ab  "},
		{"'abc'::public.short", "text(3)", "abc"},
		{`'\x00ff'::bytea`, "bytes", []byte{0, 255}},
		{"''::bytea", "bytes", []byte{}},
		{"'2024-02-29'::date", "date", day},
		{"'infinity'::date", "date", "infinity"},
		{"'0044-03-15 BC'::date", "date", "0044-03-15 BC"},
		{"'10000-01-01'::date", "date", "10000-01-01"},
		{"'2024-02-29 13:14:15.123456'::timestamp", "timestamp", time.Date(2024, 2, 29, 13, 14, 15, 123456000, time.UTC)},
		{"'1969-12-31 23:59:59.999999+00'::timestamptz", "timestamptz", time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC)},
		{"'0044-03-15 12:00:00.5+00 BC'::timestamptz", "timestamptz", "0044-03-15 12:00:00.5+00 BC"},
		{"'-infinity'::timestamp", "timestamp", "-infinity"},
		{"'13:14:15.5'::time", "time", "13:14:15.5"},
		{"'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{`'{"a":[1,1.0,12345678901234567890,null,"x"]}'::json`, "json", record.Object{"a": []any{int64(1), record.Decimal("1.0"), record.Decimal("12345678901234567890"), nil, "x"}}},
		{`'"text"'::jsonb`, "json", "text"},
		{`array['a', null, '', 'NULL', '"', '\', '{,}']`, "text[]", []any{"a", nil, "", "NULL", `"`, `\`, "{,}"}},
		{"'{{1,2},{3,4}}'::public.counts", "int[]", []any{[]any{int64(1), int64(2)}, []any{int64(3), int64(4)}}},
		{"'[0:1]={1,2}'::int[]", "int[]", "[0:1]={1,2}"},
		{"array['2024-02-29'::date, 'infinity']", "date[]", []any{day, "infinity"}},
		{`array['\x01'::bytea]`, "bytes[]", []any{[]byte{1}}},
		{`array['{"a": 1}'::jsonb]`, "json[]", []any{record.Object{"a": int64(1)}}},
		{"'ok'::public.mood", "mood", "ok"},
		{"'1 day'::interval", "interval", "1 day"},
		{"row(1, 'x')::public.two", "two", "(1,x)"},
		{"'{(1,1),(0,0);(2,2),(1,1)}'::box[]", "box[]", []any{"(1,1),(0,0)", "(2,2),(1,1)"}},
	} {
		r, err := e.ReadRecords(patient(t), connector.Query{SQL: "select " + c.sql + " as v"}, "")
		if err != nil {
			t.Fatal(c.sql, err)
		}
		all := drain(t, r)
		if got := r.Schema().Fields[0].Type.String(); got != c.typ {
			t.Errorf("%s: type %s, want %s", c.sql, got, c.typ)
		}
		if diff := cmp.Diff(c.want, all[0].Slots[0], cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.sql, diff)
		}
		r.Close()
	}
}

// wide is a table of 20 columns as they are met in practice.
const wide = `create table public.%s (id bigint primary key, a int, b int, c numeric(12,2), d numeric(12,2), e float8, f bool, g text, h text, i varchar(50),
	j varchar(50), k date, l date, m timestamptz, n timestamptz, o timestamp, p uuid, q text, r int, s text)`

func fillWide(t testing.TB, url, table string, n int) {
	pgtest.Exec(t, url, fmt.Sprintf(wide, table), fmt.Sprintf(`insert into public.%s select i, i, i*7, i/3.0, i/7.0, i/11.0, i%%2=0, 'text '||i, 'a longer text of number '||i, 'name '||i,
		'street '||i, '2020-01-01'::date+i%%1000, '2021-01-01', now(), '2022-03-04 05:06:07.891+00', '2022-01-01 10:00', gen_random_uuid(), case when i%%3=0 then 'x' end, i%%10, 'DE' from generate_series(1,%d) i`, table, n))
}

func BenchmarkReadRecords(b *testing.B) {
	url := pgtest.Database(b)
	const rows = 20000
	fillWide(b, url, "wide", rows)
	e := endpoint(b, url)
	q := connector.Query{Table: public("wide"), Key: []string{"id"}}
	b.ReportAllocs()
	cpu := cpuTime(b)
	for b.Loop() {
		r, err := e.ReadRecords(b.Context(), q, "")
		if err != nil {
			b.Fatal(err)
		}
		if n := len(drain(b, r)); n != rows {
			b.Fatal(n)
		}
		r.Close()
	}
	perRecord(b, rows, cpu)
}

// perRecord adds figures for one record: the time it took, and the CPU of this
// process alone.
func perRecord(b *testing.B, rows int, cpu time.Duration) {
	n := float64(b.N * rows)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/record")
	b.ReportMetric(float64((cpuTime(b)-cpu).Nanoseconds())/n, "cpu-ns/record")
	b.ReportMetric(0, "ns/op")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkWriteRecords(b *testing.B) {
	for _, mode := range []string{connector.ModeAppend, "append with 5 of 100 refused", "merge of new", "merge of same", "merge with 5 of 100 refused"} {
		b.Run(mode, func(b *testing.B) { benchmarkWrite(b, mode) })
	}
}

func benchmarkWrite(b *testing.B, mode string) {
	url := pgtest.Database(b)
	const rows = 10000
	fillWide(b, url, "wide", rows)
	pgtest.Exec(b, url, fmt.Sprintf(wide, "into"))
	e := endpoint(b, url)
	r, err := e.ReadRecords(b.Context(), connector.Query{Table: public("wide"), Key: []string{"id"}}, "")
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	into := []connector.Into{{Table: public("into"), Key: []string{"id"}}}
	for _, f := range r.Schema().Fields {
		into[0].Columns = append(into[0].Columns, f.Name)
	}
	var page []record.Mapped
	for _, rec := range drain(b, r) {
		page = append(page, record.Mapped{Record: rec, Rows: []record.Row{{Slots: rec.Slots}}})
	}
	as := connector.ModeMerge
	if strings.HasPrefix(mode, connector.ModeAppend) {
		as = connector.ModeAppend
	}
	if mode == "merge of same" {
		pgtest.Exec(b, url, "insert into public.into select * from public.wide")
	}
	if strings.HasSuffix(mode, "refused") {
		pgtest.Exec(b, url, "alter table public.into add check (id % 20 <> 1)")
	}
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	b.ReportAllocs()
	cpu := cpuTime(b)
	for b.Loop() {
		if mode != "merge of same" {
			b.StopTimer()
			if _, err := conn.Exec(b.Context(), "truncate public.into"); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		l, w, err := e.BeginRecords(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		for at := 0; at < rows; at += 1000 {
			became, err := w.WriteRecords(b.Context(), as, into, page[at:at+1000])
			if err != nil || (became[0].Refusal != nil) != strings.HasSuffix(mode, "refused") {
				b.Fatal(err, became[0].Refusal)
			}
		}
		if err := l.Commit(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
		l.Close()
	}
	perRecord(b, rows, cpu)
}
