package scope

import (
	"encoding/json"
	"time"

	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/control/run/order"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
)

// Names says what expressions and ${...} of steps may use while the run is
// under way, as the Machine knows it.
type Names struct {
	run    ledger.Run
	filler *flow.Filler // nil: nothing of the flow is evaluated in the run
	steps  []flow.Step  // all of them
	Pins   order.Pins
}

// New reads the frozen flow of a run.
func New(run ledger.Run, b *flow.Bound, lang flow.Language) (*Names, error) {
	filler, err := b.Filler(lang)
	return &Names{run, filler, b.All(), order.NewPins(b)}, err
}

// Evaluate answers what a node asks: plan.Eval.
func (n *Names) Evaluate(code string, s plan.Scope) (any, error) {
	known, err := n.Known(s)
	if err != nil {
		return nil, err
	}
	v, err := n.filler.Value(code, known)
	list, ok := v.([]any)
	if err != nil || !ok {
		return v, err
	}
	items := make([]json.RawMessage, 0, len(list))
	for _, one := range list {
		text, err := record.EncodeJSON(one)
		if err != nil {
			return nil, err
		}
		items = append(items, text)
	}
	return items, nil
}

// Known is everything beside inputs and env.
func (n *Names) Known(s plan.Scope) (record.Object, error) {
	steps := record.Object{}
	for _, step := range n.steps {
		outcome, ok := s.Step(step.ID)
		if !ok {
			continue
		}
		left, err := left(step, outcome)
		if err != nil {
			return nil, fault.New(fault.Internal, "ledger.damaged", "what step %s left behind cannot be read: %w", step.ID, err)
		}
		steps[step.ID] = left
	}
	all := record.Object{
		"steps": steps,
		"run":   record.Object{"id": n.run.Name(), "started": n.run.Opened.UTC().Format(time.RFC3339)},
		"error": nil,
	}
	if f, node, ok := s.Fault(); ok {
		all["error"] = record.Object{"kind": string(f.Kind), "code": f.Code, "text": f.Text, "step": node}
	}
	for name, item := range s.Items() {
		v, err := record.DecodeJSON(item)
		if err != nil {
			return nil, fault.New(fault.Internal, "ledger.damaged", "item %s cannot be read: %w", name, err)
		}
		all[name] = v
	}
	return all, nil
}

// left is what a step gives to later ones, nil when it was skipped or is not
// over.
func left(s flow.Step, o plan.Outcome) (any, error) {
	switch {
	case o.State == "" || o.State == plan.OutcomeSkipped:
		return nil, nil
	case s.Each != nil:
		done, err := values(o.Done)
		if err != nil {
			return nil, err
		}
		failed, err := values(o.Failed)
		return record.Object{"done": done, "failed": failed}, err
	case len(o.Facts) > 0 && !s.Waits(): // those only say that it was so
		return record.DecodeJSON(o.Facts)
	case o.State != plan.OutcomeDone:
		return nil, nil
	}
	return record.Object{}, nil
}

func values(items []json.RawMessage) ([]any, error) {
	list := make([]any, 0, len(items))
	for _, item := range items {
		v, err := record.DecodeJSON(item)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// Step gives a step's spec with what is known when it begins.
func (n *Names) Step(step string, known record.Object) (any, error) {
	s, err := n.filler.Step(step, known)
	if err != nil {
		return nil, err
	}
	return s.Spec, nil
}

// Call gives the flow that a step calls, bound with what is known when it begins.
func (n *Names) Call(step string, known record.Object) (*flow.Bound, error) {
	return n.filler.Call(step, known)
}

// Each gives a step's for_each with what is known when it begins.
func (n *Names) Each(step string, known record.Object) (*flow.Each, error) {
	return n.filler.Each(step, known)
}
