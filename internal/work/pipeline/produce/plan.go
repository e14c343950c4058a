package produce

import (
	"slices"
	"strconv"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/expression/path"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
)

// Spec is what a unit of kind produce knows of the calls.
type Spec struct {
	calls.Delivery
	Group string `json:"group,omitempty"` // path; "" = nothing is ordered
	// Gone: what is known and was not read is deleted.
	Gone bool `json:"gone,omitempty"`
	// Anew: its exceptions are of records that waited, and end with being spooled.
	Anew bool `json:"anew,omitempty"`
}

// Place is what a flow says of a target that takes calls.
type Place struct {
	Calls []calls.Call `flow:"calls" help:"of APIs: the requests of each record, in order"`
	Read  *calls.Read  `flow:"read" help:"of calls: how verify reads the object of a record; fields of the mapped record are compared"`
}

// Given is what else a load says that matters to calls.
type Given struct {
	Env                    map[string]any // inputs and env
	Entity, Group          string
	Table, Key, Mark, Rows bool // what is for tables
	Within                 bool // the process stands in a file of its own
	Gone                   string
}

// Problems are what is wrong with calls before anything is known of both sides.
func (p Place) Problems(of Given) []unit.Problem {
	var list []unit.Problem
	bad := func(path, text string, next ...string) {
		if of.Within {
			path = "process." + path
		}
		list = append(list, unit.Problem{Path: path, Code: "load.calls", Text: text, Next: next})
	}
	if p.Calls == nil {
		if p.Read != nil {
			bad("to.read", "read is for calls: tables are read as they are")
		}
		if of.Group != "" {
			bad("group", "group is for calls: tables have no order")
		}
		return list
	}
	for _, key := range []struct {
		name  string
		given bool
	}{{"table", of.Table}, {"key", of.Key}, {"mark", of.Mark}} {
		if key.given {
			bad("to."+key.name, key.name+" is for tables: an API is given records by calls")
		}
	}
	deletes := slices.ContainsFunc(p.Calls, func(c calls.Call) bool { return c.Deletes() })
	switch {
	case of.Gone == connector.GoneMark:
		bad("to.gone", "gone: mark is for tables: with gone: delete a call says what becomes of a record that is gone", `when: 'op == "delete"'`)
	case of.Gone == connector.GoneDelete && !deletes:
		bad("to.gone", "gone: delete needs a call that is made for records that are gone", `when: 'op == "delete"'`)
	case of.Gone != connector.GoneDelete && deletes:
		bad("to.calls", `a call is made when op == "delete", and nothing is deleted without gone: delete`, "gone: delete beside calls: records that this step has delivered and that are not in the source any more")
	}
	if len(p.Calls) == 0 {
		bad("to.calls", "calls names no request")
	}
	if of.Entity == "" {
		bad("to", "records that are given to calls need a name: a map, or entity")
	}
	if of.Rows {
		bad("map", "rows are for tables: a call with each makes a request for each element")
	}
	_, problems := calls.Compile(p.Calls, p.Read, calls.Scope{Env: of.Env})
	for _, one := range problems {
		bad(where(one.Path), one.Text, one.Next...)
	}
	return list
}

// Notes say which requests are made.
func (p Place) Notes() []unit.Note {
	var list []unit.Note
	for _, c := range p.Calls {
		text := c.Request
		if c.Each != "" {
			text += " for each of " + c.Each
		}
		if c.When != "" {
			text += " when " + c.When
		}
		list = append(list, unit.Note{Label: "calls " + c.Name, Text: text})
		if c.Adopts() {
			of := "record"
			if c.Each != "" {
				of = "element"
			}
			list = append(list, unit.Note{Label: "existing " + c.Name, Text: "is looked for: a request more for each " + of + " that is not known"})
		}
	}
	return list
}

// Into is the one target of a map whose records are given to calls.
func Into(at string, columns []string) []catalog.Into {
	return []catalog.Into{{Table: catalog.Name{Object: at}, Columns: columns}}
}

// Plan checks calls against what is read and what it is mapped to.
func Plan(d calls.Delivery, group string, columns []string, env map[string]any) (*Spec, error) {
	var fields []string
	for _, f := range d.Schema.Fields {
		fields = append(fields, f.Name)
	}
	_, problems := calls.Compile(d.Calls, d.Read, calls.Scope{Doc: calls.Fields("the source", fields...), Record: calls.Fields("the mapped record", columns...), Env: env})
	if len(problems) > 0 {
		e := fault.New(fault.Config, "load.calls", "%s: %s", at(d.Calls, problems[0].Path), problems[0].Text)
		for _, next := range problems[0].Next {
			e.Hint("%s", next)
		}
		for _, p := range problems[1:] {
			e.With("and", "%s: %s", at(d.Calls, p.Path), p.Text)
		}
		return nil, e
	}
	s := &Spec{Delivery: d, Group: group}
	_, err := s.group()
	return s, err
}

// where is the key of a problem below to.
func where(path string) string {
	if strings.HasPrefix(path, "[") {
		return "to.calls" + path
	}
	return "to." + path
}

// at is where a call stands in its file.
func at(list []calls.Call, path string) string {
	for i := range list {
		if name, _, _ := strings.Cut(strings.TrimPrefix(path, "["), "]"); name == strconv.Itoa(i) && list[i].At != "" {
			return list[i].At
		}
	}
	return strings.TrimPrefix(where(path), "to.")
}

// group is where a record says which group it is of.
func (s *Spec) group() (path.Path, error) {
	if s.Group == "" {
		return nil, nil
	}
	p, err := path.Parse(s.Group)
	if err != nil {
		return nil, fault.New(fault.Config, "map.path", "group: %q is no path: %w", s.Group, err)
	}
	if s.Schema.Index(p[0].Name) < 0 {
		return nil, fault.New(fault.Config, "map.path", "group: the source has no field %q", p[0].Name)
	}
	return p, nil
}

// Units are those behind the units that produce.
func (s *Spec) Units(produced string) []unit.Unit {
	return s.units(s.Step, s.Entity, produced, calls.Delivered)
}

// Behind are those behind a unit that produces some of the records once more; what
// delivers them has a tag.
func (s *Spec) Behind(of unit.Unit, after, tag string) []unit.Unit {
	more := *s
	more.Sources, more.Gone = []string{of.ID}, false
	object, _, _ := strings.Cut(strings.TrimPrefix(of.ID, of.Step+"/"+of.Kind+"/"), "/")
	return more.units(of.Step, object, after, tag)
}

func (s *Spec) units(step, object, after, tag string) []unit.Unit {
	one := func(kind string, tags []string, after string) unit.Unit {
		return unit.Unit{ID: unit.ID(step, kind, object, 1), Step: step, Kind: kind, Entity: s.Entity, Class: "other", Weight: 1,
			Tags: tags, After: []string{after}, Spec: unit.Body(s.Delivery)}
	}
	if s.Gone {
		d := s.Delivery
		absent := unit.Unit{ID: s.absent(), Step: step, Kind: calls.KindAbsent, Entity: s.Entity, Class: "other", Weight: 1, Tags: []string{calls.KindAbsent}, After: []string{after}}
		s.Sources = append(s.Sources, absent.ID)
		absent.Spec = unit.Body(d)
		return []unit.Unit{absent, one(calls.KindDivide, []string{tag}, calls.KindAbsent), one(calls.KindClear, nil, tag)}
	}
	return []unit.Unit{one(calls.KindDivide, []string{tag}, after), one(calls.KindClear, nil, tag)}
}

// absent is the unit that spools what is to be deleted.
func (s *Spec) absent() string { return unit.ID(s.Step, calls.KindAbsent, s.Entity, 1) }

// value is what stands at a path of a record as it was read.
func value(schema *record.Schema, slots []any, p path.Path) any {
	v, err := p[1:].Get(slots[schema.Index(p[0].Name)])
	if err != nil || v == record.Missing {
		return nil
	}
	return v
}
