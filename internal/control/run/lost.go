package run

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"godwit/internal/connector"
	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// lostTarget reopens units whose effect a target has lost: by a crash, a
// fail-over, a restore. A settled unit that left a mark must still have it; it
// is asked when a run is gone on with and after every attempt that lost its
// connection.
type lostTarget struct {
	drive     *drive
	executors map[string]unit.Executor
	mu        sync.Mutex
	check     bool
}

// marked kinds leave a mark with what they did.
var markedKinds = []string{"define", "data", "small", "index", "key", "foreign", "view", "analyze", "sequence", "blob", "reconcile"}

// suspect notes that a target may not be what it was.
func (l *lostTarget) suspect(e unit.Event) {
	ended, err := unit.Decode[unit.Ended](e)
	if err != nil || ended.Fault == nil || ended.Fault.Kind != fault.Unavailable {
		return
	}
	l.mu.Lock()
	l.check = true
	l.mu.Unlock()
}

// again looks if something was suspected; a target out of reach stays so.
func (l *lostTarget) again(ctx context.Context) error {
	l.mu.Lock()
	due := l.check
	l.mu.Unlock()
	if !due {
		return nil
	}
	err := l.look(ctx)
	if fault.KindOf(err).Passing() {
		return nil
	}
	return err
}

// look compares the settled units with the marks at their targets. It runs
// before anything else when a run is gone on with: an error that passes is
// left to the units, which meet it themselves.
func (l *lostTarget) look(ctx context.Context) error {
	l.mu.Lock()
	l.check = false
	l.mu.Unlock()
	err := l.compare(ctx)
	if fault.KindOf(err).Passing() {
		l.mu.Lock()
		l.check = true // not settled before it was answered
		l.mu.Unlock()
		return nil
	}
	return err
}

func (l *lostTarget) compare(ctx context.Context) error {
	settled, dropped, err := l.settled(ctx)
	if err != nil || len(settled) == 0 {
		return err
	}
	var undone []ledger.Unit
	for to, units := range settled {
		w, err := connector.Capable[connector.Writer](ctx, l.drive.open, to, "be written in marked transactions")
		if err != nil {
			return err
		}
		marks, err := w.Marks(ctx, l.drive.run.UID)
		if err != nil {
			return fault.Wrap(err, "read the marks at %s", to)
		}
		if dropped && len(marks) == 0 {
			continue // taken away at the end of the step, as they should be
		}
		have := map[string]bool{}
		for _, m := range marks {
			have[m.Unit] = true
		}
		for _, u := range units {
			if !have[u.ID] {
				undone = append(undone, u)
			}
		}
	}
	return l.reopen(ctx, undone)
}

// settled lists the done units that must have a mark, by target, and whether
// the marks were, or were about to be, taken away.
func (l *lostTarget) settled(ctx context.Context) (map[string][]ledger.Unit, bool, error) {
	view, id := l.drive.runs.Ledger.View(), l.drive.run.ID
	settled := map[string][]ledger.Unit{}
	for _, kind := range markedKinds {
		units, err := view.Units(ctx, id, ledger.Filter{Kind: kind, State: "done"}, 0)
		if err != nil {
			return nil, false, err
		}
		for _, u := range units {
			var spec struct {
				To     string
				Repair *bool
			}
			if err := json.Unmarshal(u.Spec, &spec); err != nil || spec.To == "" {
				continue
			}
			if kind == "reconcile" && !l.repaired(u) {
				continue
			}
			settled[spec.To] = append(settled[spec.To], u)
		}
	}
	gone, err := view.Units(ctx, id, ledger.Filter{Kind: "marks"}, 0)
	dropped := false
	for _, u := range gone {
		dropped = dropped || u.Attempt > 0
	}
	return settled, dropped, err
}

// repaired tells a reconcile unit that wrote from one that only looked.
func (l *lostTarget) repaired(u ledger.Unit) bool {
	var ended unit.Ended
	if json.Unmarshal(u.Result, &ended) != nil {
		return false
	}
	f, ok := factsOf[struct{ Differs bool }](ended.Facts)
	return ok && f.Differs
}

// reopen tells the Machine which units are to be done again.
func (l *lostTarget) reopen(ctx context.Context, units []ledger.Unit) error {
	if len(units) == 0 {
		return nil
	}
	_, err := l.drive.session.Turn(ctx, func(_ *plan.Machine, _ time.Time) unit.Change {
		var c unit.Change
		for _, u := range units {
			c.Events = append(c.Events, unit.Event{Kind: unit.UnitUndone, Unit: u.ID, Attempt: u.Attempt,
				Reason: "its mark is gone: the target lost what was committed"})
		}
		return c
	})
	return fault.Wrap(err, "reopen %d units that the target lost", len(units))
}
