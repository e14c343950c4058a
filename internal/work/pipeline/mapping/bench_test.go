package mapping

import (
	"fmt"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/record"

	"golang.org/x/sys/unix"
)

// wide is a table of 20 columns that goes to one of 20, with lengths,
// precisions, checks and two expressions.
func wide() (*Map, Input, *record.Record) {
	in := Input{Source: &record.Schema{}, Tables: []catalog.TargetTable{{Name: catalog.Name{Schema: "s", Object: "t"}}}}
	m := &Map{}
	rec := &record.Record{Op: record.Create, Key: "1"}
	add := func(f Field, from, to catalog.Type, v any) {
		f.Name = fmt.Sprintf("c%d", len(m.Fields))
		if f.Expr == "" {
			f.From = []string{f.Name}
		}
		m.Fields = append(m.Fields, f)
		in.Source.Fields = append(in.Source.Fields, record.Field{Name: f.Name, Type: from})
		in.Tables[0].Columns = append(in.Tables[0].Columns, catalog.TargetColumn{Name: f.Name, Type: to, NotNull: len(m.Fields)%2 == 1})
		rec.Slots = append(rec.Slots, v)
	}
	text, integer := kind(catalog.KindText), catalog.Type{Kind: catalog.KindInt, Length: 8}
	amount := catalog.Type{Kind: catalog.KindDecimal, Precision: 12, Scale: 2}
	for i := range 4 {
		add(Field{Required: true}, integer, catalog.Type{Kind: catalog.KindInt, Length: 4}, int64(1000+i))
		add(Field{Convert: Converts{{Name: "trim"}}, Max: lit(int64(100))}, text, catalog.Type{Kind: catalog.KindText, Length: 200}, "a text of some words")
		add(Field{Min: lit(int64(0))}, amount, amount, record.Decimal("12345.67"))
		add(Field{}, kind(catalog.KindTimestamp), kind(catalog.KindTimestamp), time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC))
	}
	add(Field{In: []Literal{{Value: "new"}, {Value: "old"}}}, text, text, "old")
	add(Field{Convert: Converts{{Name: "date", Args: []string{"2006-01-02"}}}}, text, kind(catalog.KindDate), "2024-02-29")
	add(Field{Expr: "doc.c0 * 2 + 1"}, integer, integer, int64(5))
	add(Field{Expr: `doc.c1 + "/" + (doc.c5 ?? "")`}, text, text, "x")
	return m, in, rec
}

// nested is a document of about 2 KB and a map of 20 fields out of it, with a
// list of rows.
func nested() (*Map, Input, *record.Record) {
	doc := record.Object{"title": "  The title of it ", "kind": "video", "created": "24 Jun 2021 10:48:41", "size": int64(9007199254740993), "audience": []any{"adult", "all"},
		"meta":      record.Object{"synopsis": nil, "description": "A longer text that says what it is about, in one or two sentences of usual length.", "price": record.Object{"amount": record.Decimal("12.50"), "currency": "eur"}},
		"technical": record.Object{"format": "mxf", "width": int64(1920), "height": int64(1080)}}
	var people []any
	for i := range 8 {
		people = append(people, record.Object{"id": int64(i), "name": fmt.Sprintf("Person %d", i), "role": "actor", "note": "some words about the person that nobody reads"})
	}
	doc["people"] = people
	in := Input{
		Source: &record.Schema{Fields: []record.Field{{Name: "id", Type: kind(catalog.KindInt)}, {Name: "doc", Type: kind(catalog.KindJSON)}}},
		Tables: []catalog.TargetTable{{Name: catalog.Name{Schema: "s", Object: "asset"}}, {Name: catalog.Name{Schema: "s", Object: "person"}}},
	}
	m := &Map{Rows: []Rows{{Into: "s.person", Each: "doc.people", Key: []string{"asset", "pos"}, Fields: []Field{
		{Name: "asset", Expr: "parent.c0"}, {Name: "pos", Expr: "index"}, {Name: "name", From: []string{"name"}, Convert: Converts{{Name: "trim"}}}}}}}
	text, integer := kind(catalog.KindText), catalog.Type{Kind: catalog.KindInt, Length: 8}
	add := func(t catalog.Type, f Field) {
		f.Name = fmt.Sprintf("c%d", len(m.Fields))
		m.Fields = append(m.Fields, f)
		in.Tables[0].Columns = append(in.Tables[0].Columns, catalog.TargetColumn{Name: f.Name, Type: t})
	}
	add(integer, Field{From: []string{"id"}, Required: true})
	for range 4 {
		add(text, Field{From: []string{"doc.title"}, Convert: Converts{{Name: "trim"}}, Max: lit(int64(200))})
		add(text, Field{From: []string{"doc.meta.synopsis", "doc.meta.description"}})
		add(catalog.Type{Kind: catalog.KindDecimal, Precision: 12, Scale: 4}, Field{From: []string{"doc.meta.price.amount"}, Min: lit(int64(0))})
	}
	add(kind(catalog.KindTimestamp), Field{From: []string{"doc.created"}, Convert: Converts{{Name: "date", Args: []string{"2 Jan 2006 15:04:05"}}}})
	add(text, Field{From: []string{"doc.meta.price.currency"}, Convert: Converts{{Name: "upper"}}, In: []Literal{{Value: "EUR"}, {Value: "USD"}}})
	add(integer, Field{From: []string{"doc.size"}})
	add(kind(catalog.KindBool), Field{Expr: `"adult" in (doc.doc.audience ?? [])`})
	add(kind(catalog.KindBool), Field{Expr: "(doc.doc.technical?.height ?? 0) >= 720"})
	add(text, Field{Expr: `string(doc.doc.technical?.width) + "x" + string(doc.doc.technical?.height)`})
	add(kind(catalog.KindJSON), Field{From: []string{"doc.technical"}})
	in.Tables[1].Columns = []catalog.TargetColumn{{Name: "asset", Type: integer}, {Name: "pos", Type: integer}, {Name: "name", Type: text}}
	return m, in, &record.Record{Op: record.Create, Key: "1", Slots: []any{int64(1), doc}}
}

func bench(b *testing.B, m *Map, in Input, rec *record.Record) {
	p, problems := Compile(m, in)
	if p == nil {
		b.Fatal(problems)
	}
	w := p.Worker()
	if got := w.Map(rec); len(got.Issues) > 0 {
		b.Fatal(got.Issues)
	}
	b.ReportAllocs()
	start := cpu()
	for b.Loop() {
		w.Map(rec)
	}
	b.ReportMetric(float64(cpu()-start)/float64(b.N), "cpu-ns/op")
}

// cpu is what the process has used so far, in nanoseconds: other work on the
// machine does not count.
func cpu() int64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func BenchmarkWide(b *testing.B) {
	m, in, rec := wide()
	bench(b, m, in, rec)
}

func BenchmarkDocument(b *testing.B) {
	m, in, rec := nested()
	bench(b, m, in, rec)
}

func BenchmarkCompile(b *testing.B) {
	m, in, _ := wide()
	for b.Loop() {
		Compile(m, in)
	}
}
