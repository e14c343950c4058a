package run

import (
	"context"
	"encoding/json"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/conclude"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// RedriveFlow is the name under which redrives run: redrive-1, redrive-2 ...
const RedriveFlow = "redrive"

// Redrive is the flow that processes open exceptions of a run again, by what b
// says today: b is the run's own flow, bound anew. Each step of it that has
// left some becomes a step of the redrive. Faults: redrive.nothing when the
// filter selects none, redrive.step when a step is not in the flow any more,
// redrive.rows when its verb does not process any again.
func (r *Runs) Redrive(ctx context.Context, of Ref, b *flow.Bound, f ledger.ExceptionFilter) (*flow.Bound, error) {
	open := r.endpoints(b.Connections)
	defer open.Close()
	if err := conclude.Held(ctx, r.Ledger, of, f, open); err != nil {
		return nil, err
	}
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
	for _, step := range b.Steps { // in the flow's order: what comes first may be what the next looks up
		if !slices.Contains(steps, step.ID) {
			continue
		}
		verb, _ := r.verb(step.Verb)
		if verb.Redrive == nil {
			return nil, fault.New(fault.Config, "redrive.rows", "%s left rows out in step %s, which is a %s: it has no map that a redrive could process them by", of.Name(), step.ID, step.Verb).
				Hint("mend them at the source, or what refuses them at the target, then copy their table again; godwit dead show %s ID --source shows one", of.Name()).
				Hint("--step selects the exceptions of another step")
		}
		if err := r.published(ctx, of, step.ID); err != nil {
			return nil, err
		}
		schema, err := r.schema(ctx, of, step.ID)
		if err != nil {
			return nil, err
		}
		step.Spec = verb.Redrive(step.Spec, unit.Redrive{Of: of.Name(), Step: step.ID, Filter: unit.Body(f), Schema: schema})
		again.Steps = append(again.Steps, step)
	}
	for _, id := range steps {
		if !slices.ContainsFunc(again.Steps, func(s flow.Step) bool { return s.ID == id }) {
			return nil, fault.New(fault.Config, "redrive.step", "%s left exceptions in step %s, which flow %s does not have any more", of.Name(), id, b.Flow).
				Hint("give the step its id back")
		}
	}
	return &again, nil
}

// published refuses a step whose records are still held back: what a redrive
// wrote now would give way to them.
func (r *Runs) published(ctx context.Context, of Ref, step string) error {
	for _, kind := range r.kinds(func(k unit.Kind) bool { return k.Publishes }) {
		units, err := r.Ledger.View().Units(ctx, of.ID, ledger.Filter{Step: step, Kind: kind}, 0)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(units, func(u ledger.Unit) bool { return u.State != ledger.Done }) {
			return fault.New(fault.Config, "redrive.unpublished", "what %s read in step %s is not published: its dead letters would be replaced again", of.Name(), step).
				Hint("godwit resume %s publishes it; of a run that is cancelled nothing was changed: run the flow again", of.Name())
		}
	}
	return nil
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
