package definition

import (
	"context"
	"fmt"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/survey"

	"github.com/jackc/pgx/v5"
)

const (
	classNamespace = 2615 // pg_namespace
	classRewrite   = 2618 // pg_rewrite
)

// foreignKey is one at the target, by its two tables.
type foreignKey struct {
	Name, Table string
	From, To    uint32
}

// readForeignKeys reads all of them. A partition's copy of its root's key has
// the root's name and table.
func readForeignKeys(ctx context.Context, conn *pgx.Conn) ([]foreignKey, error) {
	return survey.List(ctx, conn, func(row pgx.CollectableRow) (foreignKey, error) {
		var k foreignKey
		var table catalog.Name
		err := row.Scan(&k.Name, &table.Schema, &table.Object, &k.From, &k.To)
		k.Table = table.String()
		return k, err
	}, `
		WITH RECURSIVE k AS (
			SELECT oid, conname, conrelid AS top, conrelid, confrelid
			FROM pg_catalog.pg_constraint WHERE contype = 'f' AND conparentid = 0
			UNION ALL
			SELECT c.oid, k.conname, k.top, c.conrelid, c.confrelid
			FROM pg_catalog.pg_constraint c JOIN k ON k.oid = c.conparentid WHERE c.contype = 'f')
		SELECT k.conname::text, n.nspname::text, r.relname::text, k.conrelid, k.confrelid
		FROM k JOIN pg_catalog.pg_class r ON r.oid = k.top JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace`)
}

// dependency is a row of pg_depend (documentation, 53.18).
type dependency struct {
	Class, OID       uint32
	RefClass, RefOID uint32
	Kind             string // n normal, a auto, i internal, P and S partition, e, x extension
	Relation         bool   // what depends is a table or view
}

// undepended refuses when something stays that needs what goes. Parts (an
// index, a row type, a column's default) go with their whole; tables and views
// never do so silently, not even partitions with their root.
func undepended(ctx context.Context, conn *pgx.Conn, goes map[survey.Object]bool) error {
	all, err := survey.List(ctx, conn, pgx.RowToStructByPos[dependency], `
		SELECT d.classid, d.objid, d.refclassid, d.refobjid, d.deptype::text,
			coalesce(c.relkind IN ('r', 'p', 'f', 'm', 'v'), false)
		FROM pg_catalog.pg_depend d
			LEFT JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid
		WHERE (d.classid, d.objid) <> (d.refclassid, d.refobjid) AND d.refobjid >= 16384`)
	if err != nil {
		return err
	}
	on := map[survey.Object][]dependency{}
	views := map[survey.Object]survey.Object{} // by their rules
	for _, d := range all {
		ref := survey.Object{Class: d.RefClass, OID: d.RefOID}
		on[ref] = append(on[ref], d)
		if d.Class == classRewrite && d.Kind == "i" {
			views[survey.Object{Class: d.Class, OID: d.OID}] = ref
		}
	}
	var queue []survey.Object
	for o := range goes {
		queue = append(queue, o)
	}
	var needs []survey.Object
	for len(queue) > 0 {
		o := queue[0]
		queue = queue[1:]
		for _, d := range on[o] {
			part := survey.Object{Class: d.Class, OID: d.OID}
			switch {
			case goes[part]:
			case d.Relation || d.Kind == "n" || d.Kind == "e" || d.Kind == "x":
				needs = append(needs, part)
			default:
				goes[part] = true
				queue = append(queue, part)
			}
		}
	}
	var classes, oids []uint32
	for _, o := range needs {
		if goes[o] {
			continue
		}
		if view, ok := views[o]; ok {
			if goes[view] {
				continue
			}
			o = view
		}
		classes, oids = append(classes, o.Class), append(oids, o.OID)
	}
	if len(oids) == 0 {
		return nil
	}
	texts, err := survey.List(ctx, conn, pgx.RowTo[string], `
		SELECT DISTINCT pg_catalog.pg_describe_object(u.class, u.oid, 0)
		FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::oid[])) u(class, oid) ORDER BY 1`, classes, oids)
	if err != nil {
		return err
	}
	return depended(texts)
}

// privileges takes default privileges away: with those of an earlier run,
// tables that are made again would get rights that the source's do not have.
func (c *clearing) privileges(ctx context.Context, conn *pgx.Conn, gone []clearedSchema) error {
	dropped := map[string]bool{}
	for _, n := range gone {
		dropped[n.Name] = true
	}
	type grant struct{ Role, Schema, Kind, Grantee string }
	grants, err := survey.List(ctx, conn, pgx.RowToStructByPos[grant], `
		SELECT pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.defaclrole)), coalesce(n.nspname::text, ''),
			CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
				WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END,
			CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
		FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace,
			LATERAL (SELECT DISTINCT grantee FROM pg_catalog.aclexplode(d.defaclacl)) a
		ORDER BY 2, 1, 3, 4`)
	if err != nil {
		return err
	}
	for i, g := range grants {
		if g.Schema == "" && !survey.WholeDatabase(c.sel) || g.Schema != "" && (dropped[g.Schema] || !c.whole(g.Schema)) {
			continue
		}
		alter, in := "ALTER DEFAULT PRIVILEGES FOR ROLE "+g.Role, ""
		if g.Schema != "" {
			in = " IN SCHEMA " + catalog.Quote(g.Schema)
		}
		sql := fmt.Sprintf("%s%s REVOKE ALL ON %s FROM %s", alter, in, g.Kind, g.Grantee)
		last := i == len(grants)-1 || grants[i+1].Role != g.Role || grants[i+1].Schema != g.Schema || grants[i+1].Kind != g.Kind
		if g.Schema == "" && last { // back to what every server starts with
			sql += fmt.Sprintf(";\n%s GRANT ALL ON %s TO %s", alter, g.Kind, g.Role)
			switch g.Kind {
			case "FUNCTIONS":
				sql += ";\n" + alter + " GRANT EXECUTE ON FUNCTIONS TO PUBLIC"
			case "TYPES":
				sql += ";\n" + alter + " GRANT USAGE ON TYPES TO PUBLIC"
			}
		}
		c.add("DEFAULT PRIVILEGES", catalog.Name{Schema: g.Schema, Object: g.Role}, nil, sql)
	}
	return nil
}
