package pipeline

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
	"godwit/internal/work/pipeline/readback"
)

// Parity is the spec of the verify verb for records: they are read and mapped
// again by the process of a load and compared with the rows at its target.
type Parity struct {
	From Source   `flow:"from,required,place" help:"where the records are read"`
	File *Process `flow:"process,file" help:"file that says what happens to a record, instead of the keys of a process here"`
	Process
	Where  map[string]string `flow:"where,sql" help:"by table of the target, which of its rows stand for these records, when others are in it too"`
	Sample *float64          `flow:"sample,share" help:"share of the records that is compared, the same ones each time; rows without a record are not looked for then"`
	Repair bool              `flow:"repair" help:"of calls: what differs is known as not delivered, so that the next run of the load sends it again; nothing is sent here"`
	Scope  []byte            `flow:",scope"`
}

// VerifyVerb is the verify verb's form for records.
func VerifyVerb() unit.Verb {
	return unit.Verb{
		Name:  "parity",
		Word:  "verify",
		Help:  "Read and map records again, and prove that the target holds what they come to",
		Spec:  func() any { return &Parity{} },
		Check: func(spec any) []unit.Problem { return spec.(*Parity).check() },
		Needs: func(spec any) (unit.Needs, error) {
			n, err := spec.(*Parity).load().needs()
			if n.Records != nil {
				n.Records.Proves = true
			}
			return n, err
		},
		Limits: func(any, int) map[string]int { return nil },
		Kinds:  map[string]unit.Kind{"compare": {Resting: true, Measured: true, Compares: true}},
		Plan: func(step string, spec any, facts catalog.Facts) ([]unit.Unit, error) {
			return planParity(step, spec.(*Parity), facts)
		},
	}
}

// load is the load whose work is verified.
func (p *Parity) load() *Load {
	return &Load{From: p.From, File: p.File, Process: p.Process, Scope: p.Scope, Workers: 1} // in one part
}

func (p *Parity) check() []unit.Problem {
	l := p.load()
	problems := l.check()
	bad := func(path, text string) {
		problems = append(problems, unit.Problem{Path: path, Code: "flow.value", Text: text})
	}
	if to := l.process().To; to.Calls != nil {
		if text := readback.Problem(to.Calls, to.Read); text != "" {
			bad("process", text)
		}
		if p.Where != nil {
			bad("where", "where is for tables: of an API only what records stand for is read")
		}
	}
	if p.Repair && l.process().To.Calls == nil {
		bad("repair", "repair is for what was given to an API by calls: rows that differ are loaded again in mode merge")
	}
	if s := p.Sample; s != nil && (*s <= 0 || *s > 1) {
		bad("sample", "sample is a share of more than 0 % and at most 100 %")
	}
	if m := l.process().mapped(); m != nil && p.Sample != nil && *p.Sample < 1 {
		for _, r := range m.Rules {
			if (r.Unique != nil || r.Same != "") && r.Severity == record.SeverityError {
				bad("sample", r.At+": rule "+r.Name+" compares records with all others (unique, same): a sample does not have them")
			}
		}
	}
	tables := l.process().tables()
	for _, table := range slices.Sorted(maps.Keys(p.Where)) {
		if !slices.Contains(tables, table) {
			bad("where", "where: records of this process do not go into "+table+", but into "+strings.Join(tables, ", "))
		}
	}
	return problems
}

// ParitySpec is the unit of kind compare: all records of a source.
type ParitySpec struct {
	Load   LoadSpec `json:"load"`
	Entity string   `json:"entity"`
	Where  []string `json:"where"`            // by table; "" = all of its rows
	Sample float64  `json:"sample,omitempty"` // 0 = all records
	Repair bool     `json:"repair,omitempty"`
}

// planParity plans as the load itself would be: what it writes is what is
// compared. It is one unit, since only whoever has seen all records knows which
// rows have none.
func planParity(step string, p *Parity, facts catalog.Facts) ([]unit.Unit, error) {
	l := p.load()
	spec, entity := ParitySpec{Entity: l.process().entity()}, l.process().entity()
	planned, weight, err := loadSpec(step, l, facts)
	if err != nil {
		return nil, err
	}
	spec.Load, spec.Repair = planned, p.Repair
	for _, to := range planned.Into {
		if planned.Calls == nil && len(to.Key) == 0 {
			return nil, fault.New(fault.Config, "load.key", "%s has no key: verify needs to know which row stands for a record", to.Table).
				Hint("to: {key: [COLUMN]} names it; the target needs a unique index on it")
		}
	}
	for _, table := range l.process().tables() {
		spec.Where = append(spec.Where, p.Where[table])
	}
	if p.Sample != nil && *p.Sample < 1 {
		spec.Sample = *p.Sample
		if len(planned.Query.Key) == 0 && planned.Query.Objects == "" {
			return nil, fault.New(fault.Config, "load.key", "a sample is drawn by the records' key, and these have none").
				Hint("key: [PATH] names what tells them apart")
		}
	}
	return []unit.Unit{{
		ID: unit.ID(step, "compare", entity, 1), Step: step, Kind: "compare", Entity: entity, Class: "compare", Weight: weight, Spec: encode(spec),
	}}, nil
}

// loadSpec is the spec of a load's units, and how many records there may be.
func loadSpec(step string, l *Load, facts catalog.Facts) (LoadSpec, int64, error) {
	var spec LoadSpec
	units, err := plan(step, l, facts)
	if err != nil {
		return spec, 0, err
	}
	for _, u := range units {
		if u.Kind == "load" || u.Kind == calls.KindProduce {
			err = json.Unmarshal(u.Spec, &spec)
			return spec, u.Weight, err
		}
	}
	return spec, 0, fault.New(fault.Internal, "unit.spec", "%s: a load without units", step)
}
