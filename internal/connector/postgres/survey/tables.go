package survey

import (
	"context"
	"fmt"
	"strings"

	"godwit/internal/catalog"

	"github.com/jackc/pgx/v5"
)

// Table is a relation that is looked at, and what decides about it.
type Table struct {
	catalog.Table
	extension string // that configured its rows to be dumped
}

// Tables reads everything that has columns of its own and is no view,
// whatever the selection: tables by schema and name.
func Tables(ctx context.Context, conn *pgx.Conn) ([]Table, error) {
	tables, err := List(ctx, conn, scanTable, `
		SELECT n.nspname::text, c.relname::text, c.oid, c.relkind::text, c.relfilenode,
			c.relpersistence = 'u', NOT c.relispopulated, coalesce(pg_catalog.pg_relation_size(c.oid), 0),
			coalesce(pg_catalog.pg_table_size(c.oid), 0),
			CASE WHEN c.reltuples < 0 OR c.reltuples = 0 AND c.relpages = 0 THEN -1 ELSE c.reltuples::bigint END,
			pg_catalog.pg_get_userbyid(c.relowner)::text,
			coalesce((SELECT x.extname::text FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
				WHERE d.deptype = 'e' AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
				AND d.refclassid = 'pg_catalog.pg_extension'::regclass LIMIT 1), '')
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'f', 'm') AND c.relpersistence <> 't' AND NOT `+Foreigners+`
		ORDER BY 1, 2`)
	if err != nil {
		return nil, err
	}
	at := make(map[uint32]*Table, len(tables))
	for i := range tables {
		at[tables[i].OID] = &tables[i]
	}
	for _, read := range []func(context.Context, *pgx.Conn, map[uint32]*Table) error{readColumns, readKeys, readParents, readRests} {
		if err := read(ctx, conn, at); err != nil {
			return nil, err
		}
	}
	return tables, nil
}

var kinds = map[string]string{
	"r": catalog.Plain, "p": catalog.Partitioned, "f": catalog.Foreign, "m": catalog.MatView, "v": catalog.View,
}

func scanTable(row pgx.CollectableRow) (Table, error) {
	var t Table
	var kind string
	var bytes int64
	err := row.Scan(&t.Name.Schema, &t.Name.Object, &t.OID, &kind, &t.FileNode, &t.Unlogged, &t.Unfilled, &bytes, &t.Bytes, &t.Rows, &t.Owner, &t.extension)
	t.Kind, t.Blocks = kinds[kind], bytes/blockBytes
	return t, err
}

// blockBytes is the page's size of every server that is built as published.
const blockBytes = 8192

func readColumns(ctx context.Context, conn *pgx.Conn, tables map[uint32]*Table) error {
	version, err := number(ctx, conn)
	if err != nil {
		return err
	}
	generated := "a.attgenerated <> ''"
	if version < 120000 {
		generated = "false"
	}
	type column struct {
		Table uint32
		catalog.Column
	}
	rows, err := List(ctx, conn, func(row pgx.CollectableRow) (column, error) {
		var c column
		err := row.Scan(&c.Table, &c.Name, &c.Type, &c.TypeOID, &c.Base, &c.Enum, &c.NotNull, &c.Generated, &c.Default, &c.Identity, &c.Collation)
		return c, err
	}, `
		SELECT a.attrelid, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid, t.typbasetype, t.typtype = 'e', a.attnotnull,
			`+generated+`, a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL, a.attidentity = 'a',
			CASE WHEN a.attcollation <> t.typcollation THEN
				(SELECT pg_catalog.quote_ident(l.collname) FROM pg_catalog.pg_collation l WHERE l.oid = a.attcollation) ELSE '' END
		FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
			JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
		WHERE c.relkind IN ('r', 'p', 'f', 'm') AND c.relpersistence <> 't' AND NOT `+Foreigners+`
			AND a.attnum > 0 AND NOT a.attisdropped
		ORDER BY a.attrelid, a.attnum`)
	for _, c := range rows {
		if t := tables[c.Table]; t != nil {
			t.Columns = append(t.Columns, c.Column)
		}
	}
	return err
}

// readKeys takes the primary key, else a unique index that says the same: over
// NOT NULL columns, all rows, checked at once. The order makes both sides
// choose the same one.
func readKeys(ctx context.Context, conn *pgx.Conn, tables map[uint32]*Table) error {
	type key struct {
		Table   uint32
		Columns []string
	}
	rows, err := List(ctx, conn, pgx.RowToStructByPos[key], `
		SELECT DISTINCT ON (i.indrelid) i.indrelid, k.columns
		FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
		CROSS JOIN LATERAL (
			SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.n) AS columns, pg_catalog.count(a.attname) AS columns_found
			FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY u(attnum, n)
			LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum AND a.attnotnull AND a.attnum > 0
			WHERE u.n <= i.indnkeyatts) k
		WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND k.columns_found = i.indnkeyatts
		ORDER BY i.indrelid, i.indisprimary DESC, i.indimmediate DESC, i.indnkeyatts, x.relname`)
	for _, k := range rows {
		if t := tables[k.Table]; t != nil {
			t.Key = k.Columns
		}
	}
	return err
}

func readParents(ctx context.Context, conn *pgx.Conn, tables map[uint32]*Table) error {
	type link struct {
		Child, Parent uint32
		Partition     bool
	}
	rows, err := List(ctx, conn, pgx.RowToStructByPos[link], `
		SELECT i.inhrelid, i.inhparent, c.relispartition
		FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
		WHERE c.relkind IN ('r', 'p', 'f') ORDER BY i.inhrelid, i.inhseqno`)
	for _, l := range rows {
		child, parent := tables[l.Child], tables[l.Parent]
		if child == nil || parent == nil {
			continue
		}
		if l.Partition {
			child.Parent = &parent.Name
		} else {
			child.Inherits = append(child.Inherits, parent.Name)
		}
	}
	return err
}

// readRests finds materialised views whose queries read others, also through
// plain views.
func readRests(ctx context.Context, conn *pgx.Conn, tables map[uint32]*Table) error {
	views := map[catalog.Name]*Table{}
	for _, t := range tables {
		if t.Kind == catalog.MatView {
			views[t.Name] = t
		}
	}
	if len(views) < 2 {
		return nil
	}
	uses, err := readViewUses(ctx, conn)
	rests := map[catalog.Name]bool{} // on a materialised view
	for changed := true; changed; {
		changed = false
		for _, u := range uses {
			if !rests[u.view] && (views[u.used] != nil || rests[u.used]) {
				rests[u.view], changed = true, true
			}
		}
	}
	for name, t := range views {
		t.Rests = rests[name]
	}
	return err
}

// leftOut says which tables and views are not selected: by the patterns, as
// an extension's, or because what they are made from is left out.
func leftOut(ctx context.Context, conn *pgx.Conn, sel catalog.Selection, tables []Table) (map[catalog.Name]bool, error) {
	out := map[catalog.Name]bool{}
	parent := map[catalog.Name]*catalog.Name{}
	for _, t := range tables {
		parent[t.Name] = t.Parent
	}
	for _, t := range tables {
		if t.extension != "" || !taken(sel, t.Name, parent) {
			out[t.Name] = true
		}
	}
	if len(out) == 0 {
		return out, nil
	}
	uses, err := readViewUses(ctx, conn)
	if err != nil {
		return nil, err
	}
	extension := map[catalog.Name]bool{} // their tables are there, only not ours to copy
	for _, t := range tables {
		extension[t.Name] = t.extension != ""
	}
	for changed := true; changed; {
		changed = false
		for _, u := range uses {
			if out[u.used] && !extension[u.used] && !out[u.view] {
				out[u.view], changed = true, true
			}
		}
	}
	return out, torn(tables, out)
}

// taken reports whether the patterns take a table: by its own name, or as a
// partition of a root that they take, which holds no rows itself. One that is
// excluded is not.
func taken(sel catalog.Selection, name catalog.Name, parent map[catalog.Name]*catalog.Name) bool {
	if sel.Excludes(name) {
		return false
	}
	return sel.Match(name) || parent[name] != nil && taken(sel, *parent[name], parent)
}

// torn refuses a child whose inheritance parent is left out: it cannot be made.
func torn(tables []Table, out map[catalog.Name]bool) error {
	var texts []string
	for _, t := range tables {
		for _, p := range t.Inherits {
			if !out[t.Name] && out[p] {
				texts = append(texts, fmt.Sprintf("%s inherits from %s", t.Name, p))
			}
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return Torn(strings.Join(texts, "; "))
}
