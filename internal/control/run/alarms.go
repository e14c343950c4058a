package run

import (
	"context"

	"godwit/internal/control/run/sight"
	"godwit/internal/unit"
)

// Seen is a run at one moment, as alarms need it.
type Seen = sight.Seen

// Sight looks at a run as alarms need it: see sight.Look.
func (r *Runs) Sight(ctx context.Context, run Ref, after int64, counts []string) (Seen, error) {
	return sight.Look(ctx, r.Ledger.View(), run, after, counts)
}

// Deadest is the run that most of the dead letters of a run are of, and their cause:
// see sight.Deadest.
func (r *Runs) Deadest(ctx context.Context, run Ref) (name string, most *Cause, err error) {
	return sight.Deadest(ctx, r.Ledger.View(), run)
}

// Alarmed writes into a run's journal what somebody was told, or could not be.
func (r *Runs) Alarmed(ctx context.Context, run Ref, a unit.Alarm) (unit.Event, error) {
	written, err := r.Ledger.Tell(ctx, run, unit.Event{Kind: unit.AlarmTold, Body: unit.Body(a)})
	if err != nil {
		return unit.Event{}, err
	}
	return written[0], nil
}
