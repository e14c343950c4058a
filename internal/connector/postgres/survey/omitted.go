package survey

import (
	"context"
	"fmt"

	"godwit/internal/catalog"
	"godwit/internal/connector"

	"github.com/jackc/pgx/v5"
)

// omitBlobs names the large objects that a selection leaves out: they belong to
// no schema, and rows that are copied may hold their oids.
func omitBlobs(ctx context.Context, conn *pgx.Conn, db *catalog.Database) error {
	n, err := One(ctx, conn, pgx.RowTo[int64], `SELECT count(*) FROM pg_catalog.pg_largeobject_metadata`)
	if err != nil || n == 0 {
		return err
	}
	columns, err := pointers(ctx, conn, db.Tables)
	if err != nil {
		return err
	}
	o := catalog.Omission{Code: "selection.objects", What: "1 large object", Why: "the selection is not the whole database; --include '*.*' copies it"}
	if n > 1 {
		o.What = fmt.Sprintf("%d large objects", n)
		o.Why = "the selection is not the whole database; --include '*.*' copies them"
	}
	if len(columns) > 0 {
		o.Why += "; these columns may point to some: " + some(columns)
	}
	db.Omitted = append(db.Omitted, o)
	return nil
}

// pointers are the columns that hold oids: of the type itself, of domains over
// it (the extension lo's), of arrays of either.
func pointers(ctx context.Context, conn *pgx.Conn, tables []catalog.Table) ([]string, error) {
	types, err := List(ctx, conn, pgx.RowTo[uint32], `
		WITH RECURSIVE holds AS (
			SELECT 'pg_catalog.oid'::regtype::oid AS oid
			UNION SELECT t.oid FROM holds h JOIN pg_catalog.pg_type t ON t.typtype = 'd' AND t.typbasetype = h.oid OR t.typelem = h.oid)
		SELECT oid FROM holds`)
	if err != nil {
		return nil, err
	}
	holds := map[uint32]bool{}
	for _, oid := range types {
		holds[oid] = true
	}
	var list []string
	for _, t := range tables {
		for _, c := range t.Columns {
			if holds[c.TypeOID] {
				list = append(list, t.Name.String()+"."+c.Name)
			}
		}
	}
	return list, nil
}

// checkOmitted repeats what the inspection found.
func checkOmitted(_ context.Context, x *examination) error {
	if x.facts.Source != nil {
		for _, o := range x.facts.Source.Omitted {
			x.add(connector.Warns, o.Code, "", "%s", o.String())
		}
	}
	return nil
}
