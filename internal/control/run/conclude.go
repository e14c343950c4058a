package run

import (
	"context"
	"encoding/json"

	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
)

// conclude settles or discards what loads of a run that is over for good had
// prepared: the target's mark says which. Nobody goes on with it, and until it
// is known what the target has, nobody may have the records in hand. After an
// error the marks have to stay.
func (r *Runs) conclude(ctx context.Context, own *ledger.Session, run Ref, open connector.Opener) error {
	units, err := r.Ledger.View().Units(ctx, run.ID, ledger.Filter{Kind: "load"}, 0)
	if err != nil {
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

// freed gives exceptions back that a cancelled redrive still holds: its target
// could not be asked then.
func (r *Runs) freed(ctx context.Context, of Ref, b *flow.Bound, f ledger.ExceptionFilter) error {
	names, err := r.Ledger.View().Exceptions().Holders(ctx, of.ID, f)
	if err != nil || len(names) == 0 {
		return err
	}
	open := r.endpoints(b.Connections)
	defer open.Close()
	for _, name := range names {
		run, err := r.Ledger.Find(ctx, name)
		if err != nil {
			return err
		}
		if err := r.conclude(ctx, r.Ledger.Over(run), run, open); err != nil {
			return fault.Wrap(err, "%s was cancelled and holds some of the exceptions", name)
		}
		for to := range b.Connections {
			if w, err := connector.Capable[connector.Writer](ctx, open, to, "be written in marked transactions"); err == nil {
				_ = w.DropMarks(ctx, run.UID, "", nil) // what stays is harmless
			}
		}
	}
	return nil
}
