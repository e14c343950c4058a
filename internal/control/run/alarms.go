package run

import (
	"context"

	"godwit/internal/control/run/sight"
	"godwit/internal/unit"
)

// Sight looks at a run as alarms need it; after is Last of the look before.
func (r *Runs) Sight(ctx context.Context, run Ref, after int64) (sight.Seen, error) {
	return sight.Look(ctx, r.Ledger.View(), run, after)
}

// Alarmed writes into a run's journal what somebody was told, or could not be.
func (r *Runs) Alarmed(ctx context.Context, run Ref, a unit.Alarm) (unit.Event, error) {
	written, err := r.Ledger.Tell(ctx, run, unit.Event{Kind: unit.AlarmTold, Body: unit.Body(a)})
	if err != nil {
		return unit.Event{}, err
	}
	return written[0], nil
}
