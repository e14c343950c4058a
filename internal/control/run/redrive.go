package run

import (
	"context"
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// RedriveFlow is the name under which redrives run: redrive-1, redrive-2 ...
const RedriveFlow = "redrive"

// Redrive is the flow that processes open exceptions of a run again, by what b
// says today: b is the run's own flow, bound anew. Each step of it that has
// left some becomes a step of the redrive. Faults: redrive.nothing when the
// filter selects none, redrive.step when a step is not in the flow any more.
func (r *Runs) Redrive(ctx context.Context, of Ref, b *flow.Bound, f ledger.ExceptionFilter) (*flow.Bound, error) {
	steps, err := r.Ledger.View().Exceptions().Steps(ctx, of.ID, f)
	if err != nil {
		return nil, err
	}
	if len(steps) == 0 {
		return nil, fault.New(fault.Config, "redrive.nothing", "%s has no open exceptions that this selects", of.Name()).
			Hint("godwit dead list %s shows them", of.Name())
	}
	again := *b
	again.Flow, again.Steps, again.Files = RedriveFlow, nil, nil
	for _, id := range steps {
		s, err := r.redriven(ctx, of, b, id, f)
		if err != nil {
			return nil, err
		}
		again.Steps = append(again.Steps, s)
	}
	return &again, nil
}

func (r *Runs) redriven(ctx context.Context, of Ref, b *flow.Bound, id string, f ledger.ExceptionFilter) (flow.Step, error) {
	for _, s := range b.Steps {
		verb, _ := r.verb(s.Verb)
		if s.ID != id || verb.Redrive == nil {
			continue
		}
		schema, err := r.schema(ctx, of, id)
		if err != nil {
			return s, err
		}
		s.Spec = verb.Redrive(s.Spec, unit.Again{Of: of.Name(), Step: id, Filter: unit.Body(f), Schema: schema})
		return s, nil
	}
	return flow.Step{}, fault.New(fault.Config, "redrive.step", "%s left exceptions in step %s, which flow %s does not have any more", of.Name(), id, b.Flow).
		Hint("give the step its id back")
}

// schema is that of the records of a step, as they were read.
func (r *Runs) schema(ctx context.Context, of Ref, step string) (*catalog.Schema, error) {
	units, err := r.Ledger.View().Units(ctx, of.ID, ledger.Filter{Step: step, Kind: "load"}, 1)
	if err != nil {
		return nil, err
	}
	var spec struct{ Schema *catalog.Schema }
	if len(units) == 0 || json.Unmarshal(units[0].Spec, &spec) != nil || spec.Schema == nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "%s step %s: what its records are made of is not known", of.Name(), step)
	}
	return spec.Schema, nil
}
