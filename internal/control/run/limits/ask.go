package limits

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Asking leaves what people want of limits for the owner of a run.
type Asking struct {
	Ledger  *ledger.Ledger
	Systems []connector.Connector
	Flow    func(ledger.Run) (*flow.Bound, error) // what a run was started with
}

// Tune asks for other limits of a run, which hold from then on, also when it is
// gone on with. One that nobody owns (alone) keeps to them when somebody does.
func (a Asking) Tune(ctx context.Context, name string, q Request, actor, reason string) (alone bool, run ledger.Run, err error) {
	if run, err = a.Ledger.Find(ctx, name); err != nil {
		return false, run, err
	}
	if run.State == ledger.Ended && run.Outcome != "stopped" && run.Outcome != "failed" {
		return false, run, fault.New(fault.Config, "run.ended", "%s is %s", name, run.Outcome)
	}
	flows, err := a.flows(ctx, run)
	if err != nil {
		return false, run, err
	}
	t, err := q.Tuned(name, flows, a.Systems)
	if err != nil {
		return false, run, err
	}
	_, err = a.Ledger.Ask(ctx, run, ledger.Action{Verb: "tune", Body: unit.Body(t), Actor: actor, Reason: reason})
	return !a.Ledger.Held(run), run, err
}

// flows are what a run and those that it has called were started with, its own first.
func (a Asking) flows(ctx context.Context, run ledger.Run) ([]*flow.Bound, error) {
	b, err := a.Flow(run)
	if err != nil {
		return nil, err
	}
	all := []*flow.Bound{b}
	children, err := chronicle.Children(ctx, a.Ledger.View(), run.ID)
	for _, c := range children {
		child, err := a.Ledger.Find(ctx, c.Name)
		if err != nil {
			return nil, err
		}
		below, err := a.flows(ctx, child)
		if err != nil {
			return nil, err
		}
		all = append(all, below...)
	}
	return all, err
}
