package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// note is what tells a table's rows of one time from those of another.
type note struct {
	OID        uint32
	Node       uint32 // 0 where rows are in partitions
	Attributes int16  // places of columns ever given: never one again
}

// notes reads those of all tables. Noted before a snapshot is taken, a node is
// never newer than what the snapshot sees: at worst a table that is emptied at
// that very moment is called changed.
func (s *session) notes(ctx context.Context) (map[catalog.Name]note, error) {
	type noted struct {
		Schema, Table string
		OID, Node     uint32
		Attributes    int16
	}
	all, err := list(ctx, s, pgx.RowToStructByPos[noted], `
		SELECT n.nspname::text, c.relname::text, c.oid, coalesce(pg_relation_filenode(c.oid), 0), c.relnatts
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND c.oid >= 16384
		AND (c.relkind = 'p' OR pg_relation_filenode(c.oid) IS NOT NULL)`)
	notes := make(map[catalog.Name]note, len(all))
	for _, n := range all {
		notes[catalog.Name{Schema: n.Schema, Object: n.Table}] = note{n.OID, n.Node, n.Attributes}
	}
	return notes, err
}

// fileNode is what a chunk's table must still have: that of the snapshot, which
// may be a later one than the chunk was planned at. 0 is not compared.
func (sn *snapshot) fileNode(c catalog.Chunk) uint32 {
	if n := sn.notes[c.Table]; n.Node != 0 && c.FileNode != 0 {
		return n.Node
	}
	return c.FileNode
}

// Hold locks the chunks' tables against changes of their definitions and proves
// that they have the columns they were planned with, and the file they had
// before the snapshot: TRUNCATE and rewrites do not respect snapshots, and
// chunks of pages mean one file. CopyOut
// does it for a table that is not held yet; for many tables at once it costs
// two round trips instead of three for each.
func (r *reader) Hold(ctx context.Context, chunks []catalog.Chunk) error {
	var fresh []catalog.Chunk
	var locks strings.Builder
	for _, c := range chunks {
		if r.held[c.Table] == 0 {
			fresh = append(fresh, c)
			// Not LOCK TABLE: a materialised view can be read and not be locked.
			locks.WriteString("SELECT FROM ONLY " + c.Table.SQL() + conditions(named(c.Table, r.sn.notes[c.Table].OID)) + " LIMIT 0;")
		}
	}
	if fresh == nil {
		return nil
	}
	if err := r.s.exec(ctx, locks.String()); err != nil && !missing(err) && !moved(err) {
		return err // which one it is is found below
	}
	// Asked of another session: this one's queries see the catalogue of the
	// snapshot. The locks keep the answer true.
	var now map[catalog.Name][]attribute
	err := r.sn.e.glance(ctx, func(s *session) (err error) {
		now, err = s.attributes(ctx, fresh)
		return err
	})
	if err != nil {
		return err
	}
	if r.held == nil {
		r.held = map[catalog.Name]uint32{}
	}
	for _, c := range fresh {
		if err := r.compare(ctx, c, now[c.Table]); err != nil {
			return err
		}
		if !r.s.broken {
			r.held[c.Table] = now[c.Table][0].OID
		}
	}
	if r.s.broken { // a table was missing, and has come back since
		return changed(fresh[0]).With("now", "it or one read with it was gone for a moment")
	}
	return nil
}

// attribute is one column, with what was noted of its table; a table without
// columns has one row without a name.
type attribute struct {
	Schema string
	Table  string
	note
	Name      *string
	Type      *string
	Generated bool
	Place     *int16
}

const attributesSQL = `
	SELECT n.nspname::text, c.relname::text, c.oid, coalesce(pg_relation_filenode(c.oid), 0), c.relnatts,
	       a.attname::text, format_type(a.atttypid, a.atttypmod), coalesce(a.attgenerated <> '', false), a.attnum
	FROM unnest($1::text[], $2::text[]) AS wanted (schema, name)
	JOIN pg_namespace n ON n.nspname = wanted.schema
	JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
	LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	ORDER BY c.oid, a.attnum`

// attributes reads the columns of the chunks' tables.
func (s *session) attributes(ctx context.Context, chunks []catalog.Chunk) (map[catalog.Name][]attribute, error) {
	var schemas, names []string
	for _, c := range chunks {
		schemas, names = append(schemas, c.Table.Schema), append(names, c.Table.Object)
	}
	all, err := list(ctx, s, pgx.RowToStructByPos[attribute], attributesSQL, schemas, names)
	if err != nil {
		return nil, err
	}
	by := map[catalog.Name][]attribute{}
	for _, a := range all {
		table := catalog.Name{Schema: a.Schema, Object: a.Table}
		by[table] = append(by[table], a)
	}
	return by, nil
}

func (r *reader) compare(ctx context.Context, c catalog.Chunk, now []attribute) error {
	noted := r.sn.notes[c.Table]
	switch node := r.sn.fileNode(c); {
	case len(now) == 0:
		return gone(c)
	case r.s.broken && (noted.OID == 0 || noted.OID == now[0].OID):
		return nil // another one is missing
	case !r.s.broken && c.Shape != "" && catalog.Shape(columns(now)) != c.Shape:
		before, err := r.s.attributes(ctx, []catalog.Chunk{c})
		if err != nil {
			return err
		}
		return redefined(c).With("columns", "%s", difference(c, columns(before[c.Table]), columns(now)))
	case node != 0 && now[0].Node != node:
		return changed(c).With("now", "it was truncated or rewritten (file node %d -> %d)", node, now[0].Node)
	case noted.OID != 0 && now[0].OID != noted.OID:
		return other(c)
	case noted.OID != 0 && now[0].Attributes != noted.Attributes:
		return r.remade(ctx, c, now)
	}
	return nil
}

// remade refuses a table of which a column was dropped and added again: what
// the snapshot's rows hold of it cannot be read any more. A column that came
// and went is nothing.
func (r *reader) remade(ctx context.Context, c catalog.Chunk, now []attribute) error {
	before, err := r.s.attributes(ctx, []catalog.Chunk{c})
	if err != nil {
		return err
	}
	places := map[string]int16{}
	for _, a := range before[c.Table] {
		if a.Name != nil {
			places[*a.Name] = *a.Place
		}
	}
	var names []string
	for _, a := range now {
		if a.Name != nil && places[*a.Name] != *a.Place {
			names = append(names, *a.Name)
		}
	}
	if names == nil {
		return nil
	}
	return changed(c).With("now", "columns were dropped and added again: %s", strings.Join(names, ", "))
}

// named is a condition that is true as long as a name stands for this table.
// It costs nothing: both are known when the statement is planned, which fails
// otherwise. Renaming a schema waits for no lock on what is in it.
func named(table catalog.Name, oid uint32) string {
	if oid == 0 {
		return ""
	}
	return fmt.Sprintf("CASE WHEN %s::regclass::oid = %d THEN true ELSE '%s'::text::int4 = 0 END", literal(table.SQL()), oid, otherTable)
}

const otherTable = "godwit: another table has this name"

// moved tells the failure of named.
func moved(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "22P02" && strings.Contains(e.Message, otherTable)
}

// still is the fault of a held table whose name has gone since, or is another
// one's; any other error stays.
func still(err error, c catalog.Chunk) error {
	switch {
	case moved(err):
		return other(c)
	case missing(err):
		return gone(c)
	}
	return err
}

func columns(attributes []attribute) []catalog.Column {
	var all []catalog.Column
	for _, a := range attributes {
		if a.Name != nil && a.Type != nil {
			all = append(all, catalog.Column{Name: *a.Name, Type: *a.Type, Generated: a.Generated})
		}
	}
	return all
}

// changed is a table whose rows are other ones than the snapshot's.
func changed(c catalog.Chunk) *fault.Error {
	return fault.New(fault.Data, "source.changed", "table %s was changed after the snapshot", c.Table).
		With("table", "%s", c.Table).
		Hint("keep TRUNCATE and changed definitions away while the copy runs, then go on with it: what was reloaded is read at a new snapshot")
}

// other is a table of whose name another one has taken possession.
func other(c catalog.Chunk) *fault.Error {
	return changed(c).With("now", "another table has its name: it, or its schema, was renamed")
}

func gone(c catalog.Chunk) *fault.Error { return redefined(c).With("now", "the table is gone") }

// redefined is a table whose columns are not those that the copy was planned
// with: no later snapshot has them again.
func redefined(c catalog.Chunk) *fault.Error {
	return fault.New(fault.Data, "source.redefined", "table %s has another definition than when its copy was planned", c.Table).
		With("table", "%s", c.Table)
}

// difference names the columns that are not as the chunk was planned with. When
// the snapshot is an earlier one than the change it knows their types; else the
// names are known of what was copied.
func difference(c catalog.Chunk, before, now []catalog.Column) string {
	text := func(all []catalog.Column) []string {
		var s []string
		for _, c := range all {
			s = append(s, c.Name+" "+c.Type)
		}
		return s
	}
	old, fresh := text(before), text(now)
	if catalog.Shape(before) != c.Shape {
		old, fresh = c.Columns, catalog.Table{Columns: now}.Copied()
	}
	var parts []string
	for _, c := range old {
		if !slices.Contains(fresh, c) {
			parts = append(parts, "- "+c)
		}
	}
	for _, c := range fresh {
		if !slices.Contains(old, c) {
			parts = append(parts, "+ "+c)
		}
	}
	if parts == nil {
		return "types, order or generated columns are others than before; they are now " + strings.Join(text(now), ", ")
	}
	return strings.Join(parts, ", ")
}
