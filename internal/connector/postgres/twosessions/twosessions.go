// Package twosessions is an endpoint of a connection that allows two sessions: one works,
// one looks. It has none to keep a snapshot by, so each read is of its own moment.
// Start at Endpoint.
package twosessions

import (
	"context"

	"godwit/internal/connector"
)

// Source is what can be done to the place that is read with one session.
type Source interface {
	connector.Endpoint
	connector.Inspector
	connector.Counter
	connector.Examiner
	connector.RecordSource
	connector.Waiter
	connector.Paced
	connector.Spare
}

// Target is what can be done to the place that is written to.
type Target interface {
	connector.Stager
	connector.RecordComparer
	connector.StatementTarget
	connector.IssueKeeper
	connector.Truster
	connector.Keeper
	connector.Evicter
	connector.Both
}

// Endpoint is a whole one but for its snapshots, and for what needs them.
type Endpoint struct {
	Source
	Target
}

// Of makes one of a whole one.
func Of(whole interface {
	Source
	Target
}) Endpoint {
	return Endpoint{whole, whole}
}

// ReadRecords is the connector.RecordSource's, as of now.
func (e Endpoint) ReadRecords(ctx context.Context, q connector.Query, _ string) (connector.RecordReader, error) {
	return e.Source.ReadRecords(ctx, q, "")
}
