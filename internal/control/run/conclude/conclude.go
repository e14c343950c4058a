// Package conclude finds what loads of a run have left: what a cancelled one had
// prepared, which its targets decide, and the snapshot that was read at. Start at
// Prepared.
package conclude

import (
	"context"
	"encoding/json"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/chunks"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
)

// loads are the kinds of units that settle chunks of records.
var loads = []string{"load", "release"}

// Prepared settles or discards what loads of a run that is over for good had
// prepared: the target's mark says which. Nobody goes on with it, and until it
// is known what the target has, nobody may have the records in hand. After an
// error the marks have to stay.
func Prepared(ctx context.Context, view *ledger.View, own *ledger.Session, run ledger.Run, open connector.Opener) error {
	var units []ledger.Unit
	for _, kind := range loads {
		found, err := view.Units(ctx, run.ID, ledger.Filter{Kind: kind}, 0)
		if err != nil {
			return err
		}
		units = append(units, found...)
	}
	if err := spooled(ctx, view, own, run); err != nil {
		return err
	}
	marks := map[string][]record.Mark{}
	for _, u := range units {
		chunks, err := own.Chunks(ctx, u.ID)
		if err != nil || len(chunks) == 0 {
			if err != nil {
				return err
			}
			continue
		}
		last := chunks[len(chunks)-1]
		if last.State != record.Prepared {
			continue
		}
		var spec struct{ To string }
		if err := json.Unmarshal(u.Spec, &spec); err != nil {
			return fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
		}
		if _, asked := marks[spec.To]; !asked {
			if marks[spec.To], err = left(ctx, open, spec.To, run.UID); err != nil {
				return fault.Wrap(err, "ask %s what it has of %s", spec.To, run.Name())
			}
		}
		there := false
		for _, m := range marks[spec.To] {
			there = there || m.Unit == u.ID && m.Chunk == last.Number
		}
		if there {
			err = own.Settle(ctx, u.ID, ledger.Owners, last.Number)
		} else {
			err = own.Discard(ctx, u.ID, ledger.Owners, last.Number)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// spooled is Prepared for records that are given to calls: what is only spooled has
// come to nothing, what was delivered is what it is.
func spooled(ctx context.Context, view *ledger.View, own *ledger.Session, run ledger.Run) error {
	for kind, end := range map[string]func(context.Context, string, int64, int) error{calls.KindProduce: own.Discard, calls.KindAbsent: own.Discard, calls.KindDeliver: own.Settle} {
		units, err := view.Units(ctx, run.ID, ledger.Filter{Kind: kind}, 0)
		if err != nil {
			return err
		}
		for _, u := range units {
			chunks, err := own.Chunks(ctx, u.ID)
			if err != nil {
				return err
			}
			if n := len(chunks); n > 0 && chunks[n-1].State == record.Prepared {
				if err := end(ctx, u.ID, ledger.Owners, chunks[n-1].Number); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// left are the marks that a run has at a target, once nobody writes there for it
// any more.
func left(ctx context.Context, open connector.Opener, to, run string) ([]record.Mark, error) {
	w, err := connector.Capable[connector.Writer](ctx, open, to, "be written in marked transactions")
	if err != nil {
		return nil, err
	}
	for e, ok := w.(connector.Evicter); ok; {
		n, err := e.Evict(ctx, run)
		if err != nil {
			return nil, err
		}
		if ok = n > 0; ok && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return w.Marks(ctx, run)
}

// Snapshot finds in the journal at which snapshot a step's records were read
// last, "" when none is known, and how many of its chunks are settled.
func Snapshot(ctx context.Context, view *ledger.View, run int64, step string) (id string, settled int, err error) {
	units, err := view.Units(ctx, run, ledger.Filter{Step: step, Kind: "load"}, 0)
	if err != nil {
		return "", 0, err
	}
	counts, err := Settled(ctx, view, run)
	if err != nil {
		return "", 0, err
	}
	loads := map[string]bool{}
	for _, u := range units {
		loads[u.ID] = true
		settled += counts[u.ID]
	}
	const page = 1000
	for after := int64(0); ; {
		events, err := view.Events(ctx, run, after, page)
		if err != nil || len(events) == 0 {
			return id, settled, err
		}
		for _, e := range events {
			after = e.Seq
			if b, err := unit.Decode[unit.Snapshot](e); e.Kind == unit.SnapshotOpened && loads[e.Unit] && err == nil {
				id = b.ID
			}
		}
	}
}

// Settled counts a run's settled chunks by unit.
func Settled(ctx context.Context, view *ledger.View, run int64) (map[string]int, error) {
	return chunks.Settled(ctx, view.Reader(), run)
}

// Held gives exceptions back that cancelled redrives still hold: their targets
// could not be asked then.
func Held(ctx context.Context, l *ledger.Ledger, of ledger.Run, f ledger.ExceptionFilter, open connector.Opener) error {
	names, err := l.View().Exceptions().Holders(ctx, of.ID, f)
	if err != nil {
		return err
	}
	for _, name := range names {
		run, err := l.Find(ctx, name)
		if err != nil {
			return err
		}
		if err := Prepared(ctx, l.View(), l.Over(run), run, open); err != nil {
			return fault.Wrap(err, "%s was cancelled and holds some of the exceptions", name)
		}
		Tidy(ctx, l.View(), run, loads, open)
	}
	return nil
}

// Tidy takes away at the targets of a run's units of some kinds what is held back
// there, and its marks; those that cannot be reached keep them, which is harmless.
func Tidy(ctx context.Context, view *ledger.View, run ledger.Run, kinds []string, open connector.Opener) {
	targets := map[string]bool{}
	for _, kind := range kinds {
		units, err := view.Units(ctx, run.ID, ledger.Filter{Kind: kind}, 0)
		if err != nil {
			return
		}
		for _, u := range units {
			var spec struct{ To string }
			if json.Unmarshal(u.Spec, &spec) == nil && spec.To != "" {
				targets[spec.To] = true
			}
		}
	}
	for to := range targets {
		_ = connector.Unstage(ctx, open, to, run.UID)
		if w, err := connector.Capable[connector.Writer](ctx, open, to, "be written in marked transactions"); err == nil {
			_ = w.DropMarks(ctx, run.UID, "", nil)
		}
	}
}
