package mapping

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/record"

	"github.com/google/go-cmp/cmp"
)

// people is a map that reads documents in every way there is.
func people() (*Map, Input) {
	in := books()
	in.Tables, in.Key, in.Version = nil, []string{"doc.id", "id"}, "doc.version"
	m := &Map{
		Filter: map[string]string{"out": "doc.doc.filtered == true"},
		Owner:  `doc.doc?.region`,
		Fields: []Field{
			{Name: "id", From: []string{"id"}},
			{Name: "version", From: []string{"doc.version"}},
			{Name: "first", From: []string{"doc.authors[0].name", "doc.name"}, Missing: "omit"},
			{Name: "last", Expr: "doc.doc.authors[-1]?.name"},
			{Name: "second", From: []string{"doc.tags[1]"}},
			{Name: "tags", From: []string{"doc.tags"}, Severity: "warn", Max: lit(int64(2))},
			{Name: "all", Expr: "len(doc.doc.notes ?? [])"},
			{Name: "people", List: List{Each: "doc.authors", Sort: "n"}, Fields: []Field{
				{Name: "name", From: []string{"name", "n"}}, {Name: "of", Expr: "parent.id"}, {Name: "from", Expr: "doc.doc.region"},
				{Name: "roles", List: List{Each: "tags"}, Fields: []Field{{Name: "r", Expr: `string(parent.id) + "/" + string(item)`}, {Name: "k", From: []string{"k"}}}},
			}},
			{Name: "counted", List: List{Each: "doc.list"}, Fields: []Field{{Name: "i", Expr: "index"}}},
			{Name: "part", From: []string{"doc.extra.deep"}},
		},
		Rules: []Rule{{Name: "state", Check: "doc.doc.state != 'x'", Field: "first", Owner: "doc.doc.name"}, {Name: "one", Unique: []string{"first"}}},
	}
	return m, in
}

// TestOpened: a record whose documents are read only as far as the map wants
// them becomes what it becomes with all of them, down to the words of its issues.
func TestOpened(t *testing.T) {
	t.Parallel()
	deep, deepIn, _ := nested()
	own, ownIn := people()
	for name, c := range map[string]struct {
		m  *Map
		in Input
	}{"books": {full(), books()}, "nested": {deep, deepIn}, "people": {own, ownIn}, "identity": {nil, Input{Source: books().Source}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := compiled(t, c.m, c.in)
			r := rand.New(rand.NewPCG(7, 8))
			whole, part := p.Worker(), p.Worker()
			rows := 0
			for n := range 4000 {
				unread, read := oddRecord(r, c.in.Source)
				part.Open(unread)
				want, got := whole.Map(read), part.Map(unread)
				rows += len(got.Rows)
				wanted := []any{want.Rows, want.Filtered, want.Reject, want.Issues, whole.Claims(), whole.Key(read), whole.Version(read)}
				if d := cmp.Diff(wanted, []any{got.Rows, got.Filtered, got.Reject, got.Issues, part.Claims(), part.Key(unread), part.Version(unread)}); d != "" {
					t.Fatalf("%d: %v: %s", n, unread.AsRead(), d)
				}
				kept, _ := record.Encode(c.in.Source, got.Record.AsRead())
				if all, _ := record.Encode(c.in.Source, read.Slots); string(kept) != string(all) {
					t.Fatalf("what was read is not kept: %s\n%s", kept, all)
				}
			}
			if rows == 0 {
				t.Error("no record had rows")
			}
		})
	}
}

// TestOpenBroken: what cannot be read exactly breaks its record, and all of that
// is kept.
func TestOpenBroken(t *testing.T) {
	t.Parallel()
	m, in := people()
	rec := record.Record{Slots: []any{int64(1), nil, nil, record.JSON(`{"nobody": {"a": 1, "a": 2}}`), nil, nil}}
	compiled(t, m, in).Worker().Open(&rec)
	if rec.Broken == nil || rec.Broken.Issue.Rule != record.Malformed || rec.Broken.Issue.Field != "doc" {
		t.Fatalf("%+v", rec.Broken)
	}
	if raw := string(rec.Broken.Raw); !strings.Contains(raw, `\"a\": 1, \"a\": 2`) {
		t.Errorf("not kept: %s", raw)
	}
}

// oddRecord is a record twice: with its documents unread, and read.
func oddRecord(r *rand.Rand, s *record.Schema) (unread, read *record.Record) {
	unread = &record.Record{Op: []record.Op{record.Create, record.Update, record.Delete}[r.IntN(8)/3], Key: "k", Slots: make([]any, len(s.Fields))}
	read = &record.Record{Op: unread.Op, Key: "k", Slots: make([]any, len(s.Fields))}
	for i, f := range s.Fields {
		var v any = fmt.Sprint(r.IntN(100))
		if f.Type.Kind == catalog.KindInt {
			v = int64(r.IntN(100))
		}
		if r.IntN(9) == 0 {
			v = nil
		}
		unread.Slots[i], read.Slots[i] = v, v
		if f.Type.Kind != catalog.KindJSON || v == nil {
			continue
		}
		text, err := record.EncodeJSON(oddDocument(r, 4, true))
		if err != nil {
			panic(err)
		}
		unread.Slots[i] = record.JSON(text)
		read.Slots[i], _ = record.DecodeJSON(text)
	}
	return unread, read
}

var oddNames = []string{"id", "n", "name", "k", "title", "tags", "authors", "people", "state", "isbn", "region", "skip", "filtered", "version", "list",
	"meta", "synopsis", "description", "price", "amount", "technical", "width", "height", "created", "audience", "extra", "deep", "nobody"}

// oddDocument has some of the names that maps read, with values of the kind
// that is expected there, or of another one.
func oddDocument(r *rand.Rand, depth int, document bool) any {
	switch kind := r.IntN(10); {
	case depth > 0 && (document && kind < 9 || kind < 4):
		doc := record.Object{}
		for range r.IntN(12) {
			name := oddNames[r.IntN(len(oddNames))]
			doc[name] = oddDocument(r, depth-1, false)
			if r.IntN(3) > 0 {
				doc[name] = expected(r, name, depth-1)
			}
		}
		return doc
	case depth > 0 && kind < 6:
		return oddList(r, depth)
	}
	return []any{nil, true, int64(r.IntN(9)), record.Decimal("1.50"), "x", "new", "2020-01-01", ""}[r.IntN(8)]
}

func oddList(r *rand.Rand, depth int) []any {
	list := []any{}
	for range r.IntN(4) {
		list = append(list, oddDocument(r, depth-1, r.IntN(4) > 0))
	}
	return list
}

func expected(r *rand.Rand, name string, depth int) any {
	switch name {
	case "authors", "people", "list":
		return oddList(r, depth)
	case "tags", "audience":
		return []any{"a", "b", "c"}[:r.IntN(4)]
	case "meta", "technical", "extra", "price":
		return oddDocument(r, depth, true)
	case "n", "id", "version", "width", "height":
		return int64(r.IntN(50))
	case "filtered", "skip":
		return r.IntN(5) == 0
	}
	return "text"
}
