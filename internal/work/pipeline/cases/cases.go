// Package cases tries a map: records that are written down in a file, with what
// is to become of them. Start reading at Run.
package cases

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/convert"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/mapping"
)

// File is what maps/NAME.test.yaml says.
type File struct {
	Cases []Case `flow:"cases,required,names" help:"records with what is to become of them, by name"`
}

// Case is one record.
type Case struct {
	Name     string   `flow:",name"`
	Given    Document `flow:"given,required" help:"the record as it is read"`
	Key      string   `flow:"key" help:"its key, where the map asks for it"`
	Expect   Document `flow:"expect" help:"fields that it is to have, by their names in the map; others are not compared"`
	Rows     Document `flow:"rows" help:"rows of other tables, all of them, by table: lists of fields"`
	Issues   []string `flow:"issues" help:"all issues that it is to have, as RULE FIELD or RULE; none when not given"`
	Filtered string   `flow:"filtered" help:"filter that is to leave it out"`
	At       string   `flow:",position"`
}

// Document is a mapping of values, as it is written.
type Document struct{ Fields record.Object }

// ReadPlain is the language's.
func (d *Document) ReadPlain(v any) error {
	o, ok := plain(v).(record.Object)
	if !ok {
		return fmt.Errorf("a mapping of fields is wanted")
	}
	d.Fields = o
	return nil
}

func plain(v any) any {
	switch v := v.(type) {
	case []unit.Pair:
		o := record.Object{}
		for _, p := range v {
			o[p.Name] = plain(p.Value)
		}
		return o
	case []any:
		list := make([]any, 0, len(v))
		for _, e := range v {
			list = append(list, plain(e))
		}
		return list
	}
	return v
}

// Schema is one with all fields that the cases give, of no known types.
func (f *File) Schema() *record.Schema {
	names := map[string]bool{}
	for _, c := range f.Cases {
		for name := range c.Given.Fields {
			names[name] = true
		}
	}
	s := &record.Schema{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		s.Fields = append(s.Fields, record.Field{Name: name, Null: true})
	}
	return s
}

// Run maps the record of each case and tells what is otherwise than expected.
func Run(f *File, p *mapping.Program, s *record.Schema, m *mapping.Map) ([]unit.Case, error) {
	w := p.Worker()
	w.Parents = mapping.SameKey{}
	var out []unit.Case
	for _, c := range f.Cases {
		r, err := c.record(s)
		if err != nil {
			return nil, err
		}
		t := tried{c: c, p: p, m: m, mapped: w.Map(&r)}
		t.compare()
		out = append(out, unit.Case{Name: c.Name, At: c.At, Differs: t.differs})
	}
	return out, nil
}

// record is what the case gives, in the types of the source.
func (c Case) record(s *record.Schema) (record.Record, error) {
	r := record.Record{Op: record.Create, Key: c.Key, Slots: make([]any, len(s.Fields))}
	for i := range r.Slots {
		r.Slots[i] = record.Missing
	}
	for name, v := range c.Given.Fields {
		i := s.Index(name)
		if i < 0 {
			return r, fault.New(fault.Config, "case.field", "%s: case %s: the source has no field %q", c.At, c.Name, name)
		}
		if t := s.Fields[i].Type; v != nil && t.Kind != "" && t.Kind != catalog.KindJSON {
			out, why := convert.To(catalog.Type{}, t)(v)
			if why != nil {
				return r, fault.New(fault.Config, "case.value", "%s: case %s: %s %s", c.At, c.Name, name, why.Text)
			}
			v = out
		}
		r.Slots[i] = v
	}
	return r, nil
}

// tried is a case with what became of its record.
type tried struct {
	c       Case
	p       *mapping.Program
	m       *mapping.Map
	mapped  record.Mapped
	differs []string
}

func (t *tried) say(format string, args ...any) {
	t.differs = append(t.differs, fmt.Sprintf(format, args...))
}

func (t *tried) compare() {
	if t.mapped.Filtered != t.c.Filtered {
		t.say("filtered: %s, want %s", orNone(t.mapped.Filtered), orNone(t.c.Filtered))
	}
	t.issues()
	if len(t.mapped.Rows) == 0 {
		if len(t.c.Expect.Fields) > 0 && t.c.Filtered == "" && len(t.c.Issues) == 0 {
			t.say("it has no fields: it is not loaded")
		}
		return
	}
	for _, name := range slices.Sorted(maps.Keys(t.c.Expect.Fields)) {
		want := t.c.Expect.Fields[name]
		if !slices.ContainsFunc(t.m.Fields, func(f mapping.Field) bool { return f.Name == name }) {
			t.say("%s: the map has no such field", name)
			continue
		}
		if got := t.p.Value(t.mapped, name); !same(want, got) {
			t.say("%s: %s, want %s", name, record.Show(got, true), record.Show(want, true))
		}
	}
	t.rows()
}

func orNone(text string) string {
	if text == "" {
		return "no"
	}
	return text
}

// issues compares those found with those expected, each once.
func (t *tried) issues() {
	left := slices.Clone(t.c.Issues)
	for _, i := range t.mapped.Issues {
		at := slices.IndexFunc(left, func(want string) bool {
			rule, field, both := strings.Cut(want, " ")
			return rule == i.Rule && (!both || field == i.Field)
		})
		if at < 0 {
			t.say("an issue is not expected: %s: %s", strings.TrimSpace(i.Rule+" "+i.Field), i.Text)
			continue
		}
		left = slices.Delete(left, at, at+1)
	}
	for _, want := range left {
		t.say("an issue is missing: %s", want)
	}
}

// rows compares those of other tables.
func (t *tried) rows() {
	got := map[string][]record.Object{}
	for _, r := range t.mapped.Rows {
		if r.Into == 0 {
			continue
		}
		o := record.Object{}
		for i, column := range t.p.Columns(r.Into) {
			if r.Slots[i] != record.Missing {
				o[column] = r.Slots[i]
			}
		}
		into := t.m.Rows[r.Into-1].Into
		got[into] = append(got[into], o)
	}
	for _, into := range slices.Sorted(maps.Keys(t.c.Rows.Fields)) {
		list, ok := t.c.Rows.Fields[into].([]any)
		if !ok || len(list) != len(got[into]) {
			t.say("%s: %d rows, want %d", into, len(got[into]), len(list))
			continue
		}
		for n, want := range list {
			fields, _ := want.(record.Object)
			for _, name := range slices.Sorted(maps.Keys(fields)) {
				v, there := got[into][n][name]
				if !there {
					v = record.Missing
				}
				if !same(fields[name], v) {
					t.say("%s[%d].%s: %s, want %s", into, n, name, record.Show(v, true), record.Show(fields[name], true))
				}
			}
		}
	}
}

// same compares what is written in a file with a value of a record: by their
// texts, numbers by what they are. Null stands for what is missing too.
func same(want, got any) bool {
	if want == nil || got == nil || got == record.Missing {
		return want == nil && (got == nil || got == record.Missing)
	}
	if _, is := want.(bool); is || fmt.Sprintf("%T", got) == "bool" {
		return want == got
	}
	if text, is := want.(string); is {
		if is, ok := record.Text(got, catalog.Type{}); ok && is == text {
			return true
		}
		for _, kind := range []catalog.Kind{catalog.KindDate, catalog.KindTimestamp} {
			if is, ok := record.Text(got, catalog.Type{Kind: kind}); ok && is == text {
				return true
			}
		}
		return false
	}
	if text, is := got.(string); is { // a document holds exact numbers as texts
		n, ok := convert.Number(text)
		return ok && record.KeyText(n) == record.KeyText(want)
	}
	a, err := record.EncodeJSON(want)
	b, berr := record.EncodeJSON(got)
	return err == nil && berr == nil && (string(a) == string(b) || record.KeyText(want) == record.KeyText(got))
}
