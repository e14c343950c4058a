package unit

import (
	"context"

	"godwit/internal/fault"
	"godwit/internal/record"
)

// Chunks is the ledger's side of a unit whose work counts chunk by chunk. What
// changes something fails with code unit.fenced when the fence is not the unit's any more,
// and run.fenced when the run is another process's. It is safe for concurrent use.
type Chunks interface {
	// Chunks returns the unit's chunks in order. At most the last is prepared.
	Chunks(ctx context.Context, id string) ([]record.Chunk, error)
	// Prepare notes what a chunk will have come to, before its effect is there. Nothing of
	// it counts until it is settled. Exceptions with an ID are those that the chunk
	// processed again, with their new outcome.
	Prepare(ctx context.Context, id string, fence int64, c record.Chunk, exceptions []record.Exception, warnings []record.Warning) error
	// Settle makes a prepared chunk count.
	Settle(ctx context.Context, id string, fence int64, number int) error
	// Discard forgets the unit's chunks from a number on, and what was found in them.
	Discard(ctx context.Context, id string, fence int64, from int) error
}

// Recover gives the chunks that count when an attempt begins, in order: it settles what an
// earlier one had prepared, and discards chunks from the first on whose effect is not
// there. There tells by their numbers of which it is, and is asked only when there are
// chunks; nil: of all.
func Recover(ctx context.Context, book Chunks, id string, fence int64, there func(context.Context) (map[int]bool, error)) ([]record.Chunk, error) {
	all, err := book.Chunks(ctx, id)
	if err != nil || len(all) == 0 {
		return nil, fault.Wrap(err, "look up chunks")
	}
	var is map[int]bool
	if there != nil {
		if is, err = there(ctx); err != nil {
			return nil, err
		}
	}
	for i, c := range all {
		if there != nil && !is[c.Number] {
			return all[:i], fault.Wrap(book.Discard(ctx, id, fence, c.Number), "discard chunk %d", c.Number)
		}
		if c.State == record.Prepared {
			if err := book.Settle(ctx, id, fence, c.Number); err != nil {
				return nil, fault.Wrap(err, "settle chunk %d", c.Number)
			}
		}
	}
	return all, nil
}
