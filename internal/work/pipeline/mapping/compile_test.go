package mapping

import (
	"strings"
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/record"

	"github.com/google/go-cmp/cmp"
)

// TestProblems: each is told with its position, code and next step, and all of
// them at once.
func TestProblems(t *testing.T) {
	t.Parallel()
	two := func(f Field) *Map {
		f.At = "m.yaml:5:3"
		return &Map{At: "m.yaml:1:1", Fields: []Field{{Name: "id", From: []string{"id"}}, {Name: "title", Const: lit("t")}, f}}
	}
	from := []string{"doc.x"}
	for _, c := range []struct {
		m          *Map
		want, next string
	}{
		{two(Field{Name: "price", From: []string{"prise"}}), `map.path m.yaml:5:3: the source has no field "prise"`, "price?"},
		{two(Field{Name: "price", From: []string{"price.amount"}}), `map.path m.yaml:5:3: "price" is decimal: nothing is below it`, ""},
		{two(Field{Name: "price", From: []string{"a b"}}), `map.path m.yaml:5:3: from: "a b" is no path: " " is not expected in a path`, ""},
		{two(Field{Name: "prize", From: from}), `map.column m.yaml:5:3: public.book has no column "prize"`, "price?"},
		{two(Field{Name: "made", From: from}), `map.column m.yaml:5:3: public.book makes "made" itself: nobody may write it`, "leave the field out"},
		{two(Field{Name: "price.net", From: from}), `map.column m.yaml:5:3: "price" is decimal(6,2): nothing is below it`, "JSON"},
		{two(Field{Name: "n", From: []string{"doc"}}), `map.type m.yaml:5:3: "n": json cannot become int`, "convert or expr"},
		{two(Field{Name: "n", From: []string{"id"}, Type: "date"}), `map.type m.yaml:5:3: "n": int cannot become date`, ""},
		{two(Field{Name: "n", From: from, Type: "date"}), `map.type m.yaml:5:3: "n": type date cannot become int`, ""},
		{two(Field{Name: "n", From: from, Type: "number"}), `map.type m.yaml:5:3: type: there is no type "number"`, ""},
		{two(Field{Name: "n", Const: lit("x")}), `map.type m.yaml:5:3: const is no whole number`, ""},
		{two(Field{Name: "n", From: from, Default: lit(int64(1) << 40)}), `map.type m.yaml:5:3: default is not between`, ""},
		{two(Field{Name: "n", Expr: "doc.id +"}), `map.expr m.yaml:5:3: expr 1:8: unexpected end`, ""},
		{two(Field{Name: "n", Expr: "doc.title * 2"}), `map.expr m.yaml:5:3: expr 1:11: a text * a number is not possible`, ""},
		{two(Field{Name: "n", Expr: `lookup("x", doc.id)`}), `map.expr m.yaml:5:3: expr 1:8: there is no lookup "x"`, ""},
		{two(Field{Name: "n", From: from, Found: Found{Lookup: "stat"}}), `map.lookup m.yaml:5:3: there is no lookup "stat"`, ""},
		{two(Field{Name: "n", From: from, Found: Found{Else: lit("x")}}), `map.field m.yaml:5:3: else says what a lookup`, ""},
		{two(Field{Name: "n"}), `map.field m.yaml:5:3: "n" says nowhere what it holds`, "from, expr, const, each"},
		{two(Field{Name: "n", From: from, Const: lit(int64(1))}), `map.field m.yaml:5:3: "n" has from and const: one of them`, ""},
		{two(Field{Name: "title", From: from}), `map.field m.yaml:5:3: the field "title" stands there twice`, ""},
		{two(Field{Name: "n", From: from, Convert: Converts{{Name: "trimm"}}}), `map.field m.yaml:5:3: convert: there is no step "trimm"`, "trim?"},
		{two(Field{Name: "n", From: from, Min: lit("x")}), `map.rule m.yaml:5:3: min: a number is wanted, "x" is none`, ""},
		{two(Field{Name: "n", From: from, Match: "("}), `map.rule m.yaml:5:3: match: error parsing`, "RE2"},
		{two(Field{Name: "n", From: from, In: []Literal{{Value: "x"}}}), `map.type m.yaml:5:3: in: "x" is no whole number`, ""},
		{&Map{At: "m.yaml:1:1", Fields: []Field{{Name: "id", From: []string{"id"}}}}, `map.field m.yaml:1:1: public.book.title may not be null, has no default, and no field fills it`, "add the field title"},
		{&Map{At: "m.yaml:1:1", Filter: map[string]string{"f": "doc.id"}, Fields: two(Field{Name: "n", From: from}).Fields}, `map.expr m.yaml:1:1: filter f 1:1`, ""},
		{&Map{Fields: two(Field{Name: "n", From: from}).Fields, Rules: []Rule{{Name: "r", Unique: []string{"titel"}, At: "m.yaml:9:1"}}}, `map.rule m.yaml:9:1: rule "r": there is no field "titel"`, "title?"},
		{&Map{Fields: two(Field{Name: "n", From: from}).Fields, Rules: []Rule{{Name: "r", At: "m.yaml:9:1"}}}, `map.rule m.yaml:9:1: rule "r" is one of check, unique`, ""},
		{&Map{Fields: two(Field{Name: "n", From: from}).Fields, Rules: []Rule{{Name: "r", Check: "record.titel == nil", At: "m.yaml:9:1"}}}, `map.expr m.yaml:9:1: check 1:1: record has no field titel here`, "title?"},
		{&Map{Fields: two(Field{Name: "n", From: from}).Fields, Rows: []Rows{{Into: "author", Each: "doc.a", Key: []string{"pos"}, At: "m.yaml:9:1", Fields: []Field{
			{Name: "book_id", Expr: "parent.id"}, {Name: "pos", Expr: "index"}, {Name: "name", From: []string{"n"}}}}}}, `map.rule m.yaml:9:1: rows of author: the first key column says whose row it is`, ""},
	} {
		p, problems := Compile(c.m, books())
		if p != nil || len(problems) != 1 {
			t.Errorf("want %s, got %v", c.want, problems)
			continue
		}
		got := problems[0]
		if !strings.HasPrefix(got.Code+" "+got.Text, c.want) || !strings.Contains(strings.Join(got.Next, " "), c.next) {
			t.Errorf("%s %s (%v)\nwant %s (%s)", got.Code, got.Text, got.Next, c.want, c.next)
		}
	}
	m := two(Field{Name: "price", From: []string{"prise"}})
	m.Fields[0].From, m.Owner, m.Rules = []string{"ID"}, "doc.", []Rule{{Name: "a", Check: "1"}}
	if _, problems := Compile(m, books()); len(problems) != 4 {
		t.Error(problems)
	}
}

func TestTimeZonesAreNotGuessed(t *testing.T) {
	t.Parallel()
	moment, reading := catalog.Type{Kind: catalog.KindTimestamp, Zone: true}, catalog.Type{Kind: catalog.KindTimestamp}
	for _, c := range []struct {
		from, to catalog.Type
		field    Field
		problem  bool
	}{
		{moment, moment, Field{}, false},
		{moment, reading, Field{}, true},
		{reading, moment, Field{}, true},
		{moment, reading, Field{Expr: `clock(value, "Europe/Berlin")`}, false},
		{reading, moment, Field{Convert: Converts{{Name: "date", Args: []string{"", "Europe/Berlin"}}}}, false},
		{moment, moment, Field{Convert: Converts{{Name: "date", Args: []string{"", "Europe/Berlin"}}}}, true},
	} {
		c.field.Name, c.field.From = "t", []string{"t"}
		_, problems := Compile(&Map{Fields: []Field{c.field}}, Input{
			Source: &record.Schema{Fields: []record.Field{{Name: "t", Type: c.from}}},
			Tables: []catalog.TargetTable{{Columns: []catalog.TargetColumn{{Name: "t", Type: c.to}}}},
		})
		if (len(problems) > 0) != c.problem {
			t.Errorf("%s to %s, %+v: %v", c.from, c.to, c.field.Convert, problems)
		}
	}
}

func TestLineage(t *testing.T) {
	t.Parallel()
	in := books()
	p := compiled(t, full(), in)
	want := map[string][]string{
		"id": {"id"}, "title": {"title", "short"}, "price": {"price"}, "born": {"born"}, "extra.tags": {"doc.tags"}, "extra.isbn.text": {"doc.isbn"},
		"state": {"doc.state"}, "n": {"doc.n"}, "author:name": {"doc.authors[].name"},
	}
	if d := cmp.Diff(want, p.Lineage()); d != "" {
		t.Error(d)
	}
	if unread := p.Unread(in.Source); unread != nil {
		t.Error(unread)
	}
	if d := cmp.Diff([]SetRule{{Name: "titles", Unique: []string{"title"}, Severity: "warn"}}, p.SetRules()); d != "" {
		t.Error(d)
	}
}

// TestVersion: what changes what records become changes the version, what is
// only said to people does not.
func TestVersion(t *testing.T) {
	t.Parallel()
	change := func(do func(*Map, *Input)) string {
		m, in := full(), books()
		do(m, &in)
		return compiled(t, m, in).Version()
	}
	same := change(func(*Map, *Input) {})
	if len(same) != 64 {
		t.Error(same)
	}
	for name, do := range map[string]func(*Map, *Input){
		"positions": func(m *Map, _ *Input) { m.At, m.Fields[0].At = "x", "y" },
		"printable": func(m *Map, _ *Input) { m.Fields[1].Printable = true },
		"hint":      func(m *Map, _ *Input) { m.Rules[0].Hint = "other" },
		"env":       func(_ *Map, in *Input) { in.Env["env"] = map[string]any{"name": "prod"} },
	} {
		if change(do) != same {
			t.Errorf("%s changes the version", name)
		}
	}
	seen := map[string]string{same: "nothing"}
	for name, do := range map[string]func(*Map, *Input){
		"convert": func(m *Map, _ *Input) { m.Fields[1].Convert = m.Fields[1].Convert[:1] },
		"default": func(m *Map, _ *Input) { m.Fields[6].Default = lit("old") },
		"type":    func(_ *Map, in *Input) { in.Tables[0].Columns[1].Type.Length = 11 },
		"input":   func(_ *Map, in *Input) { in.Env["inputs"] = map[string]any{"factor": int64(4)} },
		"lookup":  func(m *Map, _ *Input) { m.Lookups = map[string]Lookup{"l": {Values: [][]string{{"key", "value"}}}} },
	} {
		v := change(do)
		if other, twice := seen[v]; twice {
			t.Errorf("%s and %s have one version", name, other)
		}
		seen[v] = name
	}
}

func TestVersionColumn(t *testing.T) {
	t.Parallel()
	in := books()
	in.Version = "doc.at"
	m := full()
	if _, problems := Compile(m, in); len(problems) != 1 || !strings.Contains(problems[0].Text, "no field holds the version") {
		t.Error(problems)
	}
	in.Version = "born"
	p := compiled(t, m, in)
	if p.VersionColumn() != "born" {
		t.Error(p.VersionColumn())
	}
	w := p.Worker()
	rec := &record.Record{Slots: []any{int64(7), nil, nil, nil, nil, "2001-02-03"}}
	if w.Key(rec) != "7" || w.Version(rec) != "2001-02-03" {
		t.Error(w.Key(rec), w.Version(rec))
	}
}
