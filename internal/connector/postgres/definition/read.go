package definition

import (
	"context"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/dump"
	"godwit/internal/connector/postgres/survey"

	"github.com/jackc/pgx/v5"
)

// Read has the definitions of the database written by pg_dump and returns
// those that the selection needs: its tables with all that is said about them,
// what else matches the patterns, and what these depend on. conn is inside a
// transaction at r's snapshot; without one its own is exported. What is made
// from something left out is left out too and added to db.LeftOut, what is
// needed without being selected is added to db.Others; where a selected table
// cannot be made or would lose a rule of its own, the fault has kind config
// and code selection.torn.
func Read(ctx context.Context, conn *pgx.Conn, r dump.Request, sel catalog.Selection, db *catalog.Database) ([]catalog.Definition, error) {
	var err error
	if r.Snapshot == "" {
		if r.Snapshot, err = survey.One(ctx, conn, pgx.RowTo[string], `SELECT pg_catalog.pg_export_snapshot()`); err != nil {
			return nil, err
		}
	}
	if r.Programs, err = dump.Find(ctx, db.Number/10000); err != nil {
		return nil, err
	}
	entries, err := dump.Read(ctx, r)
	if err != nil {
		return nil, err
	}
	objects, err := survey.Objects(ctx, conn)
	if err != nil {
		return nil, err
	}
	p := newPicker(sel, db, entries, objects)
	if err := p.quiet(ctx, conn); err != nil {
		return nil, err
	}
	return p.pick()
}

// schemaSQL makes a schema only where there is none: unlike IF NOT EXISTS this
// needs no right on the database when it exists.
func schemaSQL(name, sql string) string {
	for _, ident := range []string{name, catalog.Quote(name)} {
		if rest, ok := strings.CutPrefix(sql, "CREATE SCHEMA "+ident+";"); ok {
			body := "BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = " + survey.Literal(name) +
				") THEN CREATE SCHEMA " + catalog.Quote(name) + "; END IF; END"
			return "DO " + survey.Literal(body) + ";" + rest
		}
	}
	return sql
}

// definition is an entry as the catalogue's word; After and ID are of the set.
func (n *node) definition(id map[int]int, tables map[uint32]catalog.Name) catalog.Definition {
	d := catalog.Definition{
		ID: id[n.ID], Section: catalog.Before, Kind: n.Desc, Name: n.name, Owner: n.Owner, SQL: n.SQL,
	}
	if n.Section == dump.PostData {
		d.Section = catalog.After
	}
	switch n.Desc {
	case "SCHEMA":
		d.SQL = schemaSQL(n.name.Object, n.SQL)
	case "BLOB": // the content may have come before
		d.SQL = strings.Replace(n.SQL, "');", "') WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata WHERE oid = "+n.Tag+");", 1)
	}
	for _, t := range n.tables {
		d.Tables = append(d.Tables, tables[t])
	}
	for _, need := range n.Depends {
		if i := id[need]; i > 0 {
			d.After = append(d.After, i)
		}
	}
	slices.Sort(d.After)
	return d
}
