package sqlite

import (
	"context"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/keyset"
	"godwit/internal/fault"
	"godwit/internal/record"
)

var grammar = keyset.Grammar{Brackets: true, Numbered: true}

// Describe is the connector.RecordSource's.
func (e *Endpoint) Describe(ctx context.Context, q connector.Query) (*record.Schema, error) {
	s, err := e.begin(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "look at %s of %s", what(q), e.name)
	}
	defer s.end()
	p, err := s.prepare(ctx, q)
	if err != nil {
		return nil, fault.Wrap(err, "look at %s of %s", what(q), e.name)
	}
	return p.Schema, nil
}

// Key is the connector.RecordSource's.
func (e *Endpoint) Key(ctx context.Context, q connector.Query) ([]string, error) {
	if q.SQL != "" {
		return nil, nil
	}
	s, err := e.begin(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "look at %s of %s", what(q), e.name)
	}
	defer s.end()
	columns, err := s.columns(ctx, q.Table)
	return keyOf(columns), fault.Wrap(err, "look at %s of %s", what(q), e.name)
}

// Split is the connector.RecordSource's. One range: two transactions do not
// begin at the same point in time.
func (e *Endpoint) Split(_ context.Context, q connector.Query, _ int) ([]connector.Query, error) {
	return []connector.Query{q}, nil
}

// ReadRecords is the connector.RecordSource's, as of now.
func (e *Endpoint) ReadRecords(ctx context.Context, q connector.Query, _ string) (connector.RecordReader, error) {
	s, err := e.begin(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "read %s of %s", what(q), e.name)
	}
	p, err := s.prepare(ctx, q)
	var r *keyset.Reader
	if err == nil {
		r, err = keyset.Open(recordsOf{s, p.Schema}, p, q)
	}
	if err != nil {
		s.end()
		return nil, fault.Wrap(err, "read %s of %s", what(q), e.name)
	}
	return &reader{Reader: r, s: s, what: what(q) + " of " + e.name}, nil
}

type reader struct {
	*keyset.Reader
	s      *session
	what   string
	broken bool
	closed bool
}

// Next is the connector.RecordReader's.
func (r *reader) Next(ctx context.Context) (*record.Page, error) {
	if r.closed || r.broken {
		return nil, fault.New(fault.Internal, "session.broken", "the reader of %s had an error before, or is closed", r.what)
	}
	p, err := r.Reader.Next(ctx)
	if unlessEnd(err) != nil {
		r.broken = true
		return nil, fault.Wrap(err, "read %s", r.what)
	}
	return p, err
}

// Close is the connector.RecordReader's.
func (r *reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	err := r.Reader.Close()
	r.s.end()
	return err
}

func what(q connector.Query) string {
	if q.SQL != "" {
		return "a query"
	}
	return q.Table.String()
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
		return nil, translate(ctx, err)
	}
	defer r.Close()
	types, err := r.ColumnTypes()
	if err != nil {
		return nil, translate(ctx, err)
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
