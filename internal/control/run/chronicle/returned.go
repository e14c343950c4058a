package chronicle

import (
	"context"
	"slices"

	"godwit/internal/control/plan/exit"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Returned is what a called run gives back to the unit that called it: its
// accounts, one for each of its steps.
func Returned(ctx context.Context, v *ledger.View, u unit.Unit, run ledger.Run) (unit.Result, error) {
	sums, err := v.Sums(ctx, run.ID)
	if err != nil {
		return unit.Result{}, err
	}
	res := unit.Result{Open: run.Exit == exit.Open, Facts: unit.Body(map[string]string{"run": run.Name()})}
	for _, a := range sums {
		a.Entity, a.Step, a.Unit = run.Flow+" "+a.Step, u.Step, u.ID
		a.Chunk, a.Generation, a.Current, a.Hash = 1, 1, true, nil // the entity is that step alone: its whole
		res.Accounts = append(res.Accounts, a)
	}
	return res, nil
}

// Well reports whether a run with this exit code did all that it could.
func Well(code int) bool { return code == 0 || code == exit.Open }

const because = "because"

// ended is the code of what a called run came to: that of the run that called it
// says the same.
func ended(code int) string {
	switch code {
	case exit.Differs:
		return exit.CodeDiffers
	case exit.Stopped:
		return exit.CodeStopped
	}
	return "flow.failed"
}

// Broken is the fault of a unit whose called run failed: why is what ended it, nil
// when its units say.
func Broken(ctx context.Context, v *ledger.View, u unit.Unit, run ledger.Run, code int, why *fault.Fault) error {
	if why == nil {
		why = &fault.Fault{}
		if st, err := Read(ctx, v, run); err == nil {
			if failed := st.Failed(); len(failed) > 0 {
				why = &failed[0]
			}
		}
	}
	f := fault.New(fault.Data, ended(code), "%s: %s is %s, exit %d", u.Step, run.Name(), run.Outcome, code)
	if why.Text != "" {
		f = f.With(because, "%s", Cause(why))
	}
	look := "status"
	if code == exit.Differs {
		look = "report" // it names what differs
	}
	return f.Hint("godwit %s %s; gone on with, this run goes on with it", look, run.Name())
}

// Cause is why a step failed, in one line: of a called run what ended that.
func Cause(f *fault.Fault) string {
	if i := slices.IndexFunc(f.Lines, func(l fault.Line) bool { return l.Label == because }); i >= 0 {
		return f.Lines[i].Text
	}
	return f.Text + " [" + f.Code + "]"
}
