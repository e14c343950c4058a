// Package snapshot watches at which points in time a step's records are read, and
// knows what to do when they have to be read on at another one than those before
// them. A record whose key was changed between the two stands in both parts or in
// none: appended it would be there twice or not at all, and nothing at the target
// tells. Merged it is there once, or comes with the next run. Start at
// Watch.Notice.
package snapshot

import (
	"context"
	"sync"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Stop is what a load may do about a lost snapshot: not go on.
const Stop = "stop"

// Book is the ledger's side.
type Book interface {
	// Snapshot returns the ID of the snapshot that a step's records were read
	// at last, "" when none is known, and how many of its chunks are settled.
	Snapshot(ctx context.Context, step string) (id string, settled int, err error)
}

// Read says who reads records.
type Read struct {
	Step string
	From string       // connection
	Into catalog.Into // the first table that they go to
	Lost string       // what to do when the snapshot is another one: Stop, or go on
}

// Watch knows at which snapshots a process has seen steps read. Safe for
// concurrent use.
type Watch struct {
	open connector.Opener
	book Book
	mu   sync.Mutex
	seen map[string]string // by step
}

// New has seen nothing yet.
func New(open connector.Opener, book Book) *Watch {
	return &Watch{open: open, book: book, seen: map[string]string{}}
}

// Notice sees to it that whoever reads a step's records at another snapshot than
// those that were loaded already says so, or does not: code snapshot.lost. A
// source that keeps no snapshots reads each attempt at its own moment.
func (w *Watch) Notice(ctx context.Context, r Read, l unit.Lease, report unit.Report) error {
	source, err := w.open.Open(ctx, r.From)
	if err != nil {
		return err
	}
	snaps, ok := source.(connector.Snapshots)
	if !ok {
		return nil
	}
	// The reader holds it: it cannot be another one than the reader's.
	snap, err := snaps.OpenSnapshot(ctx, l.Snapshot(r.From))
	if err != nil {
		return fault.Wrap(err, "open snapshot of %s", r.From)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[r.Step] == snap.ID() {
		return nil
	}
	before, settled, err := w.book.Snapshot(ctx, r.Step)
	if err != nil {
		return fault.Wrap(err, "look up the snapshot of earlier records")
	}
	if settled > 0 && before != snap.ID() {
		report.Note(unit.SnapshotLost, unit.Snapshot{Connection: r.From, ID: before,
			Why: "no session of it is left: records were loaded at it, the others are read at a later one"})
		if r.Lost == Stop {
			return waysOut(fault.New(fault.Config, "snapshot.lost", "the snapshot of %s that %d chunks were read at is lost, and something was written there since", r.From, settled),
				l.Name, r.Into)
		}
	}
	if before != snap.ID() {
		report.Note(unit.SnapshotOpened, unit.Snapshot{Connection: r.From, ID: snap.ID(), At: snap.Position()})
	}
	w.seen[r.Step] = snap.ID()
	return nil
}
