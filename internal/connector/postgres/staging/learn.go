package staging

import (
	"context"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// target is a table that is changed, and what its new rows are found by.
type target struct {
	connector.Into
	staged string
	key    []string   // nil: rows cannot be told apart
	always []string   // columns that nobody may change: GENERATED ALWAYS AS IDENTITY
	others [][]string // columns of its other unique indexes, one that may be null first
}

// unique is an index over plain columns and all rows.
type unique struct {
	N        int
	Columns  []string
	Nullable *string // one of them
}

// learn finds the keys of tables. Of the first its own key counts when into
// names one: without an index on it nothing would tell its rows apart.
func (s *Stage) learn(ctx context.Context, list []connector.Into) ([]target, error) {
	all, err := survey.List(ctx, s.conn, pgx.RowToStructByPos[unique], `
		SELECT w.n::int4, k.columns, k.nullable FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n)
		JOIN pg_catalog.pg_index i ON i.indrelid = pg_catalog.to_regclass(w.name)
		JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
		CROSS JOIN LATERAL (
			SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.n) AS columns, pg_catalog.count(a.attname) AS found, pg_catalog.bool_and(a.attnotnull) AS filled,
				pg_catalog.min(a.attname::text) FILTER (WHERE NOT a.attnotnull) AS nullable
			FROM unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, n)
			LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum AND a.attnum > 0
			WHERE u.n <= i.indnkeyatts) k
		WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND k.found = i.indnkeyatts
		ORDER BY w.n, i.indisprimary DESC, k.filled DESC, i.indnkeyatts, x.relname`, names(list))
	if err != nil {
		return nil, err
	}
	targets := make([]target, len(list))
	for i, t := range list {
		targets[i] = target{Into: t, staged: beside(s.of, t.Table).SQL()}
		told, known := false, false
		for _, u := range all {
			if u.N != i+1 {
				continue
			}
			same := len(t.Key) == len(u.Columns) && within(u.Columns, t.Key)
			told = told || same
			if u.Nullable != nil && within(u.Columns, t.Columns) {
				targets[i].others = append(targets[i].others, append([]string{*u.Nullable}, u.Columns...))
			}
			if within(u.Columns, t.Columns) && (same && !known || targets[i].key == nil) {
				targets[i].key, known = u.Columns, known || same
			}
		}
		if i == 0 && len(t.Key) > 0 && !told {
			return nil, fault.New(fault.Config, "target.no-unique", "no unique index of %s is over its key alone", t.Table).
				Hint("CREATE UNIQUE INDEX ON %s (%s);", t.Table.SQL(), idents("", t.Key))
		}
	}
	return targets, s.identities(ctx, targets)
}

// within reports whether a list has all of some names.
func within(some, list []string) bool {
	return !slices.ContainsFunc(some, func(c string) bool { return !slices.Contains(list, c) })
}

// identities notes the columns that may only be inserted.
func (s *Stage) identities(ctx context.Context, targets []target) error {
	type column struct {
		N    int
		Name string
	}
	list := make([]connector.Into, len(targets))
	for i, t := range targets {
		list[i] = t.Into
	}
	all, err := survey.List(ctx, s.conn, pgx.RowToStructByPos[column], `
		SELECT w.n::int4, a.attname::text FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n)
		JOIN pg_catalog.pg_attribute a ON a.attrelid = pg_catalog.to_regclass(w.name) AND a.attidentity = 'a' AND NOT a.attisdropped`, names(list))
	for _, c := range all {
		if t := &targets[c.N-1]; slices.Contains(t.Columns, c.Name) {
			t.always = append(t.always, c.Name)
		}
	}
	return err
}

// reference is a foreign key from one table of a list to another.
type reference struct {
	From, To         int // places in the list, from 0
	Columns, Foreign []string
}

// references lists the foreign keys between tables, without those to
// themselves.
func (s *Stage) references(ctx context.Context, tables []catalog.Name) ([]reference, error) {
	list := make([]string, len(tables))
	for i, t := range tables {
		list[i] = t.SQL()
	}
	return survey.List(ctx, s.conn, pgx.RowToStructByPos[reference], `
		WITH w AS (SELECT pg_catalog.to_regclass(name) AS t, (n - 1)::int4 AS n FROM unnest($1::text[]) WITH ORDINALITY AS w (name, n))
		SELECT w.n, f.n,
			ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k (num, i) JOIN pg_catalog.pg_attribute a
				ON a.attrelid = c.conrelid AND a.attnum = k.num ORDER BY k.i),
			ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k (num, i) JOIN pg_catalog.pg_attribute a
				ON a.attrelid = c.confrelid AND a.attnum = k.num ORDER BY k.i)
		FROM w JOIN pg_catalog.pg_constraint c ON c.conrelid = w.t AND c.contype = 'f' JOIN w f ON f.t = c.confrelid AND f.n <> w.n
		ORDER BY w.n, c.conname`, list)
}

// parentsFirst orders places 0 to n-1 so that what is referred to comes first;
// in a circle the given order stays.
func parentsFirst(n int, refs []reference) []int {
	var order []int
	placed := make([]bool, n)
	for len(order) < n {
		next := -1
		for i := range n {
			if placed[i] {
				continue
			}
			if next < 0 {
				next = i // of a circle the first
			}
			if !slices.ContainsFunc(refs, func(r reference) bool { return r.From == i && !placed[r.To] }) {
				next = i
				break
			}
		}
		placed[next] = true
		order = append(order, next)
	}
	return order
}
