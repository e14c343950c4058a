package mapping

import (
	"maps"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Parents tells what the target keeps of records of other entities. It is asked
// by all workers.
type Parents interface {
	// Kept is the key of the record's row, with stub also of one that stands in for
	// it; false when nothing is known of it.
	Kept(entity, key string, stub bool) (any, bool)
	// Odd says by which rule and why the key leads to no record, whatever is there:
	// "" when it may.
	Odd(entity, key string) (rule, why string)
}

// SameKey are parents of which the target keeps the key that they have at the
// source: what is taken for granted where no run is looked at.
type SameKey struct{}

// Kept is Parents'.
func (SameKey) Kept(_, key string, _ bool) (any, bool) { return key, true }

// Odd is Parents'.
func (SameKey) Odd(_, _ string) (rule, why string) { return "", "" }

// Stub says what stands in for a record that others refer to until it comes: its
// fields are made of the field key, what they refer to it by.
type Stub struct {
	Entity string  `flow:",name"`
	Into   string  `flow:"into,required" help:"table that the row goes to"`
	Fields []Field `flow:"fields,required,names" help:"what each column holds, from: key"`
	At     string  `flow:",position"`
}

// reference is a field's ref.
type reference struct{ entity, orphan string }

// References are the entities that fields refer to, sorted.
func (m *Map) References() []string {
	found := map[string]bool{}
	for _, f := range m.referring() {
		found[f.Ref] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// Softly reports whether some field can do without the record that it refers to.
func (m *Map) Softly() bool {
	return slices.ContainsFunc(m.referring(), func(f Field) bool { return f.Orphan != "" && f.Orphan != Hold })
}

// referring are the fields with a ref.
func (m *Map) referring() (all []Field) {
	if m == nil {
		return nil
	}
	var add func([]Field)
	add = func(fields []Field) {
		for _, f := range fields {
			if f.Ref != "" {
				all = append(all, f)
			}
			add(f.Fields)
		}
	}
	add(m.Fields)
	for _, r := range m.Rows {
		add(r.Fields)
	}
	return all
}

// reference compiles a field's ref. Of what it gives only the target knows the
// type.
func (c *compiler) reference(f *field, m *Field, of catalog.Type) catalog.Type {
	if m.Ref == "" {
		if m.Orphan != "" {
			c.add("orphan", "map.ref", "orphan says what to do without the record that a ref names: there is no ref", "")
		}
		return of
	}
	if f.list != nil {
		c.add("ref", "map.ref", quote(m.Name)+" is a list: a ref is one record's key", "give its fields a ref")
	}
	if c.at != "" && !strings.HasPrefix(c.at, "maps/") && !strings.HasPrefix(c.at, "overlays/") {
		c.add("ref", "map.ref", "a map with ref stands in the folder maps, an overlay in overlays: there the load of "+m.Ref+" finds that it is referred to", "")
	}
	if m.Orphan == Stand && !slices.ContainsFunc(c.m.Stubs, func(s Stub) bool { return s.Entity == m.Ref }) {
		c.add("orphan", "map.stub", "nothing says what stands in for a record of "+m.Ref, "stubs: {"+m.Ref+": {into: TABLE, fields: {COLUMN: {from: key}}}} in the map")
	}
	f.ref = &reference{m.Ref, m.Orphan}
	if f.ref.orphan == "" {
		f.ref.orphan = Hold
	}
	return catalog.Type{}
}

// refer puts what the target keeps of the record that a value is the key of in
// the value's place. False: it is not known, and noted.
func (w *Worker) refer(f *field, v any) (any, bool) {
	key := record.KeyText(v)
	if list, is := v.([]any); is {
		key = record.KeyText(list...)
	}
	if w.Parents != nil {
		if rule, why := w.Parents.Odd(f.ref.entity, key); why != "" {
			w.broken(f, v, rule, why)
			return nil, false
		}
		if kept, known := w.Parents.Kept(f.ref.entity, key, f.ref.orphan == Stand); known {
			w.traced(f, "ref", kept)
			return kept, true
		}
	}
	shown := record.Show(v, f.checks.printable)
	text := "refers to a record of " + f.ref.entity + " that is not at the target"
	switch {
	case !w.Decide || f.ref.orphan == Hold:
		w.waits = append(w.waits, record.Reference{Entity: f.ref.entity, Key: key, Given: v, Field: w.shown(f.name), Value: shown, Orphan: f.ref.orphan})
	case f.ref.orphan != Nothing:
		w.broken(f, v, "ref", text)
	default:
		w.report(record.Issue{Rule: "ref", Field: w.shown(f.name), Severity: record.SeverityWarn, Text: text + ": null instead", Value: shown})
		return nil, true
	}
	return nil, false
}
