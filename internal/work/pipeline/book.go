package pipeline

import (
	"context"
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Book is the ledger's side of a load: what it remembers of a unit between
// its chunks. All methods fail with code run.fenced when the fence is not the
// unit's any more. It is safe for concurrent use.
type Book interface {
	// Chunks returns the unit's chunks in order. At most the last is prepared.
	Chunks(ctx context.Context, unit string) ([]record.Chunk, error)
	// Prepare notes what a chunk will have come to, before the target commits
	// it. Nothing of it counts until it is settled. Exceptions with an ID are
	// those that the chunk processed again, with their new outcome.
	Prepare(ctx context.Context, unit string, fence int64, c record.Chunk, exceptions []record.Exception, warnings []record.Warning) error
	// Settle makes a prepared chunk count.
	Settle(ctx context.Context, unit string, fence int64, number int) error
	// Discard forgets the unit's chunks from a number on, and what was found
	// in them.
	Discard(ctx context.Context, unit string, fence int64, from int) error
	// Take claims the exceptions of another run that are to be processed again.
	Take(ctx context.Context, a Again) (int64, error)
	// Open reads claimed ones in order of their ids, from behind one on; an
	// empty page is the end.
	Open(ctx context.Context, a Again, after int64, limit int) ([]record.Exception, error)
}

// Again says whose exceptions are processed again, instead of records of a
// source.
type Again struct {
	Of     string          `json:"of"`               // name of the run
	Step   string          `json:"step"`             // of that run
	Filter json.RawMessage `json:"filter,omitempty"` // for the ledger alone
	Schema *catalog.Schema `json:"schema"`           // of their records
}
