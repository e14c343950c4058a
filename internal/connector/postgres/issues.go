package postgres

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/issuetable"
)

// KeepIssues is the connector.IssueKeeper's.
func (e *Endpoint) KeepIssues(ctx context.Context, table catalog.Name, asOf int64, rows []connector.IssueRow) error {
	s, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	return s.fault(ctx, issuetable.Keep(ctx, s.conn, table, asOf, rows))
}

var _ connector.IssueKeeper = (*Endpoint)(nil)
