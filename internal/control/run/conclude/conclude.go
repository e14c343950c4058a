// Package conclude ends what loads of a cancelled run had prepared, by what its
// targets say. Start at Prepared.
package conclude

import (
	"context"
	"encoding/json"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
)

// Prepared settles or discards what loads of a run that is over for good had
// prepared: the target's mark says which. Nobody goes on with it, and until it
// is known what the target has, nobody may have the records in hand. After an
// error the marks have to stay.
func Prepared(ctx context.Context, view *ledger.View, own *ledger.Session, run ledger.Run, open connector.Opener) error {
	units, err := view.Units(ctx, run.ID, ledger.Filter{Kind: "load"}, 0)
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
