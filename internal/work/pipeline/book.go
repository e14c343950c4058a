package pipeline

import (
	"context"

	"godwit/internal/record"
)

// Book is the ledger's side of a load: what it remembers of a unit between
// its chunks. All methods fail with code run.fenced when the fence is not the
// unit's any more. It is safe for concurrent use.
type Book interface {
	// Chunks returns the unit's chunks in order. At most the last is prepared.
	Chunks(ctx context.Context, unit string) ([]record.Chunk, error)
	// Prepare notes what a chunk will have come to, before the target commits
	// it. Nothing of it counts until it is settled.
	Prepare(ctx context.Context, unit string, fence int64, c record.Chunk, found Found) error
	// Settle makes a prepared chunk count.
	Settle(ctx context.Context, unit string, fence int64, number int) error
	// Discard forgets the unit's chunks from a number on, and what was found
	// in them.
	Discard(ctx context.Context, unit string, fence int64, from int) error
}

// Found is what a chunk leaves behind besides its account.
type Found struct {
	Exceptions []record.Exception // rejected and dead records
	Warnings   []record.Warning   // issues of records that were loaded
}
