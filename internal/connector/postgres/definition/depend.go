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

// dependencies are all of a database, by what is depended on.
type dependencies struct {
	on    map[survey.Object][]dependency
	views map[survey.Object]survey.Object // by their rules
}

func readDependencies(ctx context.Context, conn *pgx.Conn) (dependencies, error) {
	all, err := survey.List(ctx, conn, pgx.RowToStructByPos[dependency], `
		SELECT d.classid, d.objid, d.refclassid, d.refobjid, d.deptype::text,
			coalesce(c.relkind IN ('r', 'p', 'f', 'm', 'v'), false)
		FROM pg_catalog.pg_depend d
			LEFT JOIN pg_catalog.pg_class c ON d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid
		WHERE (d.classid, d.objid) <> (d.refclassid, d.refobjid) AND d.refobjid >= 16384`)
	known := dependencies{map[survey.Object][]dependency{}, map[survey.Object]survey.Object{}}
	for _, d := range all {
		ref := survey.Object{Class: d.RefClass, OID: d.RefOID}
		known.on[ref] = append(known.on[ref], d)
		if d.Class == classRewrite && d.Kind == "i" {
			known.views[survey.Object{Class: d.Class, OID: d.OID}] = ref
		}
	}
	return known, err
}

// need is something that stays and needs what goes: of is the object that was
// to be dropped.
type need struct{ by, of survey.Object }

// needs finds what stays and needs what goes. Parts (an index, a row type, a
// column's default) go with their whole; tables and views never do so silently,
// not even partitions with their root.
func (known dependencies) needs(drops map[survey.Object]bool) []need {
	goes := map[survey.Object]survey.Object{} // with the object that takes it along
	var queue []survey.Object
	for o := range drops {
		goes[o] = o
		queue = append(queue, o)
	}
	var needs []need
	for len(queue) > 0 {
		o := queue[0]
		queue = queue[1:]
		for _, d := range known.on[o] {
			part := survey.Object{Class: d.Class, OID: d.OID}
			switch _, gone := goes[part]; {
			case gone:
			case d.Relation || d.Kind == "n" || d.Kind == "e" || d.Kind == "x":
				needs = append(needs, need{part, goes[o]})
			default:
				goes[part] = goes[o]
				queue = append(queue, part)
			}
		}
	}
	var stay []need
	for _, n := range needs {
		if _, gone := goes[n.by]; gone {
			continue
		}
		if view, ok := known.views[n.by]; ok {
			if _, gone := goes[view]; gone {
				continue
			}
			n.by = view
		}
		stay = append(stay, n)
	}
	return stay
}

// undepended takes out of drops what is needed by something that stays and may
// stay itself, with all that this needs; what may not is a refusal.
func undepended(ctx context.Context, conn *pgx.Conn, drops map[survey.Object]bool, mayStay map[survey.Object]bool) error {
	known, err := readDependencies(ctx, conn)
	if err != nil {
		return err
	}
	for {
		var classes, oids []uint32
		stays := false
		for _, n := range known.needs(drops) {
			if mayStay[n.of] {
				delete(drops, n.of)
				stays = true
			}
			classes, oids = append(classes, n.by.Class), append(oids, n.by.OID)
		}
		switch {
		case stays:
			continue
		case len(oids) == 0:
			return nil
		}
		return named(ctx, conn, classes, oids)
	}
}

// named is the refusal with the names of what needs what would go.
func named(ctx context.Context, conn *pgx.Conn, classes, oids []uint32) error {
	type needer struct {
		Text  string
		Names []string
	}
	all, err := survey.List(ctx, conn, pgx.RowToStructByPos[needer], `
		SELECT DISTINCT pg_catalog.pg_describe_object(u.class, u.oid, 0), coalesce(a.object_names, '{}')
		FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::oid[])) u(class, oid),
			LATERAL pg_catalog.pg_identify_object_as_address(u.class, u.oid, 0) a ORDER BY 1`, classes, oids)
	if err != nil {
		return err
	}
	var texts, include []string
	for _, n := range all {
		texts = append(texts, n.Text)
		if len(n.Names) > 1 {
			include = append(include, catalog.Name{Schema: n.Names[0], Object: n.Names[1]}.String())
		}
	}
	return depended(texts, include)
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
