package pipeline

import (
	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/alias"
	"godwit/internal/work/pipeline/blocked"
	"godwit/internal/work/pipeline/held"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/parents"
	"godwit/internal/work/pipeline/produce"
	"godwit/internal/work/pipeline/sentrows"
	"godwit/internal/work/pipeline/shelf"
	"godwit/internal/work/pipeline/stub"
	"godwit/internal/work/pipeline/tables"
	"godwit/internal/work/pipeline/watermark"
)

// LoadSpec is a unit of kind load: one range of the records, with everything
// that they are mapped by and checked against, frozen.
type LoadSpec struct {
	parents.Ends
	Query   catalog.Query         `json:"query"`
	Schema  *catalog.Schema       `json:"schema"`
	Map     *mapping.Map          `json:"map,omitempty"`
	Tables  []catalog.TargetTable `json:"tables"`
	Mode    string                `json:"mode"`
	Keys    []string              `json:"keys,omitempty"` // columns of the first table's key that are noted of all records
	Into    []catalog.Into        `json:"into"`
	Key     []string              `json:"key,omitempty"`     // columns of the first table that tell its rows apart; nil = its own
	Version string                `json:"version,omitempty"` // path of it
	Terms
	Scope    []byte            `json:"scope,omitempty"` // inputs and env
	Parts    []unit.Part       `json:"parts,omitempty"` // their rows' fields are in Schema
	Args     []byte            `json:"args,omitempty"`  // values of the names in the query
	Again    *unit.Redrive     `json:"again,omitempty"`
	Remember *parents.Remember `json:"remember,omitempty"` // nil: its records are not remembered beyond the run
	Release  *Release          `json:"release,omitempty"`  // of a unit of that kind
	Stubs    []stub.Spec       `json:"stubs,omitempty"`    // by the map's stubs
	Calls    *produce.Spec     `json:"calls,omitempty"`    // of one of kind produce: the target takes calls, and there are no tables
}

// Terms are how a unit goes about it.
type Terms struct {
	StopAt  float64  `json:"stopAt,omitempty"`
	Rate    *float64 `json:"rate,omitempty"` // pages read in a second, by the step; nil is any
	Mappers int      `json:"mappers"`        // goroutines
	// SnapshotLost is the policy for records that are to be read at another
	// snapshot than those before them.
	SnapshotLost string `json:"snapshotLost,omitempty"`
}

// Classes of units: those of one class share a rate in the forecast.
const classOther = "other"

// plan makes one unit per range and one that takes the marks away. What the
// map gets wrong against both sides is refused here, all at once.
func plan(step string, l *Load, facts catalog.Facts) ([]unit.Unit, error) {
	p, records := l.process(), *facts.Records
	var stubs []catalog.TargetTable
	records.Tables, stubs = stub.Split(records.Tables, p.mapped())
	spec := LoadSpec{
		Ends: parents.Between(l.From.At, p.To.At, facts), Schema: records.Schema, Map: shelf.Summed(p.mapped(), records.Lookups), Tables: records.Tables,
		Scope: l.Scope, Args: l.From.Args, Again: l.Again, Mode: p.To.Mode, Key: p.To.Key, Version: p.Version,
		Terms: Terms{StopAt: p.Dead.StopAt, Rate: p.Limit.Rate, Mappers: max(1, min(4, facts.Cores)), SnapshotLost: l.lost()},
	}
	program, err := spec.compile(shelf.Values(records.Lookups))
	if err != nil {
		return nil, err
	}
	if p.To.Calls != nil {
		return l.produced(step, spec, program, facts)
	}
	if spec.Into, err = into(p, &records, program); err != nil {
		return nil, err
	}
	if err := spec.stand(stubs, facts); err != nil {
		return nil, err
	}
	if err := spec.asSent(step, program); err != nil {
		return nil, err
	}
	if spec.Remember, err = l.remember(facts, spec.Into[0]); err != nil {
		return nil, err
	}
	if err := tables.OneLogging(facts.Records.Tables); err != nil {
		return nil, err
	}
	if err := spec.assemble(l, records.Key); err != nil {
		return nil, err
	}
	since, err := l.since(step, facts, program)
	if err != nil {
		return nil, err
	}
	// A redrive reads a part of the records: it goes to what is there, and what
	// it does not read is not gone.
	holds := l.Again == nil && p.To.held().Holds()
	switch {
	case holds && spec.Mode == connector.ModeMerge:
		spec.Keys = spec.Into[0].Key
	case !holds && spec.Mode == connector.ModeReplace:
		spec.Mode = held.Again(spec.Into, spec.Tables)
	}
	units := spec.loads(step, "load", p.entity(), &records, since)
	if holds {
		if units, err = p.To.held().Units(step, held.Spec{To: spec.To, Into: spec.Into, Remembered: spec.Remember.At()}, spec.Tables, units); err != nil {
			return nil, err
		}
	}
	if units, err = l.beside(step, units, program); err != nil {
		return nil, err
	}
	if spec.Map.References() != nil || spec.Remember != nil {
		units = append(units, blocked.Unit(step, p.entity(), blocked.Spec{To: spec.To, Again: l.Again}, held.Loaded, held.Published, alias.Noted))
	}
	units = append(units, unit.Unit{
		ID: unit.ID(step, "marks", "all", 1), Step: step, Kind: "marks", Class: classOther, Weight: 1,
		Tags: []string{"unmarked"}, After: []string{held.Loaded, held.Published, blocked.Released}, Spec: encode(map[string]string{"to": p.To.At}),
	})
	if since != nil {
		units = append(units, since.Unit(step, p.entity(), units))
	}
	return units, nil
}

// loads are the units that load, one for each range of the records.
func (s LoadSpec) loads(step, kind, entity string, records *catalog.Records, since *watermark.Spec) (units []unit.Unit) {
	for i, q := range records.Ranges {
		q.Key, q.Args = records.Key, nil // bound anew from the scope: JSON keeps no whole numbers
		if since != nil {
			q.Since = &since.Since
		}
		s.Query = q
		units = append(units, unit.Unit{
			ID: unit.ID(step, kind, entity, i+1), Step: step, Kind: kind, Entity: entity, Class: kind,
			Weight: max(1, records.Rows/int64(len(records.Ranges))), Tags: []string{held.Loaded}, Uses: []string{workers}, Spec: encode(s),
		})
	}
	return units
}

// asSent has a redrive that does not map write to the columns that were sent.
func (s *LoadSpec) asSent(step string, p *mapping.Program) (err error) {
	if s.Again == nil || s.Again.Sent == nil {
		return nil
	}
	if len(p.SetRules()) > 0 {
		return fault.New(fault.Config, "redrive.as-sent", "step %s has rules over many records: what was sent is not held to them", step).
			Hint("redrive without --as-sent maps and judges the records again")
	}
	if refs := s.Map.References(); len(refs) > 0 {
		return fault.New(fault.Config, "redrive.as-sent", "step %s refers to records of %s: what was sent has the keys that those had then", step, refs[0]).
			Hint("redrive without --as-sent looks up what they have now")
	}
	s.Into, err = sentrows.Into(s.Again.Sent, s.Into, s.Tables)
	return fault.Wrap(err, "step %s", step)
}

// compile makes the program that maps the records, with the values of the
// lookups that a system holds.
func (s *LoadSpec) compile(lookups map[string]map[string]string) (*mapping.Program, error) {
	env, err := unit.Frozen(s.Scope)
	if err != nil {
		return nil, err
	}
	program, problems := mapping.Compile(s.Map, mapping.Input{
		Env: env, Source: s.Schema, Tables: s.Tables, Into: s.Key, Key: s.Query.Key, Version: s.Version, Lookups: lookups,
	})
	return program, refused(problems)
}

// refused is what is wrong with a map, nil when nothing is.
func refused(problems []mapping.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	e := fault.New(fault.Config, problems[0].Code, "%s", problems[0])
	for _, p := range problems[1:] {
		e = e.With("and", "%s", p)
	}
	return e
}

// unlogged reports whether a crash of the target takes the rows, and so has to
// take their marks. What takes a table's place is written elsewhere first.
func (s *LoadSpec) unlogged() bool {
	return s.Mode != connector.ModeReplace && len(s.Tables) > 0 && s.Tables[0].Unlogged
}

// paths are what is in scope by the paths that a query of a map's lookups knows it by.
func paths(frozen []byte) (map[string]any, error) {
	all, err := unit.Frozen(frozen)
	args := map[string]any{}
	for name, fields := range all {
		object, _ := fields.(record.Object)
		for field, v := range object {
			args[name+"."+field] = v
		}
	}
	return args, err
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
	if p.To.Mode == connector.ModeMerge {
		return list, tables.Mergeable(list, records.Tables)
	}
	return list, nil
}
