package survey

import (
	"context"

	"godwit/internal/catalog"

	"github.com/jackc/pgx/v5"
)

// Relation is pg_class's own oid.
const Relation = 1259

// Object is what the archive names an object by.
type Object struct{ Class, OID uint32 }

// Known is an object's true name and the tables it touches.
type Known struct {
	Class, OID     uint32
	Schema, Object string
	Bare           string
	First, Second  uint32 // relations: an index's table, a foreign key's two
	Table          bool   // it is one itself
	Other          bool   // it is among Others
}

// Name is its name in schema.
func (k Known) Name() catalog.Name { return catalog.Name{Schema: k.Schema, Object: k.Object} }

// Objects reads all objects that an archive may hold.
func Objects(ctx context.Context, conn *pgx.Conn) ([]Known, error) {
	all, err := List(ctx, conn, pgx.RowToStructByPos[Known], `
		SELECT 'pg_catalog.pg_class'::regclass::oid, c.oid, n.nspname::text, c.relname::text, c.relname::text,
			CASE WHEN c.relkind IN ('r', 'p', 'f', 'm') THEN c.oid ELSE coalesce(i.indrelid, o.refobjid, 0) END, 0::oid,
			c.relkind IN ('r', 'p', 'f', 'm'), false
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
			LEFT JOIN pg_catalog.pg_depend o ON c.relkind = 'S' AND o.classid = 'pg_catalog.pg_class'::regclass AND o.objid = c.oid
				AND o.refclassid = 'pg_catalog.pg_class'::regclass AND o.deptype IN ('a', 'i')
		WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
		UNION ALL
		SELECT 'pg_catalog.pg_constraint'::regclass::oid, c.oid, n.nspname::text, c.conname::text, c.conname::text, c.conrelid, c.confrelid, false, false
		FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace
		UNION ALL
		SELECT x.class, x.oid, n.nspname::text, x.name, x.name, x.relation, 0::oid, false, false FROM (
			SELECT 'pg_catalog.pg_trigger'::regclass::oid AS class, oid, tgname::text AS name, tgrelid AS relation FROM pg_catalog.pg_trigger WHERE NOT tgisinternal
			UNION ALL SELECT 'pg_catalog.pg_rewrite'::regclass::oid, oid, rulename::text, ev_class FROM pg_catalog.pg_rewrite WHERE oid >= 16384
			UNION ALL SELECT 'pg_catalog.pg_policy'::regclass::oid, oid, polname::text, polrelid FROM pg_catalog.pg_policy
			UNION ALL SELECT 'pg_catalog.pg_publication_rel'::regclass::oid, r.oid, p.pubname::text, r.prrelid
				FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
			UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::regclass::oid, oid, stxname::text, stxrelid FROM pg_catalog.pg_statistic_ext
			UNION ALL SELECT 'pg_catalog.pg_attrdef'::regclass::oid, d.oid, a.attname::text, d.adrelid
				FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum) x
		JOIN pg_catalog.pg_class c ON c.oid = x.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		UNION ALL
		SELECT 'pg_catalog.pg_namespace'::regclass::oid, n.oid, '', n.nspname::text, n.nspname::text, 0::oid, 0::oid, false, false FROM pg_catalog.pg_namespace n`)
	if err != nil {
		return nil, err
	}
	others, err := Others(ctx, conn)
	if err != nil {
		return nil, err
	}
	for _, o := range others {
		if o.Kind != "VIEW" && o.Kind != "STATISTICS" { // among the relations, with their table
			all = append(all, Known{Class: o.Class, OID: o.OID, Schema: o.Schema, Object: o.Object, Bare: o.Bare, Other: true})
		}
	}
	return all, nil
}
