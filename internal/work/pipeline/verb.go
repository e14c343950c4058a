package pipeline

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
	"godwit/internal/work/pipeline/alias"
	"godwit/internal/work/pipeline/blocked"
	"godwit/internal/work/pipeline/held"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/stub"
)

// Verb is the load verb: records of one place into tables of another.
func Verb() unit.Verb {
	return unit.Verb{
		Name:  "load",
		Help:  "Read records, map and check them, write them into tables; each has one outcome",
		Spec:  func() any { return &Load{} },
		Check: func(spec any) []unit.Problem { return spec.(*Load).check() },
		Needs: func(spec any) (unit.Needs, error) { return spec.(*Load).needs() },
		Limits: func(spec any, cores int) map[string]int {
			l := spec.(*Load)
			n := l.process().Limit.Workers(cmp.Or(l.Workers, min(8, max(2, cores))))
			return map[string]int{workers: n, calls.Limit: 8}
		},
		Redrive: func(spec any, a unit.Redrive) any {
			l := *spec.(*Load)
			l.Again = &a
			return &l
		},
		Plan: func(step string, spec any, facts catalog.Facts) ([]unit.Unit, error) {
			return plan(step, spec.(*Load), facts)
		},
		Notes: func(spec any, facts catalog.Facts) []unit.Note {
			return spec.(*Load).notes(facts)
		},
		Trial: trial(),
		Kinds: held.Kinds(map[string]unit.Kind{"load": {Marked: true, Rows: true, Measured: true}, calls.KindProduce: {Measured: true}, calls.KindDeliver: {Measured: true}, calls.KindAbsent: {}, calls.KindDivide: {}, calls.KindClear: {}, "marks": {Resting: true}, "groups": {Resting: true}, blocked.Kind: {Resting: true}, blocked.Release: {Marked: true}, alias.Kind: {}, "watermark": {Resting: true}}),
	}
}

const workers = "workers"

// process is the file's, or the one whose keys stand in the load.
func (l *Load) process() *Process {
	if l.File != nil {
		return l.File
	}
	return &l.Process
}

func (l *Load) check() []unit.Problem {
	var p []unit.Problem
	bad := func(path, code, format string, args ...any) {
		p = append(p, unit.Problem{Path: path, Code: code, Text: fmt.Sprintf(format, args...)})
	}
	if l.File != nil && l.Place != "" {
		bad("process", "load.two-processes", "process names a file, and keys of a process stand here too: write all of them in one place")
	}
	to := l.process().To
	mode := to.Mode
	if to.Calls != nil {
		mode = "" // calls add and change as their when says
	}
	p = append(p, l.From.Problems(mode, to.Gone)...)
	switch {
	case to.At == "":
		bad("to", "flow.required", "a load needs to")
	case to.Table == "" && to.Calls == nil:
		bad("to", "flow.required", "to needs a table, or calls of an API")
	}
	p = append(p, l.calling()...)
	if l.process().Group != "" && to.Calls != nil {
		p = append(p, l.From.OrderProblems(l.process().Key)...)
	}
	if path, text := to.held().Problem(); text != "" && to.Calls == nil {
		bad(path, "load.gone", "%s", text)
	}
	if text := stub.Problem(l.process().entity(), to.Mode, to.Gone, l.Stubbed); text != "" {
		bad("to.mode", "load.stub", "%s", text)
	}
	if to.Mode == connector.ModeReplace && len(stub.Tables(l.process().Map)) > 0 {
		bad("to.mode", "load.stub", "the map makes stubs, which are written at once: mode: replace holds back what refers to them")
	}
	if len(l.process().Lookups) > 0 && l.process().Map == nil {
		bad("lookups", "load.lookups", "lookups are for a map, and there is none")
	}
	if l.process().Overlay != nil && l.process().Map == nil {
		bad("overlay", "load.overlay", "an overlay is laid over a map, and there is none")
	}
	for path, in := range l.process().tablesOfValues() {
		for _, name := range sorted(in) {
			if why := in[name].Problem(); why != "" {
				bad(path+"."+name, "map.lookup", "lookup %s: %s", name, why)
			}
		}
	}
	if a := l.process().Alias; a != nil && a.At != "" {
		if why := a.Problem(); why != "" {
			bad("alias", "load.alias", "%s", why)
		}
	}
	if text := l.process().Limit.Problem(); text != "" {
		bad("limit.rate", "limit.invalid", "%s", text)
	}
	if l.Workers < 0 {
		bad("workers", "flow.type", "workers is a number from 1")
	}
	for path, name := range map[string]string{"from.table": l.From.Table, "to.table": to.Table} {
		if name == "" {
			continue
		}
		if _, err := catalog.ParseName(name); err != nil {
			bad(path, "pattern.invalid", "%v", err)
		}
	}
	return p
}

func (l *Load) needs() (unit.Needs, error) {
	p := l.process()
	args, err := unit.Frozen(l.From.Args)
	if err != nil {
		return unit.Needs{}, err
	}
	q, err := l.From.Asks(p.Key, args)
	if err != nil {
		return unit.Needs{}, err
	}
	var tables []catalog.Name
	for _, name := range append(p.tables(), stub.Tables(p.Map)...) {
		n, err := catalog.ParseName(name)
		if err != nil {
			return unit.Needs{}, err
		}
		tables = append(tables, n)
	}
	lookups, err := l.lookups(p.mapped())
	if err != nil {
		return unit.Needs{}, err
	}
	if l.Again != nil {
		return unit.Needs{From: p.To.At, To: p.To.At, Select: catalog.Only(tables...),
			Records: &unit.Records{Schema: l.Again.Schema, Tables: tables, Calls: p.To.Calls != nil, Blocks: p.To.Calls != nil && p.Dead.Group == calls.Block, Lookups: lookups}}, nil
	}
	n := unit.Needs{
		From: l.From.At, To: p.To.At, Select: catalog.Only(append(tables, q.Table)...), Snapshot: true,
		Records: &unit.Records{Query: q, Parts: l.From.Queries(q.Args), Tables: tables, Calls: p.To.Calls != nil, Ranges: l.ranges(p.mapped()), Lookups: lookups},
	}
	n.Records.Replaces, n.Records.Removes = p.To.Mode == connector.ModeReplace, p.To.Gone == connector.GoneDelete
	return n, nil
}

// ranges is into how many parts the records may be divided: rules over many
// records have to meet them in the source's order.
func (l *Load) ranges(m *mapping.Map) int {
	if m.HasSets() || m != nil && len(m.Stubs) > 0 { // two parts would wait for each other's stubs
		return 1
	}
	return max(1, l.Workers)
}

// tables are the targets: the record's own, then those of its parts.
func (p *Process) tables() []string {
	if p.To.Calls != nil {
		return nil
	}
	list := []string{p.To.Table}
	if p.Map != nil {
		for _, r := range p.Map.Rows {
			list = append(list, r.Into)
		}
	}
	return list
}

// entity is what the records are called: by the flow, by the map's file, by
// the table.
func (p *Process) entity() string {
	if p.Entity != "" {
		return p.Entity
	}
	if p.Map != nil {
		if file, _, ok := strings.Cut(p.Map.At, ".yaml"); ok {
			return path.Base(file)
		}
	}
	return p.To.Table
}

func encode(v any) json.RawMessage { return unit.Body(v) }
