// Package records writes PostgreSQL record by record, and compares records with
// rows, over a session that is handed in and in whose transaction it works. It
// opens, begins and commits nothing. Start at Writer.Write; the connector's
// DESIGN.md has the whole, section Records.
package records

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// run sends one or several statements in one message and gives the tag of the
// last one. The error is the server's own.
func run(ctx context.Context, conn *pgx.Conn, sql string) (pgconn.CommandTag, error) {
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 {
		return pgconn.CommandTag{}, err
	}
	return results[len(results)-1].CommandTag, nil
}
