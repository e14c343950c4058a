// Package allowed reads which values columns may have: those of the small tables
// that they refer to, so that a record can be checked against them before it is
// sent. Start at Values.
package allowed

import (
	"context"
	"fmt"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/survey"

	"github.com/jackc/pgx/v5"
)

// smallRows is how many rows such a table may have for its values to be
// known before a record is sent.
const smallRows = 1000

// Column is one that refers to a column of another table.
type Column struct {
	Table int // place in the list, from 1
	Name  string
}

// Set is the values that a column may have.
type Set struct {
	Constraint string // its name
	Values     []string
}

// key is a foreign key of one column.
type key struct {
	Table                int
	Column, Name         string
	Schema, Object, With string
}

// Values reads the values of small tables that columns of tables refer to, of types
// whose values have one text. Tables are named as the server resolves them.
func Values(ctx context.Context, conn *pgx.Conn, tables []string) (map[Column]Set, error) {
	keys, err := survey.List(ctx, conn, pgx.RowToStructByPos[key], `
		WITH w AS (SELECT pg_catalog.to_regclass(name) AS t, n::int4 FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n))
		SELECT w.n, a.attname::text, c.conname::text, n.nspname::text, f.relname::text, b.attname::text
		FROM w JOIN pg_catalog.pg_constraint c ON c.conrelid = w.t AND c.contype = 'f' AND pg_catalog.cardinality(c.conkey) = 1
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
		JOIN pg_catalog.pg_class f ON f.oid = c.confrelid
		JOIN pg_catalog.pg_attribute b ON b.attrelid = f.oid AND b.attnum = c.confkey[1]
		JOIN pg_catalog.pg_namespace n ON n.oid = f.relnamespace
		WHERE f.oid NOT IN (SELECT t FROM w WHERE t IS NOT NULL) AND f.reltuples <= 1000 AND f.relpages <= 1000
			AND b.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
			AND pg_catalog.has_table_privilege(f.oid, 'SELECT') AND NOT f.relrowsecurity
		ORDER BY w.n, c.conname`, tables)
	all := map[Column]Set{}
	for _, k := range keys {
		at := Column{k.Table, k.Column}
		if _, known := all[at]; known {
			continue
		}
		values, err := survey.List(ctx, conn, pgx.RowTo[string], fmt.Sprintf("SELECT %[1]s::text FROM %[2]s WHERE %[1]s IS NOT NULL ORDER BY 1 LIMIT %[3]d",
			catalog.Quote(k.With), catalog.Name{Schema: k.Schema, Object: k.Object}.SQL(), smallRows+1))
		if err != nil {
			return nil, err
		}
		if len(values) > 0 && len(values) <= smallRows {
			all[at] = Set{k.Name, values}
		}
	}
	return all, err
}
