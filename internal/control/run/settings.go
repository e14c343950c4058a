package run

import (
	"context"

	"godwit/internal/control/flow"
	"godwit/internal/control/run/deliveries"
	"godwit/internal/control/run/guards"
	"godwit/internal/control/run/past"
	"godwit/internal/unit"
)

// Guarded is a setting that is changed, with who is to put it back.
type Guarded = guards.Standing

// Guards are the settings of all systems that this ledger's runs have changed and
// not put back, the oldest first.
func (r *Runs) Guards(ctx context.Context) ([]Guarded, error) { return guards.Stand(ctx, r.Ledger) }

// RestoreGuard puts back the settings of a guard that no run does any more, over
// the connections of a flow. It tells what became of them; foreign are values of
// others that were left as they are.
func (r *Runs) RestoreGuard(ctx context.Context, id int64, b *flow.Bound, actor, reason string) (told []unit.Told, foreign bool, err error) {
	open := r.endpoints(b.Connections)
	defer open.Close()
	all := r.Executors(open, past.Past{Book: deliveries.Book{Ledger: r.Ledger}, Guard: id, Actor: actor, Reason: reason})
	return guards.Room{Ledger: r.Ledger, Of: id}.Restore(ctx, all["close"])
}

// ForgetGuard ends a guard that no run puts back any more, and puts nothing back.
func (r *Runs) ForgetGuard(ctx context.Context, id int64, actor, reason string) error {
	return guards.Room{Ledger: r.Ledger, Of: id, Actor: actor, Reason: reason}.Forget(ctx)
}
