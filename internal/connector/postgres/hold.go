package postgres

import (
	"context"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// hold locks the chunk's table against changes of its definition and proves
// that it is the one that was looked at before the snapshot: TRUNCATE and
// rewrites do not respect snapshots, and chunks of pages mean one file.
func (r *reader) hold(ctx context.Context, c catalog.Chunk) error {
	if r.held[c.Table] {
		return nil
	}
	// Not LOCK TABLE: a materialised view can be read and not be locked.
	err := r.s.exec(ctx, "SELECT FROM ONLY "+c.Table.SQL()+" LIMIT 0")
	if state := sqlstate.Of(err); state == "42P01" || state == "3F000" {
		return changed(c).With("now", "the table is gone")
	}
	if err != nil {
		return err
	}
	// Asked of another session: this one's queries see the catalogue of the
	// snapshot. The lock keeps the answer true.
	var now []attribute
	err = r.sn.e.glance(ctx, func(s *session) error {
		var err error
		now, err = list(ctx, s, pgx.RowToStructByPos[attribute], attributesSQL, c.Table.Schema, c.Table.Object)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.compare(ctx, c, now); err != nil {
		return err
	}
	if r.held == nil {
		r.held = map[catalog.Name]bool{}
	}
	r.held[c.Table] = true
	return nil
}

// attribute is one column, with the file node of its table; a table without
// columns has one row without a name.
type attribute struct {
	FileNode int64
	Name     *string
	Type     *string
}

const attributesSQL = `
	SELECT coalesce(pg_relation_filenode(c.oid), 0)::int8, a.attname::text, format_type(a.atttypid, a.atttypmod)
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE n.nspname = $1 AND c.relname = $2
	ORDER BY a.attnum`

func (r *reader) compare(ctx context.Context, c catalog.Chunk, now []attribute) error {
	switch {
	case len(now) == 0:
		return changed(c).With("now", "the table is gone")
	case c.Shape != "" && catalog.Shape(columns(now)) != c.Shape:
		before, err := list(ctx, r.s, pgx.RowToStructByPos[attribute], attributesSQL, c.Table.Schema, c.Table.Object)
		if err != nil {
			return err
		}
		return changed(c).With("columns", "%s", difference(columns(before), columns(now)))
	case c.FileNode != 0 && now[0].FileNode != int64(c.FileNode):
		return changed(c).With("now", "it was truncated or rewritten (file node %d -> %d)", c.FileNode, now[0].FileNode)
	}
	return nil
}

func columns(attributes []attribute) []catalog.Column {
	var all []catalog.Column
	for _, a := range attributes {
		if a.Name != nil && a.Type != nil {
			all = append(all, catalog.Column{Name: *a.Name, Type: *a.Type})
		}
	}
	return all
}

func changed(c catalog.Chunk) *fault.Error {
	return fault.New(fault.Data, "source.changed", "table %s was changed after the snapshot", c.Table).
		With("table", "%s", c.Table).
		Hint("keep definitions still and TRUNCATE away while the copy runs, then start it again")
}

// difference names the columns that are not the same on both sides.
func difference(before, now []catalog.Column) string {
	text := func(all []catalog.Column) []string {
		var s []string
		for _, c := range all {
			s = append(s, c.Name+" "+c.Type)
		}
		return s
	}
	old, fresh := text(before), text(now)
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
		return strings.Join(old, ", ") + " -> " + strings.Join(fresh, ", ")
	}
	return strings.Join(parts, ", ")
}
