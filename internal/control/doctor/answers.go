package doctor

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/unit"
)

// Answers reports whether a connection is of a kind that can be asked what a
// step waits for. It is not asked: it need not be there yet.
func Answers(ctx context.Context, open connector.Opener, n unit.Needs) error {
	var err error
	switch {
	case n.Records == nil:
		_, err = connector.Capable[connector.Inspector](ctx, open, n.From, "be asked whether it is there")
	case n.Records.Query.Request != "":
		_, err = connector.Capable[connector.Caller](ctx, open, n.From, "be asked by requests")
	default:
		_, err = connector.Capable[connector.RecordSource](ctx, open, n.From, "be asked by a query")
	}
	return err
}
