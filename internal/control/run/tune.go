package run

import (
	"context"

	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/limits"
	"godwit/internal/unit"
)

// Limit is what holds for a connection.
type Limit = limits.Limit

// Limits is for who tunes those of a run.
func (r *Runs) Limits() limits.Asking {
	return limits.Asking{Ledger: r.Ledger, Systems: r.Systems, Flow: r.Flow}
}

// tuned has the connections of a run that is gone on with keep to what people made
// of their limits.
func (d *drive) tuned(ctx context.Context) error {
	return chronicle.Tuned(ctx, d.runs.Ledger.View(), d.run.ID, func(e unit.Event) { d.open.Fold(e, d.run.Parent != 0) })
}

// tellHeld notes for how long requests waited.
func (d *drive) tellHeld(ctx context.Context) {
	for _, h := range d.open.Held() {
		d.write(context.WithoutCancel(ctx), unit.Event{Kind: unit.LimitHeld, Body: unit.Body(h)})
	}
}
