// Package foreseen tells which rows tables will refuse, by conditions over all
// rows of a page at once: what their CHECKs say, and keys that refer to nothing.
// They are guesses. Who is right is the server, when it is given the row.
package foreseen

import (
	"context"
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/survey"

	"github.com/jackc/pgx/v5"
)

// States are those of refusals that can be foreseen.
const States = "'23514', '23503'"

// Condition is one under which a row is refused: a CHECK is false, or there is
// no row that it refers to.
type Condition struct {
	Table   int      // place in the list, from 1
	Columns []string // that it reads
	Check   *string
	Parent  *string // a table, for SQL
	Place   *int    // of the parent, if it is in the list too
	Refers  []string
}

// Of reads the conditions of tables, named as the server resolves them.
func Of(ctx context.Context, conn *pgx.Conn, tables []string) ([]Condition, error) {
	return survey.List(ctx, conn, pgx.RowToStructByPos[Condition], `
		WITH w AS (SELECT pg_catalog.to_regclass(name) AS t, n::int4 FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n))
		SELECT w.n, k.columns, pg_catalog.pg_get_expr(c.conbin, c.conrelid), pg_catalog.quote_ident(s.nspname) || '.' || pg_catalog.quote_ident(p.relname),
			(SELECT min(f.n) FROM w f WHERE f.t = c.confrelid),
			ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY f (num, i)
				JOIN pg_catalog.pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = f.num ORDER BY f.i)
		FROM w JOIN pg_catalog.pg_constraint c ON c.conrelid = w.t AND c.contype IN ('c', 'f')
		LEFT JOIN pg_catalog.pg_class p ON p.oid = c.confrelid
		LEFT JOIN pg_catalog.pg_namespace s ON s.oid = p.relnamespace
		CROSS JOIN LATERAL (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.i) AS columns
			FROM unnest(c.conkey) WITH ORDINALITY k (num, i) JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num) k
		WHERE pg_catalog.cardinality(k.columns) = pg_catalog.cardinality(c.conkey)
		ORDER BY w.n, c.contype, c.conname`, tables)
}

// Where is the condition over a row v whose columns have the table's names.
// Coming is a query of what is about to be written into the columns of the
// parent, where that is in the list: such rows are not missed; "" = nothing.
func (c Condition) Where(coming string) string {
	if c.Check != nil {
		return "NOT (" + *c.Check + ")"
	}
	var parts, match, values []string
	for i, name := range c.Columns {
		value := "v." + catalog.Quote(name)
		parts = append(parts, value+" IS NOT NULL")
		match = append(match, fmt.Sprintf("p.%s = %s", catalog.Quote(c.Refers[i]), value))
		values = append(values, value)
	}
	parts = append(parts, fmt.Sprintf("NOT EXISTS (SELECT FROM %s p WHERE %s)", *c.Parent, strings.Join(match, " AND ")))
	if coming != "" {
		parts = append(parts, fmt.Sprintf("((%s) IN (%s)) IS NOT TRUE", strings.Join(values, ", "), coming))
	}
	return strings.Join(parts, " AND ")
}
