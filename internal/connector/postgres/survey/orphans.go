package survey

import (
	"context"
	"fmt"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// keysSQL reads the foreign keys that touch some tables, as they were declared:
// of a partition its root's. Columns are compared by the key's own operators.
const keysSQL = `
	WITH RECURSIVE touched AS (
		SELECT k.oid, k.conparentid FROM pg_constraint k
		WHERE k.contype = 'f' AND (k.conrelid = ANY ($1::text[]::regclass[]) OR k.confrelid = ANY ($1::text[]::regclass[]))
		UNION
		SELECT k.oid, k.conparentid FROM touched t JOIN pg_constraint k ON k.oid = t.conparentid)
	SELECT k.conname::text, fn.nspname::text, f.relname::text, pn.nspname::text, p.relname::text, f.relkind = 'p', p.relkind = 'p', k.confmatchtype = 'f',
		cols.own, cols.other, cols.operators
	FROM touched t JOIN pg_constraint k ON k.oid = t.oid
		JOIN pg_class f ON f.oid = k.conrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
		JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
		CROSS JOIN LATERAL (
			SELECT array_agg(fa.attname::text ORDER BY u.n) AS own, array_agg(pa.attname::text ORDER BY u.n) AS other,
				array_agg(format('OPERATOR(%I.%s)', opn.nspname, o.oprname) ORDER BY u.n) AS operators
			FROM ROWS FROM (unnest(k.conkey), unnest(k.confkey), unnest(k.conpfeqop)) WITH ORDINALITY u(f, p, op, n)
				JOIN pg_attribute fa ON fa.attrelid = k.conrelid AND fa.attnum = u.f
				JOIN pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = u.p
				JOIN pg_operator o ON o.oid = u.op JOIN pg_namespace opn ON opn.oid = o.oprnamespace) cols
	WHERE k.conparentid = 0 ORDER BY 2, 3, 1`

// reference is a foreign key.
type reference struct {
	Name                       string
	Schema, Table              string
	OtherSchema, OtherTable    string
	Partitioned, OtherIs, Full bool
	Columns, Others, Operators []string
}

// Orphans finds the rows of some tables that refer to none. Under any other
// role of replication than replica the server has held every row to its
// foreign keys itself.
func Orphans(ctx context.Context, conn *pgx.Conn, tables []catalog.Name) ([]connector.Orphans, error) {
	role, err := One(ctx, conn, pgx.RowTo[string], "SELECT current_setting('session_replication_role')")
	if err != nil || role != "replica" {
		return nil, err
	}
	var names []string
	for _, n := range tables {
		names = append(names, n.SQL())
	}
	keys, err := List(ctx, conn, pgx.RowToStructByPos[reference], keysSQL, names)
	if err != nil {
		return nil, fault.Wrap(err, "read foreign keys")
	}
	var found []connector.Orphans
	for _, k := range keys {
		o, err := orphans(ctx, conn, k)
		if err != nil {
			return nil, fault.Wrap(err, "check foreign key %s of %s", k.Name, o.Table)
		}
		if o.Rows > 0 {
			found = append(found, o)
		}
	}
	return found, nil
}

func orphans(ctx context.Context, conn *pgx.Conn, k reference) (connector.Orphans, error) {
	o := connector.Orphans{Key: k.Name, Table: catalog.Name{Schema: k.Schema, Object: k.Table}, Of: catalog.Name{Schema: k.OtherSchema, Object: k.OtherTable}}
	only := map[bool]string{false: "ONLY ", true: ""}
	var met, given, some, shown []string
	for i, c := range k.Columns {
		own := "f." + catalog.Quote(c)
		met = append(met, fmt.Sprintf("p.%s %s %s", catalog.Quote(k.Others[i]), k.Operators[i], own))
		given, some = append(given, own+" IS NOT NULL"), append(some, own+" IS NOT NULL")
		shown = append(shown, fmt.Sprintf("%s || coalesce(%s::text, 'NULL')", Literal(c+"="), own))
	}
	// MATCH SIMPLE asks nothing of a row with a NULL, MATCH FULL takes all or none.
	asked := strings.Join(given, " AND ")
	if k.Full {
		asked = "(" + strings.Join(some, " OR ") + ")"
	}
	without := fmt.Sprintf("FROM %s%s f WHERE %s AND NOT EXISTS (SELECT FROM %s%s p WHERE %s)",
		only[k.Partitioned], o.Table.SQL(), asked, only[k.OtherIs], o.Of.SQL(), strings.Join(met, " AND "))
	var err error
	if o.Rows, err = One(ctx, conn, pgx.RowTo[int64], "SELECT count(*) "+without); err != nil || o.Rows == 0 {
		return o, err
	}
	o.Keys, err = List(ctx, conn, pgx.RowTo[string], fmt.Sprintf("SELECT DISTINCT ON (%s) %s %s ORDER BY %s LIMIT 5",
		fields(k.Columns), strings.Join(shown, " || ' ' || "), without, fields(k.Columns)))
	return o, err
}

func fields(columns []string) string {
	var all []string
	for _, c := range columns {
		all = append(all, "f."+catalog.Quote(c))
	}
	return strings.Join(all, ", ")
}
