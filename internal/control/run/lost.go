package run

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"godwit/internal/connector"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/conclude"
	"godwit/internal/control/run/taken"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// lostTarget reopens units whose effect a target has lost: by a crash, a
// fail-over, a restore. A settled unit that left a mark must still have it; it
// is asked when a run is gone on with and after every attempt that lost its
// connection.
type lostTarget struct {
	drive     *drive
	mu        sync.Mutex
	check     bool // whether all marks are there
	comparing sync.Mutex
	evicted   bool
	wake      chan struct{} // of room for one
	looked    atomic.Bool   // at all that may be lost: from then on units begin
}

// suspect notes that a target may not be what it was.
func (l *lostTarget) suspect(e unit.Event) {
	ended, err := unit.Decode[unit.Ended](e)
	if err != nil || ended.Fault == nil || ended.Fault.Kind != fault.Unavailable {
		return
	}
	l.doubt()
}

// watch looks as soon as something is suspected, until quiet is closed, and
// once more after a while when a target could not be asked.
func (l *lostTarget) watch(ctx context.Context, quiet <-chan struct{}) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-quiet:
			return nil
		case <-ctx.Done():
			return nil
		case <-l.wake:
		case <-t.C:
		}
		l.mu.Lock()
		due := l.check
		l.mu.Unlock()
		if !due {
			continue
		}
		if err := l.look(ctx); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// doubt notes that a target may not be what it was.
func (l *lostTarget) doubt() {
	l.mu.Lock()
	l.check = true
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// guard has all targets say when they may have lost something; until they were
// looked at nothing is written. Nor is anything read after the loss of the
// run's snapshot before what rests on it is to be done again.
func (l *lostTarget) guard(ctx context.Context, cut context.CancelFunc) error {
	return l.drive.open.Each(ctx, func(ep connector.Endpoint) error {
		if t, ok := ep.(connector.Truster); ok {
			t.Guard(l.doubt)
		}
		if s, ok := ep.(connector.Snapshots); ok {
			s.OnLoss(func(snapshot string) {
				if !l.drive.names(snapshot) || ctx.Err() != nil {
					return
				}
				other := func(string, string) (string, error) { return "", nil }
				if err := l.gone(ctx, other); err != nil && ctx.Err() == nil {
					l.drive.broken(err)
					cut()
				}
			})
		}
		return nil
	})
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
	l.comparing.Lock()
	defer l.comparing.Unlock()
	if err := l.evict(ctx); err != nil {
		return err
	}
	for {
		moved, err := l.compareOnce(ctx)
		if err != nil || !moved {
			return err
		}
	}
}

// compareOnce reports whether a unit that seems to have lost something has ended
// while it looked: its marks may have been taken away before they were read, and
// that is only known of what has ended.
func (l *lostTarget) compareOnce(ctx context.Context) (moved bool, err error) {
	settled, err := l.settled(ctx)
	if err != nil {
		return false, err
	}
	doubts, err := l.doubts(ctx)
	if err != nil {
		return false, err
	}
	// Counted before the marks are read: what is settled has its mark by then.
	chunks, err := conclude.Settled(ctx, l.drive.runs.Ledger.View(), l.drive.run.ID)
	if err != nil {
		return false, err
	}
	marks := map[string][]record.Mark{}
	for to := range settled {
		w, err := connector.Capable[connector.Writer](ctx, l.drive.open, to, "be written in marked transactions")
		if err != nil {
			return false, err
		}
		if marks[to], err = w.Marks(ctx, l.drive.run.UID); err != nil {
			return false, err
		}
	}
	// Asked last: an attempt to take them away began before they were gone.
	when, err := l.taken(ctx)
	if err != nil {
		return false, err
	}
	now, err := l.settled(ctx)
	if err != nil {
		return false, err
	}
	var undone []ledger.Unit
	for to, units := range settled {
		lost := when.Missing(units, marks[to], chunks)
		if endedSince(lost, now[to]) {
			return true, nil
		}
		if len(lost) > 0 && len(marks[to]) == 0 && slices.ContainsFunc(lost, func(u ledger.Unit) bool { return taken.Logged(u) && !when[u.Step].Back }) {
			// Rows without marks, or neither: what is there cannot be told.
			return false, fault.New(fault.Config, "target.marks-missing",
				"%s has none of this run's marks, although %d units left one", to, len(lost)).
				Hint("it was restored, or schema godwit was dropped: look whether the copied rows are there").
				Hint("godwit cancel %s, then the same command with --new and --existing replace", l.drive.run.Name())
		}
		undone = append(undone, lost...)
	}
	if err := l.reopen(ctx, undone, "its mark is gone: the target lost what was committed"); err != nil {
		return false, err
	}
	for t, doubt := range doubts {
		t.Trust(doubt)
	}
	return false, nil
}

// endedSince reports whether one of the units was under way and is done now.
func endedSince(units, now []ledger.Unit) bool {
	done := map[string]bool{}
	for _, u := range now {
		done[u.ID] = u.State == ledger.Done
	}
	return slices.ContainsFunc(units, func(u ledger.Unit) bool { return u.State != ledger.Done && done[u.ID] })
}

// evict ends what an earlier owner of the run left open at its targets: one
// that was stopped may hold locks for ever, and may not commit any more. Until
// then nothing of this one is begun.
func (l *lostTarget) evict(ctx context.Context) error {
	if l.evicted || l.drive.own.Token() == 1 {
		return nil
	}
	err := l.drive.open.Each(ctx, func(ep connector.Endpoint) (err error) {
		if e, ok := ep.(connector.Evicter); ok {
			_, err = e.Evict(ctx, l.drive.run.UID)
		}
		return err
	})
	l.evicted = err == nil
	return err
}

// doubts asks all connections what they doubt.
func (l *lostTarget) doubts(ctx context.Context) (map[connector.Truster]int64, error) {
	all := map[connector.Truster]int64{}
	err := l.drive.open.Each(ctx, func(ep connector.Endpoint) error {
		if t, ok := ep.(connector.Truster); ok {
			all[t] = t.Doubt()
		}
		return nil
	})
	return all, err
}

// taken says when the run's marks were taken away.
func (l *lostTarget) taken(ctx context.Context) (taken.Away, error) {
	view, id := l.drive.runs.Ledger.View(), l.drive.run.ID
	units, err := view.Units(ctx, id, ledger.Filter{Kind: "marks"}, 0)
	if err != nil {
		return nil, err
	}
	when := taken.Away{}
	undos, err := view.Units(ctx, id, ledger.Filter{Kind: "undo"}, 0)
	if err != nil {
		return nil, err
	}
	for _, u := range undos { // one that is under way may have taken its statement's mark
		t := when[u.Step]
		if t.Back = u.Attempt > 0; u.State != ledger.Done && u.State != ledger.Failed {
			t.Tried = u.Started
		}
		when[u.Step] = t
	}
	for _, u := range units {
		t := when[u.Step]
		// An attempt without an end may have come as far.
		if u.Attempt > 0 && (u.State != ledger.Done || u.Ended.Before(u.Started)) {
			t.Tried = u.Started
		}
		events, err := view.UnitEvents(ctx, id, u.ID)
		if err != nil {
			return nil, err
		}
		for _, e := range events {
			if e.Kind == unit.UnitDone {
				t.Done = e.At
			}
		}
		when[u.Step] = t
	}
	return when, nil
}

// settled lists the units that have left a mark, by target: done ones, and
// those that settle chunk by chunk.
func (l *lostTarget) settled(ctx context.Context) (map[string][]ledger.Unit, error) {
	view, id := l.drive.runs.Ledger.View(), l.drive.run.ID
	settled := map[string][]ledger.Unit{}
	for _, kind := range l.drive.runs.kinds(func(k unit.Kind) bool { return k.Marked }) {
		state := ledger.Done
		if kind == "load" || kind == "release" || kind == "small" || kind == "data" { // may settle chunk by chunk
			state = ""
		}
		units, err := view.Units(ctx, id, ledger.Filter{Kind: kind, State: state}, 0)
		if err != nil {
			return nil, err
		}
		for _, u := range units {
			var spec struct{ To string }
			if err := json.Unmarshal(u.Spec, &spec); err != nil || spec.To == "" {
				continue
			}
			if kind == "reconcile" && !l.repaired(u) {
				continue
			}
			settled[spec.To] = append(settled[spec.To], u)
		}
	}
	return settled, nil
}

// repaired tells a reconcile unit that wrote from one that only looked.
func (l *lostTarget) repaired(u ledger.Unit) bool {
	f, ok := chronicle.Facts[struct{ Differs bool }](u)
	return ok && f.Differs
}
