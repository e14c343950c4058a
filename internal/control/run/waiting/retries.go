package waiting

import (
	"context"
	"slices"

	"godwit/internal/control/run/chronicle"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// mostUnits is how many units are listed that wait for their next attempt.
const mostUnits = 3

// Retries are the units of a run whose next attempt is not due, the first of
// them; those that ask are told by their steps.
func Retries(ctx context.Context, v *ledger.View, run int64, counts []ledger.Count) (list []OnHold, err error) {
	count, probes := 0, 0
	for _, c := range counts {
		switch {
		case c.Kind == Probes:
			probes += c.Units
		case c.State == ledger.Retry:
			count += c.Units
		}
	}
	if count == 0 {
		return nil, nil
	}
	units, err := v.Units(ctx, run, ledger.Filter{State: ledger.Retry}, mostUnits+probes)
	if err != nil {
		return nil, err
	}
	units = slices.DeleteFunc(units, func(u ledger.Unit) bool { return u.Kind == Probes })
	units = units[:min(len(units), mostUnits)]
	for i, u := range units {
		w := unit.Wait{Gate: "retry", Text: "waits for its next attempt", Since: u.Ended, Until: chronicle.Ended(u).Due}
		if u.Fault != nil {
			w.Text = "tried again after: " + u.Fault.Text
		}
		h := OnHold{ID: u.ID, Units: 1, Wait: w}
		if i == len(units)-1 {
			h.Units = count - i
		}
		list = append(list, h)
	}
	return list, nil
}
