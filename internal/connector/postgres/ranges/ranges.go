// Package ranges cuts tables into ranges of their keys that tile. Start at Split.
package ranges

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/connector/postgres/typed"

	"github.com/jackc/pgx/v5"
)

// Split cuts a table by borders of its key's first column: those of the
// planner's histogram, else of an even division of whole numbers. Ranges tile
// whatever the borders are, as long as the server orders them as it compares.
// Without an index that begins with that column each range would read the
// whole table: then, for a statement, and for what is a range already, there
// is one.
func Split(ctx context.Context, conn *pgx.Conn, q connector.Query, n int) ([]connector.Query, error) {
	whole := []connector.Query{q}
	if n < 2 || q.SQL != "" || len(q.Key) == 0 || q.After != nil || q.Until != nil {
		return whole, nil
	}
	borders, err := borders(ctx, conn, q, n)
	if err != nil || len(borders) == 0 {
		return whole, err
	}
	ranges := make([]connector.Query, len(borders)+1)
	for i := range ranges {
		ranges[i] = q
	}
	for i, b := range borders {
		at, err := json.Marshal([]string{b})
		if err != nil {
			return nil, err
		}
		ranges[i].Until, ranges[i+1].After = at, at
	}
	return ranges, nil
}

// first is the key's first column as the catalogue knows it.
type first struct {
	Type      uint32
	Modifier  int32
	Collation *string
	Indexed   bool
	Histogram *string
}

func borders(ctx context.Context, conn *pgx.Conn, q connector.Query, n int) ([]string, error) {
	found, err := survey.List(ctx, conn, pgx.RowToStructByPos[first], `
		SELECT a.atttypid, a.atttypmod,
			(SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(l.collname) FROM pg_catalog.pg_collation l
				JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation),
			EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = a.attrelid AND i.indkey[0] = a.attnum AND i.indisvalid AND i.indpred IS NULL),
			(SELECT s.histogram_bounds::pg_catalog.text FROM pg_catalog.pg_stats s JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
				JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
				WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = a.attname AND s.histogram_bounds IS NOT NULL
				ORDER BY s.inherited DESC LIMIT 1)
		FROM pg_catalog.pg_attribute a
		WHERE a.attrelid = $1::pg_catalog.text::pg_catalog.regclass AND a.attname = $2 AND NOT a.attisdropped`, q.Table.SQL(), q.Key[0])
	if err != nil || len(found) == 0 || !found[0].Indexed {
		return nil, err
	}
	types, err := typed.Load(ctx, conn, []typed.Ref{{OID: found[0].Type, Modifier: found[0].Modifier}})
	if err != nil {
		return nil, err
	}
	t := types[0]
	if found[0].Histogram == nil {
		if t.Kind != catalog.KindInt {
			return nil, nil
		}
		return even(ctx, conn, q, n)
	}
	as := "b"
	if c := found[0].Collation; c != nil && t.Kind == catalog.KindText {
		as += " COLLATE " + *c
	}
	// In the order of the server, each once: v alone would be the text.
	all, err := survey.List(ctx, conn, pgx.RowTo[string], fmt.Sprintf(`SELECT v::pg_catalog.text FROM (
		SELECT DISTINCT %s AS v FROM unnest($1::pg_catalog.text::%s[]) b WHERE b IS NOT NULL) d ORDER BY d.v`, as, t.Cast), *found[0].Histogram)
	if err != nil || len(all) < 3 {
		return nil, err
	}
	all = all[1 : len(all)-1] // the least and the greatest cut nothing off
	var picked []string
	for i := 1; i < n; i++ {
		picked = append(picked, all[min(len(all)-1, i*len(all)/n)])
	}
	return slices.Compact(picked), nil
}

// even divides the way from the least to the greatest number.
func even(ctx context.Context, conn *pgx.Conn, q connector.Query, n int) ([]string, error) {
	column := catalog.Quote(q.Key[0])
	type ends struct{ Least, Greatest *int64 }
	found, err := survey.List(ctx, conn, pgx.RowToStructByPos[ends], fmt.Sprintf("SELECT min(%s)::int8, max(%s)::int8 FROM %s", column, column, q.Table.SQL()))
	if err != nil || len(found) != 1 || found[0].Least == nil {
		return nil, sqlstate.Translate(err)
	}
	least := big.NewInt(*found[0].Least)
	way := new(big.Int).Sub(big.NewInt(*found[0].Greatest), least)
	var picked []string
	for i := 1; i < n; i++ {
		at := new(big.Int).Mul(way, big.NewInt(int64(i)))
		at.Quo(at, big.NewInt(int64(n))).Add(at, least)
		picked = append(picked, at.String())
	}
	return slices.Compact(picked), nil
}
