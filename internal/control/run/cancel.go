package run

import (
	"context"

	"godwit/internal/fault"
	"godwit/internal/ledger"
)

// Cancel asks for the end of a run. A run that nobody owns is to be driven to
// its end by the caller (alone): its finally and guards run then.
func (r *Runs) Cancel(ctx context.Context, name, actor, reason string) (alone bool, run Ref, err error) {
	if run, err = r.Ledger.Find(ctx, name); err != nil {
		return false, run, err
	}
	if run.State == ledger.Ended && run.Outcome != "stopped" && run.Outcome != "failed" {
		return false, run, fault.New(fault.Config, "run.ended", "%s is %s", name, run.Outcome)
	}
	if _, err := r.Ledger.Ask(ctx, run, ledger.Action{Verb: "cancel", Actor: actor, Reason: reason, Revision: run.Revision}); err != nil {
		return false, run, err
	}
	now, err := r.Now(ctx, run)
	if err != nil {
		return false, run, err
	}
	return !now.Owned(), run, nil
}

// Check proves the accounts of the named runs, or of all, and returns what
// does not hold and how many runs were looked at.
func (r *Runs) Check(ctx context.Context, names []string) ([]ledger.Breach, int, error) {
	return r.Ledger.CheckAll(ctx, names)
}
