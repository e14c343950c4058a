package stub

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/parents"
)

// Maker makes the stubs of one attempt at a unit. Nil makes none. Not safe for
// concurrent use.
type Maker struct {
	known    *parents.Known
	entities map[string]entity
	order    []string
}

type entity struct {
	Spec
	worker *mapping.Worker
}

// New is nil without specs: those of Plan, made of the same.
func New(in Input, specs []Spec, known *parents.Known) (*Maker, error) {
	if len(specs) == 0 {
		return nil, nil
	}
	m := &Maker{known: known, entities: map[string]entity{}}
	for i, s := range specs {
		program, problems := in.compile(in.Map.Stubs[i], s.Table)
		if len(problems) > 0 {
			return nil, fault.New(fault.Config, problems[0].Code, "%s", problems[0])
		}
		m.entities[in.Map.Stubs[i].Entity] = entity{s, program.Worker()}
		m.order = append(m.order, in.Map.Stubs[i].Entity)
	}
	return m, nil
}

// Made is what came of stubs in a chunk.
type Made struct {
	States   []*record.States // by entity
	Warnings []record.Warning // one for each
}

// Make sees to it that something stands in for each record that references name
// and that may have a stub: a row that is there with its key, or one that is made
// now. Known is told; of what the target refuses, why. Mapping is the version of
// the map, Of the entity that refers.
func (m *Maker) Make(ctx context.Context, load connector.RecordLoad, refs []record.Reference, of, mapping string, made *Made) (rows int64, err error) {
	if m == nil {
		return 0, nil
	}
	for _, name := range m.order {
		wanted := m.wanted(name, refs)
		if len(wanted) == 0 {
			continue
		}
		states, n, err := m.make(ctx, load, m.entities[name], wanted)
		if err != nil {
			return rows, fault.Wrap(err, "make stubs of %s", name)
		}
		rows += n
		made.add(m.entities[name].Place, mapping, states)
		for _, r := range wanted {
			if slices.ContainsFunc(states, func(s record.State) bool { return s.Key == r.Key }) {
				made.Warnings = append(made.Warnings, record.Warning{Entity: name, Key: r.Key, Issue: record.Issue{
					Rule: record.RuleStub, Severity: record.SeverityWarn, Owner: r.Owner,
					Text: "a stub stands in for it: records of " + of + " refer to it", Hint: "load it: it takes the stub's place, and this issue is closed",
				}})
			}
		}
	}
	return rows, nil
}

// Needless reports whether a record that waits will be rejected whatever stands in
// for what it refers to.
func Needless(m record.Mapped) bool { return reason(m.Issues) != "" }

// add notes states of a chunk at a place.
func (m *Made) add(p record.Place, mapping string, states []record.State) {
	if len(states) == 0 {
		return
	}
	i := slices.IndexFunc(m.States, func(s *record.States) bool { return s.Place == p })
	if i < 0 {
		i, m.States = len(m.States), append(m.States, &record.States{Place: p, Mapping: mapping})
	}
	m.States[i].List = append(m.States[i].List, states...)
}

// wanted are the records of an entity that need a stub, by the keys that they have
// today: one for each key, in the order of the keys, so that two loads which meet
// wait for each other in one direction.
func (m *Maker) wanted(entity string, refs []record.Reference) []record.Reference {
	var list []record.Reference
	for _, r := range refs {
		if r.Entity != entity || r.Orphan != mapping.Stand {
			continue
		}
		if _, is := m.known.Kept(entity, r.Key, true); is {
			continue
		}
		if rule, _ := m.known.Odd(entity, r.Key); rule != "" {
			continue
		}
		if now := m.known.Now(entity, r.Key); now != r.Key {
			if record.KeyText(now) != now {
				m.known.Refuse(entity, r.Key, "has another key today, which no stub can be made of")
				continue
			}
			r.Key, r.Given = now, now
		}
		list = append(list, r)
	}
	slices.SortStableFunc(list, func(a, b record.Reference) int { return strings.Compare(a.Key, b.Key) })
	return slices.CompactFunc(list, func(a, b record.Reference) bool { return a.Key == b.Key })
}

// make gives the states of those that were made.
func (m *Maker) make(ctx context.Context, load connector.RecordLoad, e entity, wanted []record.Reference) ([]record.State, int64, error) {
	reader, ok := load.(connector.RowReader)
	if !ok {
		return nil, 0, fault.New(fault.Config, "map.stub", "%s cannot tell which rows are there already: no stubs can be made there", e.Place.At)
	}
	var page []record.Mapped
	var refs []record.Reference
	for _, r := range wanted {
		mapped := e.worker.Map(&record.Record{Op: record.Create, Slots: []any{r.Given}, Key: r.Key})
		if mapped.Reject {
			m.refuse(r, "no stub can be made of it: "+reason(mapped.Issues))
			continue
		}
		page, refs = append(page, mapped), append(refs, r)
	}
	page, refs, err := m.there(ctx, reader, e, page, refs)
	if err != nil || len(page) == 0 {
		return nil, 0, err
	}
	became, err := load.WriteRecords(ctx, connector.ModeAppend, []connector.Into{e.Into}, page)
	if err != nil {
		return nil, 0, err
	}
	values, err := reader.ReadRows(ctx, e.Into, []string{e.Known}, page)
	if err != nil {
		return nil, 0, err
	}
	var states []record.State
	var rows int64
	for i, r := range refs {
		switch b := became[i]; {
		case values[i] == nil && b.Refusal != nil:
			m.refuse(r, fmt.Sprintf("its stub was refused: %s", b.Refusal.Text))
		case values[i] == nil:
			return nil, 0, fault.New(fault.Internal, "account.open", "a stub for %s/%s was written and is not there", r.Entity, r.Key)
		case b.Refusal != nil: // somebody else has written it since
			m.known.AddStub(r.Entity, r.Key, e.value(page[i], values[i]))
		default:
			v := e.value(page[i], values[i])
			kept, err := record.Kept{record.CallStub: {e.Known: v}}.Bytes()
			if err != nil {
				return nil, 0, fault.New(fault.Internal, "record.state", "%s/%s: %w", r.Entity, r.Key, err)
			}
			states, rows = append(states, record.State{Key: r.Key, Outcome: record.Pending, Kept: kept}), rows+b.Rows
			m.known.AddStub(r.Entity, r.Key, v)
		}
	}
	return states, rows, nil
}

// there leaves out those of which a row is there: what has their key is what they
// stand for, whoever has written it.
func (m *Maker) there(ctx context.Context, reader connector.RowReader, e entity, page []record.Mapped, refs []record.Reference) (absent []record.Mapped, of []record.Reference, err error) {
	if len(page) == 0 {
		return nil, nil, nil
	}
	values, err := reader.ReadRows(ctx, e.Into, []string{e.Known}, page)
	if err != nil {
		return nil, nil, err
	}
	for i, v := range values {
		if v == nil {
			absent, of = append(absent, page[i]), append(of, refs[i])
			continue
		}
		m.known.AddStub(refs[i].Entity, refs[i].Key, e.value(page[i], v))
	}
	return absent, of, nil
}

// value is what a stub is known by: as its fields say it, which is how a record's
// own fields say it, else as the target has filled it.
func (e entity) value(m record.Mapped, back []any) any {
	if slot := slices.Index(e.Into.Columns, e.Known); slot >= 0 {
		return m.Rows[0].Slots[slot]
	}
	return back[0]
}

func (m *Maker) refuse(r record.Reference, why string) {
	m.known.Refuse(r.Entity, r.Key, "refers to a record of "+r.Entity+" that is not at the target, and "+why)
}

func reason(issues []record.Issue) string {
	for _, i := range issues {
		if i.Severity == record.SeverityError {
			return i.Field + " " + i.Text
		}
	}
	return ""
}
