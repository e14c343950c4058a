package run

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"godwit/internal/connector"
	"godwit/internal/control/plan"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// stale reopens what rests on a snapshot that is gone: what brought all rows to
// it (what follows would read the source at another one), and the proofs (what
// they read may have changed since). A snapshot does not outlive its process,
// so this is so whenever a run is gone on with; and whenever one is lost.
func (l *lostTarget) stale(ctx context.Context) error {
	return l.gone(ctx, func(step, from string) (string, error) {
		s, err := connector.Capable[connector.Snapshots](ctx, l.drive.open, from, "be read at a snapshot")
		if err != nil {
			return "", err
		}
		names, err := l.drive.snapshots(ctx, step)
		if err != nil {
			return "", err
		}
		snap, err := s.OpenSnapshot(ctx, unit.Lease{Run: l.drive.run.UID, Snapshots: names}.Snapshot(from))
		if err != nil {
			return "", err
		}
		return snap.ID(), nil
	})
}

// gone is stale; now tells the ID of a step's snapshot of its source today, "" when it is
// known to be another one.
func (l *lostTarget) gone(ctx context.Context, now func(step, from string) (string, error)) error {
	if err := l.stopped(ctx, now); err != nil {
		return err
	}
	if err := l.drive.pinned().Lost(ctx, now); err != nil {
		return err
	}
	roots, err := l.roots(ctx)
	if err != nil {
		return err
	}
	return l.again(ctx, roots, "the snapshot its rows were brought to is gone")
}

// stopped refuses to go on where that is the policy for a snapshot that is
// gone: some of a step was read at it and some is still to be read.
func (l *lostTarget) stopped(ctx context.Context, now func(step, from string) (string, error)) error {
	view, id := l.drive.runs.Ledger.View(), l.drive.run.ID
	looks, err := view.Units(ctx, id, ledger.Filter{Kind: "reconcile"}, 0)
	if err != nil {
		return err
	}
	for _, look := range looks {
		var spec struct {
			From, Policy string
			Repair       bool
		}
		if json.Unmarshal(look.Spec, &spec) != nil || spec.Repair || spec.Policy != "stop" {
			continue
		}
		read, open := map[string]bool{}, 0
		for _, kind := range l.drive.runs.kinds(func(k unit.Kind) bool { return k.Reads }) {
			units, err := view.Units(ctx, id, ledger.Filter{Step: look.Step, Kind: kind}, 0)
			if err != nil {
				return err
			}
			for _, u := range units {
				if u.State != ledger.Done {
					open++
					continue
				}
				f, _ := chronicle.Facts[struct{ Snapshot string }](u)
				read[f.Snapshot] = true
			}
		}
		if len(read) == 0 || open == 0 {
			continue
		}
		id, err := now(look.Step, spec.From)
		if err != nil {
			return err
		}
		if len(read) > 1 || !read[id] {
			return fault.New(fault.Config, "snapshot.lost", "the snapshot of %s that earlier chunks were read at is lost", spec.From).
				Hint("snapshot_lost: reconcile goes on with a new one and puts right what changed; or run again with --new")
		}
	}
	return nil
}

// roots are the units that see to it that all rows of a step are of one
// snapshot, where that is the policy.
func (l *lostTarget) roots(ctx context.Context) ([]ledger.Unit, error) {
	all, err := l.drive.runs.Ledger.View().Units(ctx, l.drive.run.ID, ledger.Filter{Kind: "reconcile"}, 0)
	if err != nil {
		return nil, err
	}
	var roots []ledger.Unit
	for _, u := range all {
		var spec struct {
			Policy string
			Repair bool
		}
		if json.Unmarshal(u.Spec, &spec) == nil && !spec.Repair && spec.Policy == "reconcile" {
			roots = append(roots, u)
		}
	}
	return roots, nil
}

// reopen tells the Machine which units are to be done again, together with
// those that rest on them.
func (l *lostTarget) reopen(ctx context.Context, units []ledger.Unit, why string) error {
	if len(units) == 0 {
		return nil
	}
	ids := make([]string, len(units))
	for i, u := range units {
		ids[i] = u.ID
	}
	if err := l.drive.own.Doubt(ctx, ids); err != nil { // nobody may refer to what is lost
		return err
	}
	return l.again(ctx, units, why)
}

// again is reopen, also without a unit that was lost: proofs are made again in
// any case, for what they read may have changed. What else rests on the rows of
// a step is done again with them: marks that are written again are taken away
// again.
func (l *lostTarget) again(ctx context.Context, units []ledger.Unit, why string) error {
	resting, err := l.roots(ctx)
	if err != nil {
		return err
	}
	steps := map[string]bool{}
	for _, u := range append(slices.Clone(units), resting...) {
		steps[u.Step] = true
	}
	for _, kind := range l.drive.runs.kinds(func(k unit.Kind) bool { return k.Resting }) {
		found, err := l.drive.runs.Ledger.View().Units(ctx, l.drive.run.ID, ledger.Filter{Kind: kind}, 0)
		if err != nil {
			return err
		}
		for _, u := range found {
			if steps[u.Step] || l.drive.runs.kind(kind).Compares {
				resting = append(resting, u)
			}
		}
	}
	_, err = l.drive.session.Turn(ctx, func(m *plan.Machine, _ time.Time) unit.Change {
		if _, over := m.Finished(); over || m.Cancelled() {
			return unit.Change{}
		}
		var c unit.Change
		seen := map[string]bool{}
		again := func(u ledger.Unit, why string) {
			state, attempt, ok := m.State(u.ID)
			if !ok || seen[u.ID] {
				return
			}
			seen[u.ID] = true
			switch state {
			case plan.Done:
				c.Events = append(c.Events, unit.Event{Kind: unit.UnitUndone, Unit: u.ID, Attempt: u.Attempt, Reason: why})
			case plan.Running: // taken off, as if it had come to a border
				c.Events = append(c.Events, unit.Event{Kind: unit.UnitYielded, Unit: u.ID, Attempt: attempt, Reason: why})
			}
		}
		for _, u := range units {
			again(u, why)
		}
		for _, u := range resting {
			again(u, "what it rests on is done again")
		}
		return c
	})
	if err != nil {
		return fault.Wrap(err, "reopen %d units", len(units))
	}
	return l.drive.giveUpWritten(ctx)
}
