package conclude

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/ledger"
	"godwit/internal/ledger/watermark"
)

// Watermark is how far a step of a flow has read between two databases, nil when
// it never came to an end there.
func Watermark(ctx context.Context, l *ledger.Ledger, flow, step, source, target string) (*catalog.Watermark, error) {
	return watermark.Of(ctx, l.View().Reader(), flow, step, source, target)
}
