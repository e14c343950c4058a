package survey

import (
	"context"
	"strings"

	"godwit/internal/catalog"

	"github.com/jackc/pgx/v5"
)

// ownSQL is a relation of our own: a mark table, told by its name and columns.
const ownSQL = `c.relkind = 'r' AND c.relname IN ('mark', 'mark_unlogged') AND 6 = (
	SELECT count(*) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
		AND a.attname IN ('run', 'unit', 'chunk', 'generation', 'attempt', 'n_read'))`

// reserved looks into the schema of the marks. Our own tables there, of a run
// that this database was the target of, are left out and named; what else is
// there and selected is somebody's, and nobody may take it for ours.
func reserved(ctx context.Context, conn *pgx.Conn, sel catalog.Selection, db *catalog.Database) error {
	type object struct {
		Name, Bare string
		Own        bool
	}
	in := "n.nspname = '" + Schema + "'"
	all, err := List(ctx, conn, pgx.RowToStructByPos[object], `
		SELECT o.name, o.bare, o.own FROM (
			SELECT c.relname::text AS name, c.relname::text AS bare, `+ownSQL+` AS own
			FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			WHERE `+in+` AND c.relkind IN ('r', 'p', 'f', 'm', 'v', 'S') AND c.relpersistence <> 't'
			UNION ALL
			SELECT p.proname || '()', p.proname::text, false FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE `+in+`
			UNION ALL
			SELECT t.typname::text, t.typname::text, false FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
			WHERE `+in+` AND (t.typtype IN ('d', 'e', 'r') OR t.typtype = 'b' AND t.typelem = 0
				OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
			UNION ALL
			SELECT 'operator ' || o.oprname, o.oprname::text, false FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE `+in+`
			UNION ALL
			SELECT 'collation ' || o.collname, o.collname::text, false FROM pg_catalog.pg_collation o JOIN pg_catalog.pg_namespace n ON n.oid = o.collnamespace WHERE `+in+`
			UNION ALL
			SELECT 'text search configuration ' || o.cfgname, o.cfgname::text, false FROM pg_catalog.pg_ts_config o JOIN pg_catalog.pg_namespace n ON n.oid = o.cfgnamespace WHERE `+in+`
			UNION ALL
			SELECT 'text search dictionary ' || o.dictname, o.dictname::text, false FROM pg_catalog.pg_ts_dict o JOIN pg_catalog.pg_namespace n ON n.oid = o.dictnamespace WHERE `+in+`
			UNION ALL
			SELECT 'extension ' || x.extname, x.extname::text, false FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace WHERE `+in+`
		) o ORDER BY 1`)
	var own []string
	for _, o := range all {
		switch name := (catalog.Name{Schema: Schema, Object: o.Bare}); {
		case o.Own:
			own = append(own, name.String())
		case sel.Match(name):
			db.Reserved = append(db.Reserved, catalog.Name{Schema: Schema, Object: o.Name})
		}
	}
	if len(own) > 0 {
		db.Omitted = append(db.Omitted, catalog.Omission{Code: "source.marks", What: strings.Join(own, ", "),
			Why: "left by godwit when this database was a target; godwit cancel of that run takes them away"})
	}
	return err
}
