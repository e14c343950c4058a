package pipeline

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
	"godwit/internal/work/pipeline/alias"
	"godwit/internal/work/pipeline/blocked"
	"godwit/internal/work/pipeline/groups"
	"godwit/internal/work/pipeline/held"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/parents"
	"godwit/internal/work/pipeline/produce"
)

// target is where the chunks of a load go: tables, or a spool.
type target interface {
	Marks(ctx context.Context, run string) ([]record.Mark, error)
	BeginRecords(ctx context.Context, marks []record.MarkKey) (connector.Transaction, connector.RecordLoad, error)
}

func (r *loading) aim(ctx context.Context, open connector.Opener) (target, error) {
	if r.spec.Calls != nil {
		return produce.New(r.spec.Calls, r.book, r.unit.ID, r.program.Columns(0))
	}
	return connector.Capable[connector.RecordTarget](ctx, open, r.spec.To, "take records")
}

// inOrder has records that are given to calls say where they stand in the source.
func (r *loading) inOrder() (err error) {
	if r.spec.Calls != nil {
		r.reader, err = r.spec.Calls.InOrder(r.reader, r.unit.ID, r.total.Read)
	}
	return err
}

// calling checks the keys of a load whose records are given to calls.
func (l *Load) calling() []unit.Problem {
	p, of := l.process(), produce.Given{Entity: l.process().entity(), Group: l.process().Group, Within: l.File != nil}
	of.Table, of.Key, of.Mark, of.Rows = p.To.Table != "", p.To.Key != nil, p.To.Mark != "", p.Map != nil && len(p.Map.Rows) > 0
	of.Gone = p.To.Gone
	of.Env, _ = unit.Frozen(l.Scope) // what cannot be read is told by the plan
	return p.To.Problems(of)
}

// produced plans a load whose records are given to calls.
func (l *Load) produced(step string, spec LoadSpec, program *mapping.Program, facts catalog.Facts) ([]unit.Unit, error) {
	p, records := l.process(), facts.Records
	if len(records.Key) == 0 && l.Again == nil {
		return nil, fault.New(fault.Config, "load.key", "records that are given to calls need a key: by it is known what was sent").
			Hint("key: [PATH] names what tells them apart")
	}
	if l.Again != nil && l.Again.Sent != nil {
		return nil, fault.New(fault.Config, "redrive.as-sent", "step %s makes calls: what was sent in them is not sent once more", step).
			Hint("redrive without --as-sent makes the calls of each record that are still to be made")
	}
	at, err := placed(p.To.At, l.Scope)
	if err != nil {
		return nil, err
	}
	at.Entity, at.Database = p.entity(), parents.Database(facts)
	env, err := unit.Frozen(l.Scope)
	if err != nil {
		return nil, err
	}
	if err := spec.assemble(l, records.Key); err != nil {
		return nil, err
	}
	spec.Remember = parents.Waiting(at)
	spec.Into = produce.Into(p.To.At, program.Columns(0))
	spec.Rate = nil // of calls it is that of requests
	rate, most := p.Limit.Requests()
	spec.Calls, err = produce.Plan(calls.Delivery{Rate: rate, Concurrency: most, To: p.To.At, Place: at, Calls: p.To.Calls, Read: p.To.Read, Groups: p.Dead.Group, StopAt: p.Dead.StopAt, Attempts: p.Dead.Attempts, Step: step,
		Entity: at.Entity, Reads: produce.Reads(spec.From, facts), Scope: l.Scope, Mapping: program.Version(), Schema: spec.Schema, Again: l.Again}, p.Group, program.Columns(0), env)
	if err != nil {
		return nil, err
	}
	spec.Calls.Gone = p.To.Gone == connector.GoneDelete && l.Again == nil // what a redrive does not read is not gone
	since, err := l.since(step, facts, program)
	if err != nil {
		return nil, err
	}
	units := spec.loads(step, calls.KindProduce, at.Entity, records, since)
	for _, u := range units {
		spec.Calls.Sources = append(spec.Calls.Sources, u.ID)
	}
	if units, err = l.beside(step, units, program); err != nil {
		return nil, err
	}
	if spec.Map.References() != nil {
		units = append(units, blocked.Unit(step, at.Entity, blocked.Spec{To: spec.To, Again: l.Again}, calls.Delivered, alias.Noted))
	}
	if since != nil {
		units = append(units, since.Unit(step, at.Entity, units))
	}
	return append(units, spec.Calls.Units(held.Loaded)...), nil
}

// beside adds what is planned beside the units of a load.
func (l *Load) beside(step string, units []unit.Unit, program *mapping.Program) ([]unit.Unit, error) {
	p := l.process()
	if rules := groups.Named(program.SetRules()); len(rules) > 0 {
		units = append(units, unit.Unit{
			ID: unit.ID(step, "groups", p.entity(), 1), Step: step, Kind: "groups", Entity: p.entity(), Class: classOther, Weight: 1,
			After: []string{held.Loaded, "released"}, Spec: encode(groups.Spec{Rules: rules, Again: l.Again}),
		})
	}
	if a := p.Alias; a != nil && l.Again == nil {
		u, err := l.aliases(a, step)
		return append(units, u), err
	}
	return units, nil
}
