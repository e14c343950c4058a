package mapping

import (
	"fmt"
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/record"

	"github.com/google/go-cmp/cmp"
)

// one maps a record of the books by a map of one field for title.
func one(t *testing.T, f Field, slots ...any) record.Mapped {
	t.Helper()
	f.Name = "title"
	p := compiled(t, &Map{Fields: []Field{{Name: "id", From: []string{"id"}}, f}}, books())
	rec := &record.Record{Op: record.Create, Slots: []any{int64(1), nil, nil, nil, nil, nil}}
	copy(rec.Slots[1:], slots)
	return p.Worker().Map(rec)
}

func brief(issues []record.Issue) []string {
	var out []string
	for _, i := range issues {
		out = append(out, fmt.Sprintf("%s %s %s: %s", i.Severity, i.Field, i.Rule, i.Text))
	}
	return out
}

func TestAllIssuesOfARecord(t *testing.T) {
	t.Parallel()
	p := compiled(t, full(), books())
	m := p.Worker().Map(&record.Record{Op: record.Create, Slots: []any{
		int64(1) << 40, " ", nil, record.Object{"state": "gone", "n": "x", "tags": []byte{1}, "region": "north",
			"authors": []any{record.Object{"name": "Benjamin"}, "text", record.Object{}}},
		record.Decimal("9999.99"), "2001-02-30",
	}})
	want := []string{
		"error filter old expr: date: the value is no date or time that exists",
		"error id range: is not between -2147483648 and 2147483647",
		"error price precision: would be rounded to decimal(6,2)",
		"error born type: is no date or time that exists",
		"error extra.tags type: is bytes, which a document cannot hold",
		"error state enum: is none of new, old, says book_state_check",
		"error n expr: a whole number * a text is not possible",
		"error doc.authors[0].name too-long: has 8 characters, 5 fit",
		"error doc.authors[1].name type: what name is read from is a single value",
		"error doc.authors[2].name not-null: is null, which the column may not be",
	}
	got := brief(m.Issues)
	var kept []string
	for _, g := range got {
		if !strings.Contains(g, "book_id") {
			kept = append(kept, g)
		}
	}
	if d := cmp.Diff(want, kept); d != "" {
		t.Error(d)
	}
	if !m.Reject || m.Rows != nil {
		t.Error("a record with errors has rows")
	}
	for _, i := range m.Issues {
		if i.Owner != "north" {
			t.Error(i)
		}
		if i.Field != "id" && strings.Contains(i.Value+i.Text, "Benjamin") {
			t.Error("shown: ", i)
		}
	}
	if m.Issues[1].Value != "1099511627776" {
		t.Error("id is printable:", m.Issues[1].Value)
	}
}

// TestFourThings: missing, null, an empty and a blank text are never the same.
func TestFourThings(t *testing.T) {
	t.Parallel()
	in := books()
	in.Tables[0].Columns[1].NotNull = false
	for _, c := range []struct {
		field Field
		doc   record.Object
		want  any
	}{
		{Field{}, record.Object{}, nil},
		{Field{}, record.Object{"t": nil}, nil},
		{Field{}, record.Object{"t": ""}, ""},
		{Field{}, record.Object{"t": "  "}, "  "},
		{Field{Missing: "omit"}, record.Object{}, record.Missing},
		{Field{Missing: "omit"}, record.Object{"t": nil}, nil},
		{Field{Missing: "omit"}, nil, record.Missing},
		{Field{Default: lit("x")}, record.Object{}, "x"},
		{Field{Default: lit("x")}, record.Object{"t": nil}, "x"},
		{Field{Default: lit("x")}, record.Object{"t": ""}, ""},
		{Field{Convert: Converts{{Name: "blank_to_null"}}}, record.Object{"t": " "}, nil},
		{Field{Convert: Converts{{Name: "trim"}}}, record.Object{"t": " "}, ""},
		{Field{Missing: "reject"}, record.Object{}, "missing: is not there"},
		{Field{Missing: "reject"}, record.Object{"t": nil}, nil},
		{Field{Required: true}, record.Object{"t": nil}, "required: is null"},
		{Field{Required: true}, record.Object{"t": ""}, ""},
	} {
		c.field.Name, c.field.From = "title", []string{"doc.t"}
		p := compiled(t, &Map{Fields: []Field{{Name: "id", From: []string{"id"}}, c.field}}, in)
		var doc any
		if c.doc != nil {
			doc = c.doc
		}
		m := p.Worker().Map(&record.Record{Op: record.Create, Slots: []any{int64(1), nil, nil, doc, nil, nil}})
		var got any
		if m.Reject {
			got = m.Issues[0].Rule + ": " + m.Issues[0].Text
		} else {
			got = m.Rows[0].Slots[1]
		}
		if got != c.want {
			t.Errorf("%+v of %v: %v, want %v", c.field, c.doc, got, c.want)
		}
	}
	m := compiled(t, &Map{Nulls: "omit", Fields: []Field{{Name: "id", From: []string{"id"}}, {Name: "title", From: []string{"title"}}}}, in).
		Worker().Map(&record.Record{Op: record.Create, Slots: []any{int64(1), nil, nil, nil, nil, nil}})
	if m.Rows[0].Slots[1] != record.Missing {
		t.Error("nulls: omit wrote", m.Rows[0].Slots[1])
	}
}

func TestChecks(t *testing.T) {
	t.Parallel()
	from := []string{"title"}
	for _, c := range []struct {
		field Field
		v     any
		want  string
	}{
		{Field{From: from, Min: lit(int64(2))}, "a", "min: is shorter than 2"},
		{Field{From: from, Max: lit(int64(2))}, "äöü", "max: is longer than 2"},
		{Field{From: from, Max: lit(int64(3))}, "äöü", ""},
		{Field{From: from, Match: "^[0-9]+$"}, "12x", "match: does not match ^[0-9]+$"},
		{Field{From: from, In: []Literal{{Value: "a"}, {Value: "b"}}}, "c", "in: is none of a, b"},
		{Field{From: from, In: []Literal{{Value: int64(1)}}}, "1", ""},
		{Field{From: from, Type: "int", Max: lit(int64(5))}, "6", "max: is more than 5"},
		{Field{From: from, Type: "decimal", Min: lit(record.Decimal("0.5"))}, "0.49", "min: is less than 0.5"},
		{Field{From: from, Type: "date", Min: lit("2024-01-01")}, "2023-12-31", "min: is less than 2024-01-01"},
		{Field{From: from, Convert: Converts{{Name: "digits"}}}, "x", "convert: digits: holds no digit"},
		{Field{From: from, Expr: `value == "x" ? fail("is x") : value`}, "x", "expr: is x"},
		{Field{From: from, Expr: `value + "!"`}, "x", ""},
	} {
		m := one(t, c.field, c.v)
		got := ""
		if len(m.Issues) > 0 {
			got = m.Issues[0].Rule + ": " + m.Issues[0].Text
		}
		if got != c.want || m.Reject != (c.want != "") {
			t.Errorf("%+v of %v: %s", c.field, c.v, got)
		}
	}
	m := one(t, Field{From: from, Match: "^x", Severity: "warn"}, "abc")
	if m.Reject || len(m.Issues) != 1 || m.Rows[0].Slots[1] != "abc" {
		t.Error("a warning kept the record out", m)
	}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	m := &Map{
		Lookups: map[string]Lookup{"state": {File: "s.csv", Values: [][]string{{"value", "key"}, {"new", "1"}, {"old", "2"}}}},
		Fields:  []Field{{Name: "id", From: []string{"id"}}, {Name: "title", Const: lit("t")}, {Name: "state", From: []string{"doc.s"}, Found: Found{Lookup: "state", Else: lit("reject")}}},
	}
	p := compiled(t, m, books())
	state := func(v any) record.Mapped {
		return p.Worker().Map(&record.Record{Op: record.Create, Slots: []any{int64(1), nil, nil, record.Object{"s": v}, nil, nil}})
	}
	if got := state(int64(2)); got.Reject || got.Rows[0].Slots[2] != "old" {
		t.Error(got)
	}
	if got := state("3"); !got.Reject || got.Issues[0].Rule != "lookup" || got.Issues[0].Text != "has no entry in state" {
		t.Error(got.Issues)
	}
	m.Fields[2].Else = lit("new")
	p = compiled(t, m, books())
	if got := state("3"); got.Reject || got.Rows[0].Slots[2] != "new" {
		t.Error(got.Issues)
	}
}

func TestFilterAndDelete(t *testing.T) {
	t.Parallel()
	p := compiled(t, full(), books())
	w := p.Worker()
	if m := w.Map(&record.Record{Op: record.Create, Slots: []any{int64(1), nil, nil, nil, nil, "1850-01-01"}}); m.Filtered != "old" || m.Rows != nil || m.Issues != nil {
		t.Error(m)
	}
	if m := w.Map(&record.Record{Op: record.Create, Slots: []any{int64(1), nil, nil, nil, nil, "1850-02-30"}}); m.Filtered != "" || !m.Reject || m.Issues[0].Field != "filter old" {
		t.Error(m)
	}
	m := w.Map(&record.Record{Op: record.Delete, Slots: []any{int64(1), record.Missing, record.Missing, record.Missing, record.Missing, record.Missing}})
	if len(m.Rows) != 1 || len(m.Issues) > 0 || m.Rows[0].Slots[0] != int64(1) || m.Rows[0].Slots[1] != record.Missing {
		t.Error(m)
	}
}

func TestListsAndDocuments(t *testing.T) {
	t.Parallel()
	in := books()
	in.Tables = nil
	m := &Map{Nulls: "omit", Fields: []Field{
		{Name: "key.id", From: []string{"id"}, Type: "text"},
		{Name: "when", From: []string{"born"}, Convert: Converts{{Name: "date", Args: []string{"2006-01-02"}}}},
		{Name: "people", List: List{Each: "doc.people", Sort: "n"}, Fields: []Field{
			{Name: "name.first", From: []string{"name"}}, {Name: "main", Expr: "index == 0"}, {Name: "of", Expr: "parent.id"},
			{Name: "roles", List: List{Each: "roles"}, Fields: []Field{{Name: "r", Expr: `parent.name + "/" + item`}}},
		}},
		{Name: "none", From: []string{"title"}},
	}, Rules: []Rule{{Name: "some", Check: "len(record.people) > 1 and record.key.id == \"1\" and record.none == nil"}}}
	p := compiled(t, m, in)
	got := p.Worker().Map(&record.Record{Op: record.Create, Slots: []any{int64(1), nil, nil, record.Object{"people": []any{
		record.Object{"n": int64(2), "name": "B", "roles": []any{"x", "y"}}, record.Object{"n": int64(1), "name": "A"},
	}}, nil, "2024-02-29"}})
	want := []any{
		record.Object{"id": "1"}, "2024-02-29",
		[]any{
			record.Object{"name": record.Object{"first": "A"}, "main": false, "of": int64(1)},
			record.Object{"name": record.Object{"first": "B"}, "main": true, "of": int64(1), "roles": []any{record.Object{"r": "B/x"}, record.Object{"r": "B/y"}}},
		}, record.Missing,
	}
	if len(got.Issues) > 0 {
		t.Fatal(brief(got.Issues))
	}
	if d := cmp.Diff(want[:3], got.Rows[0].Slots[:3]); d != "" {
		t.Error(d)
	}
	if got.Rows[0].Slots[3] != record.Missing {
		t.Error(got.Rows[0].Slots[3])
	}
	bad := p.Worker().Map(&record.Record{Op: record.Create, Slots: []any{int64(1), nil, nil, record.Object{"people": []any{record.Object{"name": int64(5), "roles": []any{"x"}}}}, nil, nil}})
	if d := cmp.Diff([]string{"error people[0].roles[0].r expr: a whole number + a text is not possible"}, brief(bad.Issues)); d != "" {
		t.Error(d)
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	in := books()
	in.Source = &record.Schema{Fields: []record.Field{{Name: "id", Type: kind(catalog.KindInt)}, {Name: "title", Type: kind(catalog.KindText)}, {Name: "made", Type: kind(catalog.KindInt)}, {Name: "more", Type: kind(catalog.KindText)}}}
	p := compiled(t, nil, in)
	if d := cmp.Diff([]string{"id", "title"}, p.Columns(0)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"made", "more"}, p.Unread(in.Source)); d != "" {
		t.Error(d)
	}
	in.Source.Fields = in.Source.Fields[1:]
	if _, problems := Compile(nil, in); len(problems) != 2 || !strings.Contains(problems[1].Text, "public.book.id may not be null") {
		t.Error(problems)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	p := compiled(t, full(), books())
	e := p.Explain(&record.Record{Op: record.Create, Slots: []any{int64(7), " A ", nil, record.Object{"authors": []any{record.Object{"name": "Ann"}}}, int64(1), nil}}, false)
	var lines []string
	for _, s := range e.Steps {
		if s.Field == "id" || s.Field == "title" || strings.HasPrefix(s.Field, "doc.authors[0].pos") {
			v, _, _ := strings.Cut(s.Value, ", #")
			lines = append(lines, s.Field+" "+s.Step+" "+v)
		}
	}
	want := []string{
		"id input 7", "id type 7", "id output 7", "title input text, 3 characters", "title trim text, 1 character", "title collapse text, 1 character",
		"title type text, 1 character", "title output text, 1 character",
		"doc.authors[0].pos input whole number, 1 digit", "doc.authors[0].pos type whole number, 1 digit", "doc.authors[0].pos output whole number, 1 digit",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
	if len(e.Mapped.Rows) != 2 {
		t.Error(e.Mapped)
	}
}
