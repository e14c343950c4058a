// Package relations knows of tables and views what statements about their rows
// rest on and a snapshot does not hold still: definitions, whether a crash
// empties them, by which operators a role finds them. It reads catalogues in
// sessions that are handed in. Start at Unchanged.
package relations

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/sqlstate"

	"github.com/jackc/pgx/v5"
)

// list reads all rows of a query.
func list[T any](ctx context.Context, conn *pgx.Conn, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, sqlstate.Translate(err)
	}
	all, err := pgx.CollectRows(rows, scan)
	return all, sqlstate.Translate(err)
}

// quoted are names as the server resolves them.
func quoted(tables []catalog.Name) []string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.SQL()
	}
	return names
}
