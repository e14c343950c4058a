package survey

import (
	"context"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// Torn refuses a selection that takes a part without what it needs.
func Torn(text string) error {
	return fault.New(fault.Config, "selection.torn", "the selection takes a part without the rest: %s", text).
		Hint("select the parents too, or leave the children out")
}

// Other is an object that is no table and no sequence.
type Other struct {
	Kind, Schema, Object string
	Bare                 string // what patterns are matched with: a function without its arguments
	Class, OID           uint32
	Member               bool // of an extension
}

// Name is its name in schema.
func (o Other) Name() catalog.Name { return catalog.Name{Schema: o.Schema, Object: o.Object} }

// chosen reports whether the selection picks it.
func (o Other) chosen(sel catalog.Selection) bool {
	if o.Schema == "" {
		return WholeDatabase(sel)
	}
	return sel.Match(catalog.Name{Schema: o.Schema, Object: o.Bare})
}

// Others reads all of them, by kind and name, those of extensions left out.
func Others(ctx context.Context, conn *pgx.Conn) ([]Other, error) {
	all, err := everyOther(ctx, conn)
	return slices.DeleteFunc(all, func(o Other) bool { return o.Member }), err
}

// everyOther reads those of extensions too. Kinds are pg_dump's words. What is asked of
// each object is asked of all at once: a server takes ten times as long to plan a join for
// each kind as to answer it.
func everyOther(ctx context.Context, conn *pgx.Conn) ([]Other, error) {
	procedure := `CASE p.prokind WHEN 'a' THEN 'AGGREGATE' WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END`
	of := func(kind, namespace, name, bare, class, alias string) string {
		return `
		SELECT ` + kind + `, ` + namespace + `, ` + name + `, ` + bare + `, 'pg_catalog.` + class + `'::regclass::oid, ` + alias + `.oid FROM pg_catalog.` + class + ` ` + alias
	}
	inSchema := func(kind, name, bare, class, alias, namespace, where string) string {
		namespace = alias + "." + namespace
		return of(kind, namespace, name, bare, class, alias) + ` WHERE ` + namespace + ` = ANY ((SELECT oids FROM wanted)::oid[])` + where
	}
	global := func(kind, name, class string) string {
		return of("'"+kind+"'", "0::oid", name, name, class, "g") + ` WHERE g.oid >= 16384`
	}
	plain := func(kind, class, column, namespace string) string {
		return inSchema("'"+kind+"'", "g."+column+"::text", "g."+column+"::text", class, "g", namespace, "")
	}
	all := inSchema("'VIEW'", "c.relname::text", "c.relname::text", "pg_class", "c", "relnamespace", ` AND c.relkind = 'v' AND c.relpersistence <> 't'`) +
		` UNION ALL ` + inSchema(procedure, `p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')'`, "p.proname::text", "pg_proc", "p", "pronamespace", "") +
		` UNION ALL ` + inSchema(`CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END`, "t.typname::text", "t.typname::text", "pg_type", "t", "typnamespace",
		` AND (t.typtype IN ('d', 'e', 'r') OR t.typtype = 'b' AND t.typelem = 0 OR t.typtype = 'b' AND t.typlen > 0
			OR t.typtype = 'c' AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))`) +
		` UNION ALL ` + inSchema("'OPERATOR'", `o.oprname || ' (' || pg_catalog.format_type(o.oprleft, NULL) || ', ' || pg_catalog.format_type(o.oprright, NULL) || ')'`,
		"o.oprname::text", "pg_operator", "o", "oprnamespace", "") +
		` UNION ALL ` + plain("COLLATION", "pg_collation", "collname", "collnamespace") +
		` UNION ALL ` + plain("CONVERSION", "pg_conversion", "conname", "connamespace") +
		` UNION ALL ` + plain("OPERATOR CLASS", "pg_opclass", "opcname", "opcnamespace") +
		` UNION ALL ` + plain("OPERATOR FAMILY", "pg_opfamily", "opfname", "opfnamespace") +
		` UNION ALL ` + plain("STATISTICS", "pg_statistic_ext", "stxname", "stxnamespace") +
		` UNION ALL ` + plain("TEXT SEARCH CONFIGURATION", "pg_ts_config", "cfgname", "cfgnamespace") +
		` UNION ALL ` + plain("TEXT SEARCH DICTIONARY", "pg_ts_dict", "dictname", "dictnamespace") +
		` UNION ALL ` + plain("TEXT SEARCH PARSER", "pg_ts_parser", "prsname", "prsnamespace") +
		` UNION ALL ` + plain("TEXT SEARCH TEMPLATE", "pg_ts_template", "tmplname", "tmplnamespace") +
		` UNION ALL ` + global("EXTENSION", "g.extname::text", "pg_extension") +
		` UNION ALL ` + global("EVENT TRIGGER", "g.evtname::text", "pg_event_trigger") +
		` UNION ALL ` + global("PUBLICATION", "g.pubname::text", "pg_publication") +
		` UNION ALL ` + global("FOREIGN DATA WRAPPER", "g.fdwname::text", "pg_foreign_data_wrapper") +
		` UNION ALL ` + global("SERVER", "g.srvname::text", "pg_foreign_server") +
		` UNION ALL ` + global("PROCEDURAL LANGUAGE", "g.lanname::text", "pg_language") +
		` UNION ALL ` + global("ACCESS METHOD", "g.amname::text", "pg_am") +
		` UNION ALL ` + global("CAST", `'(' || pg_catalog.format_type(g.castsource, NULL) || ' AS ' || pg_catalog.format_type(g.casttarget, NULL) || ')'`, "pg_cast") +
		` UNION ALL ` + global("TRANSFORM", `'FOR ' || pg_catalog.format_type(g.trftype, NULL) || ' LANGUAGE ' ||
			(SELECT pg_catalog.quote_ident(l.lanname) FROM pg_catalog.pg_language l WHERE l.oid = g.trflang)`, "pg_transform")
	depends := func(how string) string {
		return `EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.deptype = '` + how + `' AND x.classid = o.class AND x.objid = o.oid)`
	}
	sql := `
		WITH wanted AS MATERIALIZED (SELECT pg_catalog.array_agg(n.oid) AS oids FROM pg_catalog.pg_namespace n WHERE NOT ` + Foreigners + `),
			o (kind, namespace, name, bare, class, oid) AS MATERIALIZED (` + all + `)
		SELECT o.kind, coalesce(n.nspname::text, ''), o.name, o.bare, o.class, o.oid, ` + depends("e") + `
		FROM o LEFT JOIN pg_catalog.pg_namespace n ON n.oid = o.namespace
		WHERE NOT ` + depends("i") + ` -- no other object (a range's constructors, a table's row type) brings it along
		ORDER BY 1, 2, 3`
	return List(ctx, conn, pgx.RowToStructByPos[Other], sql)
}

// sequence is one with the table that owns it or takes its default from it.
type sequence struct {
	Name  catalog.Name
	owner *catalog.Name  // column of this table owns it
	users []catalog.Name // defaults of these use it
}

// chosen reports whether a selected table needs the sequence or, when no table
// owns it, the patterns pick it.
func (q sequence) chosen(sel catalog.Selection, out map[catalog.Name]bool) bool {
	for _, t := range q.users {
		if !out[t] {
			return true
		}
	}
	if q.owner != nil {
		return !out[*q.owner]
	}
	return sel.Match(q.Name)
}

// readSequences reads all sequences but those of extensions.
func readSequences(ctx context.Context, conn *pgx.Conn) ([]sequence, error) {
	type use struct {
		Schema, Object           string
		TableSchema, TableObject *string
		Owns                     *bool
	}
	rows, err := List(ctx, conn, pgx.RowToStructByPos[use], `
		WITH used AS (
			SELECT d.objid AS sequence, d.refobjid AS of, true AS owns
			FROM pg_catalog.pg_depend d
			WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i')
			UNION ALL
			SELECT d.refobjid, a.adrelid, false
			FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attrdef a ON a.oid = d.objid
			WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype = 'n')
		SELECT n.nspname::text, c.relname::text, tn.nspname::text, t.relname::text, u.owns
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN (used u JOIN pg_catalog.pg_class t ON t.oid = u.of JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace) ON u.sequence = c.oid
		WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND NOT `+Foreigners+` AND `+NotOfExtension("pg_class", "c.oid")+`
		ORDER BY 1, 2`)
	var all []sequence
	for _, r := range rows {
		name := catalog.Name{Schema: r.Schema, Object: r.Object}
		if len(all) == 0 || all[len(all)-1].Name != name {
			all = append(all, sequence{Name: name})
		}
		if r.TableObject == nil {
			continue
		}
		q, t := &all[len(all)-1], catalog.Name{Schema: *r.TableSchema, Object: *r.TableObject}
		if *r.Owns {
			q.owner = &t
		} else {
			q.users = append(q.users, t)
		}
	}
	return all, err
}

// viewUse is one relation in a view's query.
type viewUse struct{ view, used catalog.Name }

func readViewUses(ctx context.Context, conn *pgx.Conn) ([]viewUse, error) {
	return List(ctx, conn, func(row pgx.CollectableRow) (viewUse, error) {
		var u viewUse
		err := row.Scan(&u.view.Schema, &u.view.Object, &u.used.Schema, &u.used.Object)
		return u, err
	}, `
		SELECT DISTINCT n.nspname::text, c.relname::text, un.nspname::text, u.relname::text
		FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
			JOIN pg_catalog.pg_class c ON c.oid = r.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_catalog.pg_class u ON u.oid = d.refobjid JOIN pg_catalog.pg_namespace un ON un.oid = u.relnamespace
		WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
			AND c.relkind IN ('v', 'm') AND c.oid <> u.oid AND NOT `+Foreigners+` ORDER BY 1, 2, 3, 4`)
}
