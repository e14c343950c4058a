package pipeline

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/alias"
	"godwit/internal/work/pipeline/blocked"
	"godwit/internal/work/pipeline/exceptions"
	"godwit/internal/work/pipeline/parents"
	"godwit/internal/work/pipeline/produce"
	"godwit/internal/work/pipeline/readback"
	"godwit/internal/work/pipeline/recheck"
	"godwit/internal/work/pipeline/snapshot"
)

// Book is the ledger's side of a load: what it remembers of a unit between
// its chunks. Methods with a fence fail as those of unit.Chunks do. It is safe for
// concurrent use.
type Book interface {
	unit.Chunks
	// Advance notes how far the step has read; it may be called twice.
	Advance(ctx context.Context, id string, fence int64, w catalog.Watermark) error
	exceptions.Book
	Delivered
	Memory
}

// Delivered is what is known of records that are given to calls.
type Delivered interface {
	produce.Book
	readback.Book
}

// Memory is what a run keeps for its loads beside their chunks.
type Memory interface {
	recheck.Book
	// Emptied says that a place holds no records any more but those that these
	// units have read. It may be called twice.
	Emptied(ctx context.Context, p record.Place, loads []string) error
	parents.Book
	alias.Book
	blocked.Book
	snapshot.Book
	// Lookup gives the table of values of that hash, as it was read when the
	// step was planned.
	Lookup(ctx context.Context, sum string) ([][2]string, error)
	Claims
}

// Claims are what records said to rules over many.
type Claims interface {
	// Say keeps what the records of a chunk said to rules, by their names,
	// instead of what was kept for it before. It counts as soon and as long as
	// the chunk is prepared or settled.
	Say(ctx context.Context, u unit.Unit, number int, again *unit.Redrive, said map[string][]byte) error
	// Said gives what counts of what was said to a rule of a step: in this run
	// or, redriven, in the run whose exceptions are processed again and in all
	// redrives of it. Own is what this run said itself.
	Said(ctx context.Context, step, rule string, again *unit.Redrive, do func(own bool, said []byte) error) error
}
