package pipeline

import (
	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/mapping"
)

// LoadSpec is a unit of kind load: one range of the records, with everything
// that they are mapped by and checked against, frozen.
type LoadSpec struct {
	From    string                `json:"from"`
	To      string                `json:"to"`
	Query   catalog.Query         `json:"query"`
	Schema  *catalog.Schema       `json:"schema"`
	Map     *mapping.Map          `json:"map,omitempty"`
	Tables  []catalog.TargetTable `json:"tables"`
	Mode    string                `json:"mode"`
	Into    []catalog.Into        `json:"into"`
	Key     []string              `json:"key,omitempty"`     // columns of the first table that tell its rows apart; nil = its own
	Version string                `json:"version,omitempty"` // path of it
	StopAt  float64               `json:"stopAt,omitempty"`
	Mappers int                   `json:"mappers"` // goroutines
	Again   *unit.Again           `json:"again,omitempty"`
}

// Classes of units: those of one class share a rate in the forecast.
const (
	classLoad  = "load"
	classOther = "other"
)

// plan makes one unit per range and one that takes the marks away. What the
// map gets wrong against both sides is refused here, all at once.
func plan(step string, l *Load, facts catalog.Facts) ([]unit.Unit, error) {
	p, records := l.process(), facts.Records
	spec := LoadSpec{
		From: l.From.At, To: p.To.At, Schema: records.Schema, Map: p.Map, Tables: records.Tables,
		Again: l.Again, Mode: p.To.Mode, Key: p.To.Key, Version: p.Version, StopAt: p.Dead.StopAt, Mappers: max(1, min(4, facts.Cores)),
	}
	program, err := spec.compile()
	if err != nil {
		return nil, err
	}
	if sets := program.SetRules(); len(sets) > 0 {
		return nil, fault.New(fault.Config, "flow.not-built", "%s: rule %s is one over many records (unique, same): it is not built yet", sets[0].At, sets[0].Name).
			Hint("a unique index at the target finds the same records: they become dead letters")
	}
	if spec.Into, err = into(p, records, program); err != nil {
		return nil, err
	}
	var units []unit.Unit
	for i, q := range records.Ranges {
		q.Key = records.Key
		spec.Query = q
		u := unit.Unit{
			ID: unit.ID(step, "load", p.entity(), i+1), Step: step, Kind: "load", Entity: p.entity(), Class: classLoad,
			Weight: max(1, records.Rows/int64(len(records.Ranges))), Tags: []string{"loaded"}, Uses: []string{workers}, Spec: encode(spec),
		}
		units = append(units, u)
	}
	return append(units, unit.Unit{
		ID: unit.ID(step, "marks", "all", 1), Step: step, Kind: "marks", Class: classOther, Weight: 1,
		After: []string{"loaded"}, Spec: encode(map[string]string{"to": p.To.At}),
	}), nil
}

// compile makes the program that maps the records.
func (s *LoadSpec) compile() (*mapping.Program, error) {
	program, problems := mapping.Compile(s.Map, mapping.Input{
		Source: s.Schema, Tables: s.Tables, Into: s.Key, Key: s.Query.Key, Version: s.Version,
	})
	if len(problems) == 0 {
		return program, nil
	}
	err := fault.New(fault.Config, problems[0].Code, "%s", problems[0].Text)
	for _, p := range problems[1:] {
		err = err.With("and", "%s", p.Text)
	}
	for _, p := range problems {
		for _, next := range p.Next {
			err = err.Hint("%s", next)
		}
	}
	return nil, err
}

// into says which columns of each table are written, and what tells its rows
// apart.
func into(p *Process, records *catalog.Records, program *mapping.Program) ([]catalog.Into, error) {
	list := make([]catalog.Into, 0, len(records.Tables))
	for i, t := range records.Tables {
		to := catalog.Into{Table: t.Name, Columns: program.Columns(i), Key: t.Key}
		if i == 0 {
			if p.To.Key != nil {
				to.Key = p.To.Key
			}
			to.Version = program.VersionColumn()
		} else {
			to.Key, to.Parent = p.Map.Rows[i-1].Key, program.Parent(i)
		}
		list = append(list, to)
	}
	if p.To.Mode == connector.ModeMerge && len(list[0].Key) == 0 {
		return nil, fault.New(fault.Config, "load.key", "%s has no key: merge needs to know which rows are the same", list[0].Table).
			Hint("to: {key: [COLUMN]} names it; the target needs a unique index on it")
	}
	return list, nil
}
