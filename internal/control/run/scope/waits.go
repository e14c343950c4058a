package scope

import (
	"context"
	"encoding/json"

	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Waiting says what an instance of a step that waits is waiting for.
func (n *Names) Waiting(id string, s plan.Scope, verbs func(string) (unit.Verb, bool)) (unit.Waiting, error) {
	for _, step := range n.steps {
		if step.ID != flow.StepOf(id) || !step.Waits() {
			continue
		}
		verb, ok := verbs(step.Verb)
		if !ok {
			break
		}
		spec := step.Spec
		if step.Late != "" && step.Verb != flow.Waits { // whose time stands in the journal
			known, err := n.Known(s)
			if err != nil {
				return unit.Waiting{}, err
			}
			if spec, err = n.Step(id, known); err != nil {
				return unit.Waiting{}, err
			}
		}
		return verb.Waits(spec), nil
	}
	return unit.Waiting{}, fault.New(fault.Internal, "flow.gone", "the frozen flow has no step %s that waits", id)
}

// Probing does units that ask whether something is so. What they ask may depend
// on what is known when the step begins.
type Probing struct {
	Asks unit.Executor
	Fill func(unit.Unit) (any, error)
}

// Do is unit.Executor's.
func (p *Probing) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	var s struct {
		Spec json.RawMessage
		Late bool
	}
	if err := json.Unmarshal(u.Spec, &s); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	if u.Spec = s.Spec; s.Late {
		spec, err := p.Fill(u)
		if err != nil {
			return unit.Result{}, err
		}
		u.Spec = unit.Body(spec)
	}
	return p.Asks.Do(ctx, u, l, report)
}

// Done is unit.Executor's: asking leaves nothing behind.
func (*Probing) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}
