package postgres

import (
	"context"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/dump"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

var _ connector.Definer = (*Endpoint)(nil)

// Definitions has pg_dump write the whole database's definitions and returns
// those that the selection needs: its tables with all that is said about them,
// what else matches the patterns, and what these depend on. What is made from
// something left out is left out too and added to db.LeftOut, what is needed
// without being selected is added to db.Others; where a selected
// table cannot be made or would lose a rule of its own, the fault has kind
// config and code selection.torn. db is Inspect's of the same selection. Each
// transaction that sends definitions begins with dump.Preamble.
func (e *Endpoint) Definitions(ctx context.Context, snapshot string, sel catalog.Selection, db *catalog.Database) ([]catalog.Definition, error) {
	var all []catalog.Definition
	err := e.reading(ctx, snapshot, func(s *session) error {
		if snapshot == "" {
			var err error
			if snapshot, err = one(ctx, s, pgx.RowTo[string], `SELECT pg_catalog.pg_export_snapshot()`); err != nil {
				return err
			}
		}
		entries, err := e.dump(ctx, snapshot, db.Number/10000)
		if err != nil {
			return err
		}
		known, err := readObjects(ctx, s)
		if err != nil {
			return err
		}
		p := newPicker(sel, db, entries, known)
		if err := p.quiet(ctx, s); err != nil {
			return err
		}
		all, err = p.pick()
		return err
	})
	return all, fault.Wrap(err, "read the definitions of %s", e.name)
}

// dump has the entries written at a snapshot.
func (e *Endpoint) dump(ctx context.Context, snapshot string, major int) ([]dump.Entry, error) {
	programs, err := dump.Find(ctx, major)
	if err != nil {
		return nil, err
	}
	c, err := e.Config(ctx)
	if err != nil {
		return nil, err
	}
	return dump.Read(ctx, dump.Request{
		Programs: programs, Snapshot: snapshot, Label: e.label(ctx),
		Login: dump.Login{
			Host: c.Host, Port: c.Port, User: c.User, Password: c.Password, Database: c.Database,
			SSLMode: c.SSLMode, CA: c.CA, Cert: c.Cert, Key: c.Key, Options: c.Options,
		},
	})
}

// schemaSQL makes a schema only where there is none: unlike IF NOT EXISTS this
// needs no right on the database when it exists.
func schemaSQL(name, sql string) string {
	for _, ident := range []string{name, catalog.Quote(name)} {
		if rest, ok := strings.CutPrefix(sql, "CREATE SCHEMA "+ident+";"); ok {
			body := "BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = " + literal(name) +
				") THEN CREATE SCHEMA " + catalog.Quote(name) + "; END IF; END"
			return "DO " + literal(body) + ";" + rest
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
