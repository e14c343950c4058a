package waiting

import (
	"context"

	"godwit/internal/ledger"
	"godwit/internal/ledger/chunks"
)

// Unsettled counts the records of a run that calls have come to an end with, in chunks
// that are held until more of them are there: they are in no account yet.
func Unsettled(ctx context.Context, v *ledger.View, run int64) (int64, error) {
	return chunks.Answered(ctx, v.Reader(), run)
}
