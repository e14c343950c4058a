package run

import (
	"context"

	"godwit/internal/control/run/past"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Answer says of a step's request whose answer was lost whether it took effect.
// Whoever goes on with the run believes it.
func (r *Runs) Answer(ctx context.Context, name, step string, took bool, actor, reason string) error {
	run, err := r.Ledger.Find(ctx, name)
	if err != nil {
		return err
	}
	for _, kind := range []string{"request", "takeback"} { // the latter is what is in doubt, when there is one
		units, err := r.Ledger.View().Units(ctx, run.ID, ledger.Filter{Step: step, Kind: kind, State: ledger.Failed}, 0)
		if err != nil {
			return err
		}
		for _, u := range units {
			if u.Fault != nil && u.Fault.Code == "request.in-doubt" {
				_, err := r.Ledger.Ask(ctx, run, ledger.Action{Verb: past.AnswerVerb, Body: unit.Body(past.Answer{Unit: unit.ID(step, "request", "all", 1), Took: took}), Actor: actor, Reason: reason})
				return err
			}
		}
	}
	return fault.New(fault.Config, "request.certain", "no request of step %s of %s is in doubt", step, name).Hint("godwit status %s", name)
}
