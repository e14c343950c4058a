package definition

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/survey"

	"github.com/jackc/pgx/v5"
)

// dropped is an object of the target that has to go.
type dropped struct {
	survey.Object
	kind     string // as DROP wants it
	name     catalog.Name
	identity string // as DROP wants it
	rank     int
	bare     string // as patterns name it
}

// replace drops in an order in which little cascades. What does (a view in
// another batch) is selected too: depended has looked before.
func (c *clearing) replace(ctx context.Context, conn *pgx.Conn) error {
	all, err := c.droppable(ctx, conn)
	if err != nil {
		return err
	}
	schemas, err := c.schemas(ctx, conn)
	if err != nil {
		return err
	}
	goes, mayStay := map[survey.Object]bool{}, map[survey.Object]bool{}
	for _, d := range all {
		goes[d.Object], mayStay[d.Object] = true, c.needed(d)
	}
	for _, n := range schemas {
		goes[survey.Object{Class: classNamespace, OID: n.OID}] = true
	}
	if err := undepended(ctx, conn, goes, mayStay); err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(d dropped) bool {
		if !goes[d.Object] {
			c.kept = append(c.kept, catalog.Object{Kind: d.kind, Name: d.name})
		}
		return !goes[d.Object]
	})
	slices.SortStableFunc(all, func(a, b dropped) int { return cmp.Compare(a.rank, b.rank) })
	for i := 0; i < len(all); {
		n := i
		for n < len(all) && n-i < clearedAtOnce && all[n].kind == all[i].kind {
			n++
		}
		c.addDrop(all[i:n])
		i = n
	}
	for _, n := range schemas {
		c.add("DROP SCHEMA", catalog.Name{Object: n.Name}, nil, "DROP SCHEMA IF EXISTS "+catalog.Quote(n.Name)+" CASCADE")
	}
	if err := c.privileges(ctx, conn, schemas); err != nil {
		return err
	}
	return c.unlink(ctx, conn)
}

// needed tells what the selection needs and does not name: no table, and not
// of a schema that goes as a whole.
func (c *clearing) needed(d dropped) bool {
	switch {
	case d.kind == "TABLE", d.kind == "FOREIGN TABLE", d.kind == "MATERIALIZED VIEW":
		return false
	case d.name.Schema == "":
		return !survey.WholeDatabase(c.sel)
	}
	return !c.sel.Match(catalog.Name{Schema: d.name.Schema, Object: d.bare})
}

// listable are the kinds of which one DROP takes several. They are dropped
// together, so that what connects them does not matter.
func listable(kind string) bool {
	switch kind {
	case "OPERATOR CLASS", "OPERATOR FAMILY", "CAST", "TRANSFORM", "EVENT TRIGGER", "PROCEDURAL LANGUAGE",
		"ACCESS METHOD", "CONVERSION":
		return false
	}
	return true
}

func (c *clearing) addDrop(list []dropped) {
	var tables []catalog.Name
	var identities, statements []string
	kind := list[0].kind
	switch kind {
	case "FUNCTION", "PROCEDURE", "AGGREGATE":
		kind = "ROUTINE" // takes an aggregate without arguments like the others
	}
	for _, d := range list {
		if d.Class == survey.Relation && kind != "VIEW" && kind != "SEQUENCE" {
			tables = append(tables, d.name)
		}
		identities = append(identities, d.identity)
		statements = append(statements, "DROP "+kind+" IF EXISTS "+d.identity+" CASCADE")
	}
	if listable(kind) {
		statements = []string{"DROP " + kind + " IF EXISTS " + strings.Join(identities, ", ") + " CASCADE"}
	}
	c.add("DROP "+kind, list[0].name, tables, strings.Join(statements, ";\n"))
}

// whole reports whether everything in a schema goes.
func (c *clearing) whole(schema string) bool {
	return !survey.Ours(schema) && c.sel.Whole(schema) && slices.Contains(c.source.Schemas, schema)
}

// droppable lists the target's objects that are in the way, in no order.
func (c *clearing) droppable(ctx context.Context, conn *pgx.Conn) ([]dropped, error) {
	relations := map[catalog.Name]bool{}
	for _, t := range c.source.Tables {
		relations[t.Name] = true
	}
	for _, n := range c.source.Sequences {
		relations[n] = true
	}
	others := map[catalog.Object]bool{}
	for _, o := range c.source.Others {
		others[o] = true
		relations[o.Name] = relations[o.Name] || o.Kind == "VIEW"
	}
	all, err := readDroppable(ctx, conn)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(d dropped) bool {
		switch {
		case d.name.Schema != "" && c.whole(d.name.Schema):
			return false
		case d.Class == survey.Relation:
			return !relations[d.name]
		}
		return !others[catalog.Object{Kind: d.kind, Name: d.name}]
	}), nil
}

// readDroppable reads what can be dropped by itself, extensions and their
// members left out.
func readDroppable(ctx context.Context, conn *pgx.Conn) ([]dropped, error) {
	others, err := survey.Others(ctx, conn)
	if err != nil {
		return nil, err
	}
	var all []dropped
	var classes, oids []uint32
	for _, o := range others {
		if o.Kind == "EXTENSION" || o.Kind == "VIEW" || o.Kind == "STATISTICS" {
			continue
		}
		all = append(all, dropped{Object: survey.Object{Class: o.Class, OID: o.OID}, kind: o.Kind, name: o.Name(), rank: rankOf(o.Kind), bare: o.Bare})
		classes, oids = append(classes, o.Class), append(oids, o.OID)
	}
	identities, err := survey.List(ctx, conn, pgx.RowTo[string], `
		SELECT i.identity FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::oid[])) WITH ORDINALITY u(class, oid, n),
			LATERAL pg_catalog.pg_identify_object(u.class, u.oid, 0) i ORDER BY u.n`, classes, oids)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].identity = identities[i]
		if all[i].kind == "TRANSFORM" {
			all[i].identity = all[i].name.Object
		}
	}
	relations, err := survey.List(ctx, conn, func(row pgx.CollectableRow) (dropped, error) {
		d := dropped{Object: survey.Object{Class: survey.Relation}}
		var depth int
		err := row.Scan(&d.OID, &d.kind, &d.name.Schema, &d.name.Object, &depth)
		d.identity, d.rank, d.bare = d.name.SQL(), rankOf(d.kind)-depth, d.name.Object
		return d, err
	}, `
		WITH RECURSIVE depth AS (
			SELECT inhrelid AS oid, 1 AS n FROM pg_catalog.pg_inherits
			UNION ALL SELECT i.inhrelid, d.n + 1 FROM pg_catalog.pg_inherits i JOIN depth d ON d.oid = i.inhparent)
		SELECT c.oid, CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
				WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname::text, c.relname::text,
			coalesce(least(d.n, 20), 0)
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN (SELECT oid, max(n) AS n FROM depth GROUP BY oid) d ON d.oid = c.oid
		WHERE c.relkind IN ('r', 'p', 'f', 'm', 'v', 'S') AND c.relpersistence <> 't' AND NOT `+survey.Foreigners+`
			AND `+survey.NotOfExtension("pg_class", "c.oid")+`
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend o WHERE c.relkind = 'S' AND o.deptype = 'i'
				AND o.classid = 'pg_catalog.pg_class'::regclass AND o.objid = c.oid)
		ORDER BY 3, 4`)
	return append(all, relations...), err
}

// rankOf orders kinds: what others are made from goes last; children before
// their roots, which is what the room is for.
func rankOf(kind string) int {
	order := []string{
		"EVENT TRIGGER", "PUBLICATION", "MATERIALIZED VIEW", "VIEW", "FOREIGN TABLE", "TABLE", "SEQUENCE", "CAST", "TRANSFORM",
		"OPERATOR CLASS", "OPERATOR FAMILY", "OPERATOR", "AGGREGATE", "PROCEDURE", "FUNCTION", "TEXT SEARCH CONFIGURATION",
		"TEXT SEARCH DICTIONARY", "TEXT SEARCH TEMPLATE", "TEXT SEARCH PARSER", "CONVERSION", "DOMAIN", "TYPE", "COLLATION",
		"SERVER", "FOREIGN DATA WRAPPER", "ACCESS METHOD", "PROCEDURAL LANGUAGE",
	}
	return 100 * (slices.Index(order, kind) + 1)
}

// clearedSchema is one that is dropped itself when it is empty.
type clearedSchema struct {
	OID  uint32
	Name string
}

// schemas are those of the target that go as a whole: the role's own, without
// any member of an extension. public stays, since no archive makes it.
func (c *clearing) schemas(ctx context.Context, conn *pgx.Conn) ([]clearedSchema, error) {
	all, err := survey.List(ctx, conn, pgx.RowToStructByPos[clearedSchema], `
		SELECT n.oid, n.nspname::text FROM pg_catalog.pg_namespace n
		WHERE NOT `+survey.Foreigners+` AND n.nspname <> 'public' AND pg_catalog.pg_has_role(n.nspowner, 'USAGE')
			AND `+survey.NotOfExtension("pg_namespace", "n.oid")+`
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension x WHERE x.extnamespace = n.oid)
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i JOIN pg_catalog.pg_depend m ON m.classid = i.classid AND m.objid = i.objid
				WHERE i.refclassid = 'pg_catalog.pg_namespace'::regclass AND i.refobjid = n.oid AND m.deptype = 'e')
		ORDER BY 2`)
	return slices.DeleteFunc(all, func(n clearedSchema) bool { return !c.whole(n.Name) }), err
}

// unlink removes large objects of the same oids.
func (c *clearing) unlink(ctx context.Context, conn *pgx.Conn) error {
	both, err := survey.List(ctx, conn, pgx.RowTo[uint32],
		`SELECT oid FROM pg_catalog.pg_largeobject_metadata WHERE oid = ANY($1::oid[]) ORDER BY oid`, c.source.Blobs)
	for part := range slices.Chunk(both, 5*clearedAtOnce) {
		var oids []string
		for _, oid := range part {
			oids = append(oids, fmt.Sprint(oid))
		}
		c.add("DROP LARGE OBJECT", catalog.Name{Object: oids[0]}, nil,
			"SELECT pg_catalog.lo_unlink(o) FROM pg_catalog.unnest('{"+strings.Join(oids, ",")+"}'::oid[]) o")
	}
	return err
}
