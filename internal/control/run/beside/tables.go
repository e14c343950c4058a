package beside

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/unit"
)

// Table is a table of a target.
type Table struct {
	Target string // what its settings say of where it is
	Name   catalog.Name
}

// Brought is what units bring into one table.
type Brought struct {
	whole bool            // a copy, or a load that makes the table what its source is
	adds  bool            // rows beside those that are there
	from  map[string]bool // what is read for it; none of what is not there before all of it is, and of redrives
}

// Tables are those that rows are brought into.
type Tables map[Table]Brought

// clash gives a table that both bring rows into, one of them as a whole.
func (tables Tables) clash(theirs Tables) (catalog.Name, bool) {
	for table, t := range tables {
		if also, there := theirs[table]; there && (t.whole || also.whole) {
			return table.Name, true
		}
	}
	return catalog.Name{}, false
}

// appends is the policy of a copy that adds rows.
const appends = "append"

// Add adds the tables that a unit of this spec brings rows into. Existing is the
// policy of a copy's step, "" when nobody asks whether it adds.
func (tables Tables) Add(b *Flow, raw json.RawMessage, existing string) {
	var spec struct {
		From, To string
		Chunks   []catalog.Chunk // of a copy
		Into     []catalog.Into  // of a load
		Stubs    []struct{ Into catalog.Into }
		Mode     string
		Keys     []string // that are noted: other rows go
		Query    catalog.Query
		Args     json.RawMessage
		Again    *struct{} // of a redrive: its records are closed where they are open
	}
	if json.Unmarshal(raw, &spec) != nil {
		return
	}
	source, target := b.place(spec.From)+" ", b.place(spec.To)
	for _, c := range spec.Chunks {
		tables.add(Table{target, c.Into}, Brought{true, existing == appends, map[string]bool{source + c.Table.String(): true}})
	}
	q := spec.Query // all that it reads, whatever its part of the keys, and however far was read before
	reading := q.Table.String()
	if q.Table == (catalog.Name{}) || q.Where != "" {
		reading = string(unit.Body([]any{q.Table, q.Where, q.SQL, q.Objects, spec.Args}))
	}
	for _, into := range spec.Into {
		one := Brought{whole: spec.Mode == connector.ModeReplace || spec.Keys != nil}
		if spec.Again == nil && spec.Mode != connector.ModeReplace {
			one.adds, one.from = spec.Mode == connector.ModeAppend, map[string]bool{source + reading: true}
		}
		tables.add(Table{target, into.Table}, one)
	}
	for _, stub := range spec.Stubs { // a row that is there with its key is taken, so none comes twice
		tables.add(Table{target, stub.Into.Table}, Brought{})
	}
}

func (tables Tables) add(at Table, more Brought) {
	is := tables[at]
	if is.from == nil {
		is.from = map[string]bool{}
	}
	maps.Copy(is.from, more.from)
	tables[at] = Brought{is.whole || more.whole, is.adds || more.adds, is.from}
}

func (tables Tables) adds() bool {
	for _, t := range tables {
		if t.adds {
			return true
		}
	}
	return false
}

// twice gives the first table by name that rows would be added to which others
// have brought there: from the same source, or by the same flow, when it is that.
func (tables Tables) twice(theirs Tables, same bool) *catalog.Name {
	var found []catalog.Name
	for at, t := range tables {
		also := theirs[at]
		if t.adds && len(also.from) > 0 && (same || slices.ContainsFunc(slices.Collect(maps.Keys(t.from)), func(f string) bool { return also.from[f] })) {
			found = append(found, at.Name)
		}
	}
	if len(found) == 0 {
		return nil
	}
	slices.SortFunc(found, func(a, b catalog.Name) int { return strings.Compare(a.String(), b.String()) })
	return &found[0]
}

// Sure are the steps of a flow that are not behind a condition, by their ids.
func Sure(b *flow.Bound) map[string]bool {
	ids := map[string]bool{}
	var add func([]flow.Step)
	add = func(steps []flow.Step) {
		for _, s := range steps {
			if s.If == "" {
				ids[s.ID] = true
				add(s.Steps)
				add(s.Finally)
			}
		}
	}
	add(b.Steps)
	add(b.Finally)
	return ids
}

// Flow is what a flow's frozen form says of what it was run with, also that of
// another godwit.
type Flow struct {
	Flow        string
	Env         string
	Inputs      map[string]string
	Files       map[string]string
	Connections map[string]struct {
		System   string
		Settings map[string]any
	}
}

// Read reads the frozen form; what cannot be read says nothing.
func Read(frozen json.RawMessage) *Flow {
	var b Flow
	if json.Unmarshal(frozen, &b) != nil {
		return &Flow{}
	}
	return &b
}

// same reports whether another run was of the same file, inputs and environment,
// whatever stood in it. A command has no file: its flags say what it is.
func (b *Flow) same(other *Flow) bool {
	return len(b.Files) > 0 && len(other.Files) > 0 && b.Flow == other.Flow && b.Env == other.Env && maps.Equal(b.Inputs, other.Inputs)
}

// place is where a connection leads to, by those of its settings that say it.
func (b *Flow) place(name string) string {
	c := b.Connections[name]
	where := maps.Clone(c.Settings)
	maps.DeleteFunc(where, func(key string, v any) bool {
		return v == nil || v == "" || v == 0.0 || slices.Contains([]string{"limit", "errors", "tls", "user", "password"}, strings.ToLower(key))
	})
	return string(unit.Body([]any{c.System, where}))
}
