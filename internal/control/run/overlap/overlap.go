// Package overlap keeps runs of a flow apart that its overlap calls the same work.
// Start at Take.
package overlap

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/ledger"
)

// lookEvery is how often it is tried to have the turn.
const lookEvery = 250 * time.Millisecond

// Take has the turn of a flow's overlap for a run, until free is called or the
// process is gone. Where that is to be refused it is; else it waits, as long as
// neither ctx nor stop ends. A flow without overlap has it at once.
func Take(ctx context.Context, l *ledger.Ledger, run ledger.Run, b *flow.Bound, stop <-chan struct{}) (free func(), err error) {
	if b.Overlap == nil {
		return func() {}, nil
	}
	sum := sha256.Sum256([]byte(b.Flow + "\x00" + b.Env + "\x00" + b.Overlap.Key))
	name := "overlap~" + hex.EncodeToString(sum[:8])
	for {
		free, ok, err := l.Alone(name)
		if err != nil || ok {
			return free, err
		}
		if b.Overlap.Then == flow.Refuse {
			holder, _, err := Holder(ctx, l, b, run.ID)
			if err != nil {
				return nil, err
			}
			return nil, Refused(holder, b)
		}
		select {
		case <-time.After(lookEvery):
		case <-stop:
			return nil, fault.New(fault.Cancelled, "run.overlaps", "%s was stopped before its turn came", run.Name())
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Refused is the fault of a flow that overlaps with a run.
func Refused(holder ledger.Run, b *flow.Bound) error {
	what := "the flow"
	if b.Overlap.Key != "" {
		what = "the overlap.key " + b.Overlap.Key + " of flow " + b.Flow
	}
	if holder.ID == 0 { // it ended meanwhile, or is about to begin
		return fault.New(fault.Conflict, "run.overlaps", "another run of %s is at work on %s", b.Flow, what).Hint("godwit runs")
	}
	return fault.New(fault.Conflict, "run.overlaps", "%s is at work on %s, by %s", holder.Name(), what, holder.Owner).
		Hint("godwit status %s shows how far it is", holder.Name()).
		Hint("overlap: {then: queue} waits for its end")
}

// Holder is the run at work that a flow overlaps with, if there is one; but is none.
func Holder(ctx context.Context, l *ledger.Ledger, b *flow.Bound, but int64) (run ledger.Run, ok bool, err error) {
	if b.Overlap == nil {
		return run, false, nil
	}
	all, err := l.Runs(ctx, 0)
	for _, one := range all {
		if one.ID == but || one.Flow != b.Flow || one.Env != b.Env || one.State == ledger.Ended || !l.Held(one) {
			continue
		}
		var frozen struct {
			Flow struct{ Overlap *flow.Overlap }
		}
		if json.Unmarshal(one.Plan, &frozen) == nil && frozen.Flow.Overlap != nil && frozen.Flow.Overlap.Key == b.Overlap.Key {
			return one, true, err
		}
	}
	return run, false, err
}
