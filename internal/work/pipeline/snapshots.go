package pipeline

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/ways"
)

// What to do when records have to be read on at another point in time than those
// before them. A record whose key was changed between the two stands in both
// parts or in none: appended it would be there twice or not at all, and nothing
// at the target tells. Merged it is there once, or comes with the next run.
const stop = "stop"

// noticed sees to it that whoever reads a step's records at another snapshot
// than those that were loaded already says so, or does not. A source that keeps
// no snapshots reads each attempt at its own moment.
func (x *loader) noticed(ctx context.Context, r *loading) error {
	source, err := x.open.Open(ctx, r.spec.From)
	if err != nil {
		return err
	}
	snaps, ok := source.(connector.Snapshots)
	if !ok {
		return nil
	}
	// The reader holds it: it cannot be another one than the reader's.
	snap, err := snaps.OpenSnapshot(ctx, r.lease.Snapshot(r.spec.From))
	if err != nil {
		return fault.Wrap(err, "open snapshot of %s", r.spec.From)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.seen[r.unit.Step] == snap.ID() {
		return nil
	}
	before, settled, err := x.book.Snapshot(ctx, r.unit.Step)
	if err != nil {
		return fault.Wrap(err, "look up the snapshot of earlier records")
	}
	if settled > 0 && before != snap.ID() {
		r.report.Note(unit.SnapshotLost, unit.Snapshot{Connection: r.spec.From, ID: before,
			Why: "no session of it is left: records were loaded at it, the others are read at a later one"})
		if r.spec.SnapshotLost == stop {
			return ways.Out(fault.New(fault.Config, "snapshot.lost", "the snapshot of %s that %d chunks were read at is lost, and something was written there since", r.spec.From, settled),
				r.lease.Name, r.spec.Into[0])
		}
	}
	if before != snap.ID() {
		r.report.Note(unit.SnapshotOpened, unit.Snapshot{Connection: r.spec.From, ID: snap.ID(), At: snap.Position()})
	}
	x.seen[r.unit.Step] = snap.ID()
	return nil
}

// lost is what the load says about a lost snapshot, or what its mode does.
func (l *Load) lost() string {
	if l.SnapshotLost == "" && l.process().To.Mode == connector.ModeAppend {
		return stop
	}
	return l.SnapshotLost
}
