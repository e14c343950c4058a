package records

import (
	"context"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/survey"

	"github.com/jackc/pgx/v5"
)

// Key gives the columns of a table's key; a statement has none that is known.
func Key(ctx context.Context, conn *pgx.Conn, q connector.Query) ([]string, error) {
	if q.SQL != "" {
		return nil, nil
	}
	found, err := uniques(ctx, conn, []catalog.Name{q.Table})
	if err != nil {
		return nil, err
	}
	key, _ := keyOf(found[0])
	return key, nil
}

// unique is an index that tells rows apart: over plain columns, all rows.
type unique struct {
	Table     int // its place in the list, from 1
	Columns   []string
	Primary   bool
	Immediate bool // checked at once: ON CONFLICT takes it
	Filled    bool // its columns are NOT NULL
}

// uniques reads them by table, the one that makes the key first: as
// survey.Tables chooses it.
func uniques(ctx context.Context, conn *pgx.Conn, tables []catalog.Name) ([][]unique, error) {
	all, err := survey.List(ctx, conn, pgx.RowToStructByPos[unique], `
		SELECT w.n::int4, k.columns, i.indisprimary, i.indimmediate, k.filled
		FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n)
		JOIN pg_catalog.pg_index i ON i.indrelid = pg_catalog.to_regclass(w.name)
		JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
		CROSS JOIN LATERAL (
			SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.n) AS columns, pg_catalog.count(a.attname) AS found,
				pg_catalog.bool_and(a.attnotnull) AS filled
			FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, n)
			LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum AND a.attnum > 0
			WHERE u.n <= i.indnkeyatts) k
		WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND k.found = i.indnkeyatts
		ORDER BY w.n, i.indisprimary DESC, i.indimmediate DESC, i.indnkeyatts, x.relname`, quoted(tables))
	by := make([][]unique, len(tables))
	for _, u := range all {
		by[u.Table-1] = append(by[u.Table-1], u)
	}
	return by, err
}

// keyOf is the first whose columns are never null.
func keyOf(all []unique) ([]string, bool) {
	for _, u := range all {
		if u.Filled {
			return u.Columns, true
		}
	}
	return nil, false
}

// tells reports whether an index is over just these columns and checked at once.
func tells(all []unique, columns []string) bool {
	return slices.ContainsFunc(all, func(u unique) bool {
		return u.Immediate && len(u.Columns) == len(columns) &&
			!slices.ContainsFunc(columns, func(c string) bool { return !slices.Contains(u.Columns, c) })
	})
}

// quoted are names as the server resolves them.
func quoted(tables []catalog.Name) []string {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.SQL()
	}
	return names
}
