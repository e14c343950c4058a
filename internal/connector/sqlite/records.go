package sqlite

import (
	"context"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/keyset"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/sqltext"
)

var grammar = keyset.Grammar{Grammar: sqltext.Grammar{Backtick: true, Brackets: true}, Numbered: true}

// TableKey is the keyset.Server's.
func (s *session) TableKey(ctx context.Context, q connector.Query) ([]string, error) {
	columns, err := s.columns(ctx, q.Table)
	return keyOf(columns), err
}

// Prepare is the keyset.Server's.
func (s *session) Prepare(ctx context.Context, q connector.Query) (keyset.Query, func(int, any) any, error) {
	p, err := s.prepare(ctx, q)
	return p, func(slot int, v any) any { return value(p.Schema.Fields[slot].Type, v) }, err
}

// prepare has SQLite look at a query and learns its fields.
func (s *session) prepare(ctx context.Context, q connector.Query) (keyset.Query, error) {
	p, err := keyset.Text(q, grammar, catalog.Quote, argument)
	if err != nil {
		return p, err
	}
	filled := map[string]bool{}
	if q.SQL == "" {
		columns, err := s.columns(ctx, q.Table)
		if err != nil {
			return p, err
		}
		for _, c := range columns {
			filled[c.name] = c.filled
		}
	}
	if p.Schema, err = s.fields(ctx, p, filled); err != nil {
		return p, err
	}
	refs := make([]string, len(p.Schema.Fields))
	for i, f := range p.Schema.Fields {
		// A sign takes the declared type away, by which the driver would read texts.
		refs[i] = "+" + keyset.Ref(q, f.Name, catalog.Quote)
	}
	p.Select = strings.Join(refs, ", ")
	column := func(slot int, name string) keyset.Column {
		t := p.Schema.Fields[slot].Type
		return keyset.Column{Slot: slot, Ref: keyset.Ref(q, name, catalog.Quote), Mark: "?", Arg: argument,
			Back: func(v any) (any, int, error) { return value(t, v), 0, nil }}
	}
	if p.Key, err = keyset.Keys(p.Schema, q.Key, column); err != nil {
		return p, err
	}
	return p, p.Begin(q, column)
}

func (s *session) fields(ctx context.Context, p keyset.Query, filled map[string]bool) (*record.Schema, error) {
	where := " WHERE false"
	if p.Where != "" {
		where = " WHERE " + p.Where + " AND false"
	}
	r, err := s.conn.QueryContext(ctx, "SELECT * "+p.From+where, p.Args...)
	if err != nil {
		return nil, s.kinds.translate(ctx, err)
	}
	defer r.Close()
	types, err := r.ColumnTypes()
	if err != nil {
		return nil, s.kinds.translate(ctx, err)
	}
	schema := &record.Schema{}
	for _, t := range types {
		name := t.Name()
		// SQLite tells columns of one name apart by itself: a and a:1.
		if first, _, twice := cutLast(name, ':'); twice && schema.Index(first) >= 0 {
			return nil, fault.New(fault.Config, "query.invalid", "two columns of the query have the name %q", first).
				Hint("name one of them otherwise: AS other_name")
		}
		schema.Fields = append(schema.Fields, record.Field{Name: name, Type: typeOf(t.DatabaseTypeName()), Null: !filled[name]})
	}
	return schema, nil
}

func cutLast(s string, c byte) (before, after string, found bool) {
	if i := strings.LastIndexByte(s, c); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}
