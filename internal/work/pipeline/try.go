package pipeline

import (
	"maps"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
	"godwit/internal/work/pipeline/cases"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/shelf"
	"godwit/internal/work/pipeline/stub"
)

// trial is how maps are tried without a run.
func trial() *unit.Trial {
	return &unit.Trial{
		Map: func() any { return &mapping.Map{} }, Cases: func() any { return &cases.File{} },
		Alone: func(m any) any {
			l := &Load{}
			l.Map = m.(*mapping.Map)
			return l
		},
		File: func(spec any) string { return spec.(*Load).cases() },
		Run: func(spec, list any, facts *catalog.Records) ([]unit.Case, error) {
			return spec.(*Load).test(list.(*cases.File), facts)
		},
		Explain: func(spec any, r record.Record, facts *catalog.Records) (unit.Explained, error) {
			return spec.(*Load).explain(r, facts)
		},
		Lineage: func(spec any, facts *catalog.Records) (unit.Lineage, error) { return spec.(*Load).lineage(facts) },
	}
}

// cases is the file of those of the map, "" without a map.
func (l *Load) cases() string {
	if m := l.process().Map; m != nil {
		if file, _, ok := strings.Cut(m.At, ".yaml"); ok {
			return file + ".test.yaml"
		}
	}
	return ""
}

// test runs cases. Without facts nothing is known of source and target: the
// source has the fields that the cases give, of any type, and so has the target.
func (l *Load) test(f *cases.File, facts *catalog.Records) ([]unit.Case, error) {
	m := l.process().mapped()
	if facts == nil {
		for _, name := range sorted(m.Lookups) {
			if of := m.Lookups[name]; of.From != "" {
				return nil, fault.New(fault.Config, "case.lookup", "%s: lookup %s is read from %s, which only a flow can reach", of.At, name, of.From).
					Hint("godwit map test FLOW tries the maps of a flow, with what both sides hold")
			}
		}
		facts = &catalog.Records{Schema: f.Schema(), Tables: cases.Supposed(m)}
	}
	p, spec, err := l.compiled(facts)
	if err != nil {
		return nil, err
	}
	return cases.Run(f, p, spec.Schema, m)
}

// compiled is the map's program, as a plan would make it.
func (l *Load) compiled(facts *catalog.Records) (*mapping.Program, LoadSpec, error) {
	p := l.process()
	own, _ := stub.Split(facts.Tables, p.mapped())
	spec := LoadSpec{Schema: facts.Schema, Map: p.mapped(), Tables: own, Scope: l.Scope, Key: p.To.Key, Version: p.Version}
	spec.Query.Key = facts.Key
	program, err := spec.compile(shelf.Values(facts.Lookups))
	return program, spec, err
}

// explain tells how a record is mapped, with all values: who asks for one record
// wants to see them.
func (l *Load) explain(r record.Record, facts *catalog.Records) (unit.Explained, error) {
	p, spec, err := l.compiled(facts)
	if err != nil {
		return unit.Explained{}, err
	}
	e := unit.Explained{Key: r.Key}
	for i, f := range spec.Schema.Fields {
		if i < len(r.Slots) && r.Slots[i] != record.Missing {
			e.Source = append(e.Source, unit.Shown{Name: f.Name, Value: record.Show(r.Slots[i], true)})
		}
	}
	if r.Broken != nil { // it is not mapped
		e.Reject, e.Issues = true, []record.Issue{r.Broken.Issue}
		return e, nil
	}
	for _, rule := range p.SetRules() {
		e.Others = append(e.Others, rule.Name)
	}
	told := p.Explain(&r, true)
	for _, s := range told.Steps {
		e.Steps = append(e.Steps, unit.Shown{Of: s.Field, Name: s.Step, Value: s.Value})
	}
	e.Filtered, e.Reject, e.Issues = told.Mapped.Filtered, told.Mapped.Reject, told.Mapped.Issues
	for _, row := range told.Mapped.Rows {
		of := "record" // of calls
		if row.Into < len(facts.Tables) {
			of = facts.Tables[row.Into].Name.String()
		}
		for i, column := range p.Columns(row.Into) {
			if row.Slots[i] != record.Missing {
				e.Rows = append(e.Rows, unit.Shown{Of: of, Name: column, Value: record.Show(row.Slots[i], true)})
			}
		}
	}
	return e, nil
}

// lineage tells what the fields are made of, and what of the source nobody reads.
func (l *Load) lineage(facts *catalog.Records) (unit.Lineage, error) {
	p, spec, err := l.compiled(facts)
	if err != nil {
		return unit.Lineage{}, err
	}
	made := unit.Lineage{Fields: []unit.Made{}, Unread: []string{}}
	all := maps.Clone(p.Lineage())
	for _, name := range p.Columns(0) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(f string) bool { return f == name || strings.HasPrefix(f, name+".") }) {
			all[name] = []string{}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		made.Fields = append(made.Fields, unit.Made{Field: name, Of: all[name]})
	}
	read, err := l.reads(spec.Schema)
	for _, name := range p.Unread(spec.Schema) {
		if !slices.Contains(read, name) {
			made.Unread = append(made.Unread, name)
		}
	}
	return made, err
}

// reads are the fields that a load reads beside its map.
func (l *Load) reads(s *record.Schema) ([]string, error) {
	group, _, _ := strings.Cut(l.process().Group, ".")
	list := []string{l.From.Since, group}
	to := l.process().To
	if to.Calls == nil {
		return list, nil
	}
	program, err := (&calls.Delivery{Calls: to.Calls, Read: to.Read, Schema: s, Scope: l.Scope}).Program()
	if err != nil {
		return nil, err
	}
	for _, at := range program.Reads {
		if len(at) > 0 {
			list = append(list, at[0].Name)
			continue
		}
		for _, f := range s.Fields { // the whole record
			list = append(list, f.Name)
		}
	}
	return list, nil
}
