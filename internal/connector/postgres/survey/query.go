package survey

import (
	"context"
	"strings"

	"godwit/internal/connector/postgres/sqlstate"

	"github.com/jackc/pgx/v5"
)

// List reads all rows of a query, each by scan (pgx.RowTo, pgx.RowToStructByPos).
func List[T any](ctx context.Context, conn *pgx.Conn, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, sqlstate.Translate(err)
	}
	all, err := pgx.CollectRows(rows, scan)
	return all, sqlstate.Translate(err)
}

// One reads a query's only row.
func One[T any](ctx context.Context, conn *pgx.Conn, scan pgx.RowToFunc[T], sql string, args ...any) (T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		var none T
		return none, sqlstate.Translate(err)
	}
	value, err := pgx.CollectExactlyOneRow(rows, scan)
	return value, sqlstate.Translate(err)
}

// Literal quotes a text for SQL under standard_conforming_strings.
func Literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// number is the server's server_version_num: 150018.
func number(ctx context.Context, conn *pgx.Conn) (int, error) {
	return One(ctx, conn, pgx.RowTo[int], "SELECT pg_catalog.current_setting('server_version_num')::int")
}
