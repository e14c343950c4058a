package doctor

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/fault"
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
		var source connector.RecordSource
		if source, err = connector.Capable[connector.RecordSource](ctx, open, n.From, query); err == nil {
			switch source.(type) {
			case connector.Requests, connector.Objects:
				err = fault.New(fault.Config, "connection.unable", "connection %q cannot %s", n.From, query)
			}
		}
	}
	return err
}

// query is what a system of tables can.
const query = "be asked by a query"
