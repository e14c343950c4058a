package connector

import (
	"context"
	"io"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Isolator is a Transaction that can write a chunk without the rows that its
// server refuses.
type Isolator interface {
	// CopyInGood is CopyIn that leaves out, and gives back, each row that is
	// refused for what it holds: it is tried alone, behind all rows before it,
	// so that of rows which exclude each other the first one is taken. What is
	// refused for something else is the error, and so is what refused says: it
	// is told of each refused row why, and how many bytes it has.
	CopyInGood(ctx context.Context, c catalog.Chunk, r io.Reader, refused func(why record.Refusal, bytes int) error) (Isolated, error)
}

// Isolated is what became of a chunk's rows.
type Isolated struct {
	Rows    int64          // that the server took, by its own count
	Schema  *record.Schema // of the refused rows
	Refused []Refused      // in the order in which they came
}

// Refused is a row that the server did not take.
type Refused struct {
	Slots   []any // by the chunk's columns; a value that is none of its column's type is its text
	Refusal record.Refusal
}
