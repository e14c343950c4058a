// Package overlaps waits for the run that a flow overlaps with, as the flow says.
// Start at Meet.
package overlaps

import (
	"context"
	"time"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/fault"
)

// lookEvery is how often it is looked whether a run has ended.
const lookEvery = 500 * time.Millisecond

// Meet returns when a flow may begin: at once, unless a run at work overlaps with it.
// Then it is refused, or waits for the end of that run; or it joins it and returns it
// when it has ended, which is all that there is to do. Fresh: it is to be a run of its
// own, which joins none. Say tells people.
func Meet(ctx context.Context, runs *run.Runs, b *flow.Bound, fresh bool, stop <-chan struct{}, say func(format string, args ...any)) (joined *run.Ref, err error) {
	for told := ""; ; {
		holder, same, ok, err := runs.Overlapping(ctx, b)
		if err != nil || !ok {
			return nil, err
		}
		join := b.Overlap.Then == flow.Join && same && !fresh
		if b.Overlap.Then != flow.Queue && !join {
			return nil, run.Overlaps(holder, b)
		}
		if told != holder.Name() {
			told = holder.Name()
			if join {
				say("joins %s, which %s works on: godwit status %s", told, holder.Owner, told)
			} else {
				say("waits for %s, which %s works on", told, holder.Owner)
			}
		}
		select {
		case <-time.After(lookEvery):
		case <-stop:
			return nil, fault.New(fault.Cancelled, "run.overlaps", "stopped while %s is at work", told)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if now, err := runs.Find(ctx, told); join && err == nil && now.State == "ended" {
			return &now, nil
		}
	}
}
