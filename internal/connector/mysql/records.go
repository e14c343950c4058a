package mysql

import (
	"context"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/connector/keyset"
	"godwit/internal/record"
)

// TableKey is the keyset.Server's: of the primary key, else of the first unique
// index over whole columns that are never null.
func (s *session) TableKey(ctx context.Context, q connector.Query) ([]string, error) {
	r, err := s.Rows(ctx, `SELECT index_name, column_name, non_unique = 0 AND nullable <> 'YES' AND sub_part IS NULL
		FROM information_schema.statistics WHERE table_schema = coalesce(nullif(?, ''), database()) AND table_name = ?
		ORDER BY index_name <> 'PRIMARY', index_name, seq_in_index`, []any{q.Table.Schema, q.Table.Object})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var names []string
	index, good := "", false
	for {
		v, _, err := r.Next()
		if err != nil {
			if !good {
				names = nil
			}
			return names, keyset.UnlessEnd(err)
		}
		if text(v[0]) != index {
			if good {
				return names, nil
			}
			index, good, names = text(v[0]), true, nil
		}
		good = good && v[2] == int64(1)
		names = append(names, text(v[1]))
	}
}

// Prepare is the keyset.Server's.
func (s *session) Prepare(ctx context.Context, q connector.Query) (keyset.Query, func(int, any) any, error) {
	p, columns, err := s.prepare(ctx, q)
	return p, func(slot int, v any) any { return columns[slot].value(v) }, err
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// prepare has the server look at a query and learns its fields.
func (s *session) prepare(ctx context.Context, q connector.Query) (keyset.Query, []column, error) {
	p, err := keyset.Text(q, s.grammar, quote, argument)
	if err != nil {
		return p, nil, err
	}
	columns, err := s.fields(ctx, p)
	if err != nil {
		return p, nil, err
	}
	if q.SQL == "" {
		if err := s.declared(ctx, q, columns); err != nil {
			return p, nil, err
		}
	}
	p.Schema, p.Select = &record.Schema{}, "*"
	for _, c := range columns {
		p.Schema.Fields = append(p.Schema.Fields, record.Field{Name: c.name, Type: c.t, Null: !c.filled})
	}
	column := func(slot int, name string) keyset.Column {
		return columns[slot].key(slot, keyset.Ref(q, name, quote))
	}
	if p.Key, err = keyset.Keys(p.Schema, q.Key, column); err != nil {
		return p, columns, err
	}
	return p, columns, p.Begin(q, column)
}

func (s *session) fields(ctx context.Context, p keyset.Query) ([]column, error) {
	sql := "SELECT * " + p.From
	if p.Where != "" {
		sql += " WHERE " + p.Where
	}
	stmt, err := s.conn.PrepareContext(ctx, sql+" LIMIT 0")
	if err != nil {
		return nil, s.kinds.translate(ctx, err)
	}
	defer stmt.Close()
	r, err := stmt.QueryContext(ctx, p.Args...)
	if err != nil {
		return nil, s.kinds.translate(ctx, err)
	}
	defer r.Close()
	types, err := r.ColumnTypes()
	if err != nil {
		return nil, s.kinds.translate(ctx, err)
	}
	var list []column
	for _, t := range types {
		c := column{name: t.Name(), wire: t.DatabaseTypeName()}
		precision, scale, _ := t.DecimalSize()
		c.t = typeOf(c.wire, int(precision), int(scale))
		list = append(list, c)
	}
	return list, nil
}

// declared adds what only the catalogue knows of a table's columns.
func (s *session) declared(ctx context.Context, q connector.Query, columns []column) error {
	r, err := s.Rows(ctx, `SELECT column_name, column_type, is_nullable = 'NO', CAST(coalesce(character_maximum_length, 0) AS SIGNED) FROM information_schema.columns
		WHERE table_schema = coalesce(nullif(?, ''), database()) AND table_name = ?`, []any{q.Table.Schema, q.Table.Object})
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		v, _, err := r.Next()
		if err != nil {
			return keyset.UnlessEnd(err)
		}
		for i := range columns {
			if c := &columns[i]; c.name == text(v[0]) {
				c.declare(text(v[1]), v[2] == int64(1), v[3])
			}
		}
	}
}
