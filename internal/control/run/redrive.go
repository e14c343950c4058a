package run

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/conclude"
	"godwit/internal/control/run/hand"
	"godwit/internal/control/run/late"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// RedriveFlow is the name under which redrives run: redrive-1, redrive-2 ...
const RedriveFlow = "redrive"

// Again says which open exceptions of a run are processed again, and how.
type Again struct {
	Filter
	Limit  int  // at most so many, the first ones by rank; 0 is all
	AsSent bool // written as they were sent, without mapping them again
}

// Redriving is a redrive that is not begun.
type Redriving struct {
	Flow   *flow.Bound
	Filter Filter   // with the limit
	Steps  []string // of the run, in the order of the flow's
}

// Redrive is the flow that processes open exceptions of a run again, by what b
// says today: b is the run's own flow, bound anew. Each step of it that has
// left some becomes a step of the redrive, also one that stood in a group or in
// a for_each: with the item that it had. Conditions are not asked again, and
// nothing else of the flow runs. Faults: redrive.nothing when the filter selects
// none, redrive.step when a step is not in the flow any more, redrive.rows when
// its verb does not process any again, redrive.as-sent.
func (r *Runs) Redrive(ctx context.Context, of Ref, b *flow.Bound, a Again) (*Redriving, error) {
	open := r.endpoints(b.Connections)
	defer open.Close()
	if err := conclude.Held(ctx, r.Ledger, of, a.Filter, open); err != nil {
		return nil, err
	}
	look := r.Ledger.View().Exceptions()
	if a.Limit > 0 {
		var err error
		if a.Filter, err = look.First(ctx, of.ID, a.Filter, a.Limit); err != nil {
			return nil, err
		}
	}
	ids, err := look.Steps(ctx, of.ID, a.Filter)
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, r.nothing(ctx, of)
	}
	again := *b
	out := &Redriving{Flow: &again, Filter: a.Filter}
	again.Flow, again.Steps, again.Finally, again.Files, again.Late = RedriveFlow, nil, nil, nil, nil
	fill, err := r.filling(ctx, of, b, ids)
	if err != nil {
		return nil, err
	}
	for _, step := range b.All() { // in the flow's order: what comes first may be what the next looks up
		for _, id := range ids {
			if flow.StepOf(id) != step.ID {
				continue
			}
			s, err := r.redriven(ctx, of, step, id, a, fill)
			if err != nil {
				return nil, err
			}
			again.Steps, out.Steps = append(again.Steps, s), append(out.Steps, id)
		}
	}
	for _, id := range ids {
		if !slices.Contains(out.Steps, id) {
			return nil, fault.New(fault.Config, "redrive.step", "%s left exceptions in step %s, which flow %s does not have any more", of.Name(), id, b.Flow).
				Hint("give the step its id back")
		}
	}
	return out, nil
}

// redriven is the step of a redrive for those of one step of a run.
func (r *Runs) redriven(ctx context.Context, of Ref, step flow.Step, id string, a Again, fill func(id string, step flow.Step) (any, error)) (flow.Step, error) {
	verb, _ := r.verb(step.Verb)
	if verb.Redrive == nil {
		return step, fault.New(fault.Config, "redrive.rows", "%s left rows out in step %s, which is a %s: it has no map that a redrive could process them by", of.Name(), id, step.Verb).
			Hint("mend them at the source, or what refuses them at the target, then copy their table again; godwit dead show %s ID --source shows one", of.Name()).
			Hint("--step selects the exceptions of another step")
	}
	if err := r.published(ctx, of, id); err != nil {
		return step, err
	}
	schema, err := r.schema(ctx, of, id)
	if err != nil {
		return step, err
	}
	again := unit.Redrive{Of: of.Name(), Step: id, Filter: unit.Body(a.Filter), Schema: schema}
	if a.AsSent {
		f := a.Filter
		f.Step = id
		if again.Sent, err = hand.Sent(ctx, r.Ledger.View().Exceptions(), of, f); err != nil {
			return step, fault.Wrap(err, "step %s", id)
		}
	}
	spec, err := fill(id, step)
	if err != nil {
		return step, err
	}
	return flow.Step{ID: named(id), Verb: step.Verb, Pos: step.Pos, Spec: verb.Redrive(spec, again),
		Retry: step.Retry, Window: step.Window, OnError: step.OnError, Timeout: step.Timeout}, nil
}

// named is what a redrive calls a step: one of a for_each without brackets, which
// names of steps do not have.
func named(id string) string { return strings.NewReplacer("[", ".", "]", "").Replace(id) }

// filling gives the spec of a step with what it began with in a run, by today's
// flow.
func (r *Runs) filling(ctx context.Context, of Ref, b *flow.Bound, ids []string) (func(id string, step flow.Step) (any, error), error) {
	plain := func(_ string, step flow.Step) (any, error) { return step.Spec, nil }
	names, err := late.New(of, b, flow.Language{Verbs: r.Verbs, Systems: r.Systems})
	if err != nil || b.Late == nil {
		return plain, err
	}
	f, err := thawed(of)
	if err != nil {
		return nil, err
	}
	known, err := names.Then(ctx, r.Ledger.View(), &f.Graph, ids)
	if err != nil {
		return nil, err
	}
	return func(id string, step flow.Step) (any, error) {
		if step.Late == "" {
			return step.Spec, nil
		}
		return names.Step(id, known[id])
	}, nil
}

// nothing says that a run has none, and which runs that it started have some.
func (r *Runs) nothing(ctx context.Context, of Ref) error {
	e := fault.New(fault.Config, "redrive.nothing", "%s has no open exceptions that this selects", of.Name()).
		Hint("godwit dead list %s shows them", of.Name())
	names, err := chronicle.CalledOpen(ctx, r.Ledger.View(), of)
	if err != nil {
		return err
	}
	for _, name := range names {
		e.Hint("%s, which it started, has some: godwit redrive %s", name, name)
	}
	return e
}

// Unended is the newest redrive of a run that has not come to its end, if there
// is one, and whether it was to process what a filter selects.
func (r *Runs) Unended(ctx context.Context, of Ref, f Filter) (run Ref, same, ok bool, err error) {
	all, err := r.Ledger.Runs(ctx, 0)
	if err != nil {
		return of, false, false, err
	}
	for _, run := range all {
		if run.Flow != RedriveFlow || run.Outcome == plan.OutcomeDone || run.Outcome == plan.OutcomeCancelled {
			continue
		}
		again, err := againOf(run)
		if err != nil {
			return of, false, false, err
		}
		var was Filter
		if again != nil && again.Of == of.Name() && json.Unmarshal(again.Filter, &was) == nil {
			was.UpTo, was.Turn = 0, 0
			return run, reflect.DeepEqual(was, f), true, nil
		}
	}
	return of, false, false, nil
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
	var units []ledger.Unit
	for _, kind := range []string{"load", "produce"} {
		found, err := r.Ledger.View().Units(ctx, of.ID, ledger.Filter{Step: step, Kind: kind}, 1)
		if err != nil {
			return nil, err
		}
		units = append(units, found...)
	}
	var spec struct{ Schema *catalog.Schema }
	if len(units) == 0 {
		return nil, fault.New(fault.Config, "redrive.rows", "%s step %s is a copy: rows that it left out are not records of a map", of.Name(), step).
			Hint("mend them at the source, or what refuses them at the target, then copy their table again")
	}
	if json.Unmarshal(units[0].Spec, &spec) != nil || spec.Schema == nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "%s step %s: what its records are made of is not known", of.Name(), step)
	}
	return spec.Schema, nil
}
