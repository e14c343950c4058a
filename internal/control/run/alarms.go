package run

import (
	"context"

	"godwit/internal/control/run/sight"
	"godwit/internal/ledger/kin"
	"godwit/internal/unit"
)

// Sight looks at a run as alarms need it; after is Last of the look before.
func (r *Runs) Sight(ctx context.Context, run Ref, after int64) (sight.Seen, error) {
	return sight.Look(ctx, r.Ledger.View(), run, after)
}

// Deadest is the run that most of the dead letters of a run are of: itself, or one
// that it has started; and the cause that most of them have, nil when it is not known.
func (r *Runs) Deadest(ctx context.Context, run Ref) (name string, most *Cause, err error) {
	m, err := kin.Worst(ctx, r.Ledger.View().Reader(), run.ID)
	if err != nil || m.ID == 0 {
		return run.Name(), nil, err
	}
	causes, err := r.Exceptions().Causes(ctx, m.ID, Filter{Outcome: "dead"}, 0)
	if err != nil || len(causes) == 0 {
		return m.Name, nil, err
	}
	return m.Name, &causes[0], nil
}

// Alarmed writes into a run's journal what somebody was told, or could not be.
func (r *Runs) Alarmed(ctx context.Context, run Ref, a unit.Alarm) (unit.Event, error) {
	written, err := r.Ledger.Tell(ctx, run, unit.Event{Kind: unit.AlarmTold, Body: unit.Body(a)})
	if err != nil {
		return unit.Event{}, err
	}
	return written[0], nil
}
