package chronicle

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/kin"
	"godwit/internal/record"
)

// Part is a step, or an item of one, that runs another flow, with what that came to.
type Part struct {
	Step    string // move[north]
	Run     string // "" while there is none, or when it could not be started
	Flow    string
	State   string // that of the run, and its outcome once it has ended; of none that of the unit
	Exit    int    // -1 while it has not ended
	Took    time.Duration
	Account record.Account // with what runs below it have that it was not given back
	Open    int64          // records that are not loaded as of now
	Fault   *fault.Fault   // why the step failed
}

// Parts are those of a run, in the order in which they began; such that have none
// come last. Live says whether somebody drives the run.
func Parts(ctx context.Context, v *ledger.View, run int64, live bool) ([]Part, error) {
	units, err := v.Units(ctx, run, ledger.Filter{Kind: "flow"}, 0)
	if err != nil || len(units) == 0 {
		return nil, err
	}
	runs, err := kin.Parts(ctx, v.Reader(), run)
	if err != nil {
		return nil, err
	}
	by := make(map[string]ledger.Unit, len(units))
	for _, u := range units {
		by[u.ID] = u
	}
	list := make([]Part, 0, len(units))
	for _, r := range runs {
		u, ok := by[r.Unit]
		if !ok {
			continue
		}
		delete(by, r.Unit)
		p := Part{Step: u.Step, Run: r.Name, Flow: r.Flow, State: r.State, Exit: -1, Took: max(0, r.Last.Sub(r.Opened)-r.Idle), Account: r.Account, Open: r.Open}
		switch {
		case r.State == ledger.Ended:
			p.State, p.Exit = r.Outcome, r.Exit
		case !live:
			p.State = "stopped"
		}
		if u.State == ledger.Failed {
			p.Fault = u.Fault
		}
		list = append(list, p)
	}
	for _, u := range units {
		if _, alone := by[u.ID]; !alone {
			continue
		}
		p := Part{Step: u.Step, State: u.State, Exit: -1}
		switch u.State {
		case ledger.Failed:
			p.Fault = u.Fault
			p.Took = max(0, u.Ended.Sub(u.Started))
		case ledger.Running:
		default:
			p.State = "waiting"
		}
		list = append(list, p)
	}
	return list, nil
}
