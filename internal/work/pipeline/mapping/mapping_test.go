package mapping

import (
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/record"

	"github.com/google/go-cmp/cmp"
)

func kind(k catalog.Kind) catalog.Type { return catalog.Type{Kind: k} }

// books is a source of documents and two tables.
func books() Input {
	price := catalog.Type{Kind: catalog.KindDecimal, Precision: 6, Scale: 2}
	return Input{
		Source: &record.Schema{Fields: []record.Field{
			{Name: "id", Type: catalog.Type{Kind: catalog.KindInt, Length: 8}},
			{Name: "title", Type: kind(catalog.KindText), Null: true},
			{Name: "short", Type: kind(catalog.KindText), Null: true},
			{Name: "doc", Type: kind(catalog.KindJSON), Null: true},
			{Name: "price", Type: kind(catalog.KindDecimal), Null: true},
			{Name: "born", Type: kind(catalog.KindText), Null: true},
		}},
		Tables: []catalog.TargetTable{
			{Name: catalog.Name{Schema: "public", Object: "book"}, Key: []string{"id"}, Columns: []catalog.TargetColumn{
				{Name: "id", Type: catalog.Type{Kind: catalog.KindInt, Length: 4}, NotNull: true},
				{Name: "title", Type: catalog.Type{Kind: catalog.KindText, Length: 10}, NotNull: true},
				{Name: "price", Type: price},
				{Name: "born", Type: kind(catalog.KindDate)},
				{Name: "extra", Type: kind(catalog.KindJSON)},
				{Name: "state", Type: kind(catalog.KindText), In: []string{"new", "old"}, From: "book_state_check", Default: true, NotNull: true},
				{Name: "n", Type: catalog.Type{Kind: catalog.KindInt, Length: 4}},
				{Name: "made", Type: kind(catalog.KindInt), Generated: true},
			}},
			{Name: catalog.Name{Schema: "public", Object: "author"}, Columns: []catalog.TargetColumn{
				{Name: "book_id", Type: catalog.Type{Kind: catalog.KindInt, Length: 4}, NotNull: true},
				{Name: "pos", Type: catalog.Type{Kind: catalog.KindInt, Length: 4}, NotNull: true},
				{Name: "name", Type: catalog.Type{Kind: catalog.KindText, Length: 5}, NotNull: true},
			}},
		},
		Env: map[string]any{"inputs": map[string]any{"factor": int64(3)}, "env": map[string]any{"name": "test"}},
		Key: []string{"id"},
	}
}

func lit(v any) *Literal { return &Literal{Value: v} }

func full() *Map {
	return &Map{
		At:     "maps/book.yaml:1:1",
		Filter: map[string]string{"old": `doc.born != nil and date(doc.born) < date("1900-01-01")`},
		Owner:  `doc.doc?.region ?? "nobody"`,
		Fields: []Field{
			{Name: "id", From: []string{"id"}, Required: true, Printable: true},
			{Name: "title", From: []string{"title", "short"}, Convert: Converts{{Name: "trim"}, {Name: "collapse"}}, Required: true},
			{Name: "price", From: []string{"price"}, Expr: "value * 1.5", Min: lit(int64(0))},
			{Name: "born", From: []string{"born"}},
			{Name: "extra.tags", From: []string{"doc.tags"}, Missing: "omit"},
			{Name: "extra.isbn.text", From: []string{"doc.isbn"}, Type: "text"},
			{Name: "state", From: []string{"doc.state"}, Default: lit("new")},
			{Name: "n", Expr: "inputs.factor * (doc.doc.n ?? 0)"},
		},
		Rows: []Rows{{Into: "author", Each: "doc.authors", Key: []string{"book_id", "pos"}, When: "item.skip != true", Fields: []Field{
			{Name: "book_id", Expr: "parent.id"}, {Name: "pos", Expr: "index"}, {Name: "name", From: []string{"name"}},
		}}},
		Rules: []Rule{
			{Name: "cheap", Check: "record.price == nil or record.price < 1000", Field: "price", Hint: "too dear", At: "maps/book.yaml:40:3"},
			{Name: "titles", Unique: []string{"title"}, Severity: "warn"},
		},
	}
}

func compiled(t *testing.T, m *Map, in Input) *Program {
	t.Helper()
	p, problems := Compile(m, in)
	for _, problem := range problems {
		t.Error(problem)
	}
	if p == nil {
		t.FailNow()
	}
	return p
}

func TestMap(t *testing.T) {
	t.Parallel()
	p := compiled(t, full(), books())
	m := p.Worker().Map(&record.Record{Op: record.Create, Key: "7", Slots: []any{
		int64(7), nil, "  A   b ", record.Object{
			"tags": []any{"x", int64(1)}, "isbn": int64(12), "n": int64(4),
			"authors": []any{record.Object{"name": "Ann"}, record.Object{"skip": true}, record.Object{"name": "Bob"}},
		}, record.Decimal("12.50"), "2001-02-03",
	}})
	want := []record.Row{
		{Slots: []any{int64(7), "A b", record.Decimal("18.750"), time.Date(2001, 2, 3, 0, 0, 0, 0, time.UTC), record.Object{"isbn": record.Object{"text": "12"}, "tags": []any{"x", int64(1)}}, "new", int64(12)}},
		{Into: 1, Slots: []any{int64(7), int64(0), "Ann"}},
		{Into: 1, Slots: []any{int64(7), int64(2), "Bob"}},
	}
	if len(m.Issues) > 0 || m.Reject {
		t.Error(m.Issues)
	}
	if d := cmp.Diff(want, m.Rows); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"id", "title", "price", "born", "extra", "state", "n"}, p.Columns(0)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"book_id", "pos", "name"}, p.Columns(1)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"book_id"}, p.Parent(1)); d != "" {
		t.Error(d)
	}
}
