package keyset

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// Source is the connector.RecordSource of a system whose sessions read in the
// order of a key. Its methods are safe for concurrent use if Begin is.
type Source struct {
	connector.OwnPace
	Name  string // of the connection, for errors
	Begin func(context.Context) (Server, error)
}

// Server is a session inside one read transaction, with what a system knows of
// its own language.
type Server interface {
	Session
	// Prepare has the server look at a query. Value makes a record's value of what
	// the driver gives in a slot.
	Prepare(ctx context.Context, q connector.Query) (p Query, value func(slot int, given any) any, err error)
	// TableKey gives the columns of a table's key.
	TableKey(ctx context.Context, q connector.Query) ([]string, error)
	// End gives the session back.
	End()
}

// Describe is the connector.RecordSource's.
func (s *Source) Describe(ctx context.Context, q connector.Query) (schema *record.Schema, err error) {
	err = s.looking(ctx, func(server Server) error {
		p, _, err := server.Prepare(ctx, q)
		schema = p.Schema
		return err
	})
	return schema, fault.Wrap(err, "look at %s", s.what(q))
}

// Key is the connector.RecordSource's: a statement has none that is known.
func (s *Source) Key(ctx context.Context, q connector.Query) (key []string, err error) {
	if q.SQL != "" {
		return nil, nil
	}
	err = s.looking(ctx, func(server Server) error {
		key, err = server.TableKey(ctx, q)
		return err
	})
	return key, fault.Wrap(err, "look at %s", s.what(q))
}

// Split is the connector.RecordSource's. One range: two transactions do not begin
// at the same point in time.
func (*Source) Split(_ context.Context, q connector.Query, _ int) ([]connector.Query, error) {
	return []connector.Query{q}, nil
}

// ReadRecords is the connector.RecordSource's, as of now.
func (s *Source) ReadRecords(ctx context.Context, q connector.Query, _ string) (connector.RecordReader, error) {
	server, err := s.Begin(ctx)
	if err != nil {
		return nil, fault.Wrap(err, "read %s", s.what(q))
	}
	p, value, err := server.Prepare(ctx, q)
	var r *Reader
	if err == nil {
		r, err = Open(typed{server, value}, p, q)
	}
	if err != nil {
		server.End()
		return nil, fault.Wrap(err, "read %s", s.what(q))
	}
	return connector.AtPace(&reading{Reader: r, server: server, what: s.what(q)}, s.Pace()), nil
}

func (s *Source) looking(ctx context.Context, look func(Server) error) error {
	server, err := s.Begin(ctx)
	if err != nil {
		return err
	}
	defer server.End()
	return look(server)
}

func (s *Source) what(q connector.Query) string {
	if q.SQL != "" {
		return "a query of " + s.Name
	}
	return q.Table.String() + " of " + s.Name
}

// reading is a Reader with the session that it reads by. After an error it is of
// no more use.
type reading struct {
	*Reader
	server Server
	what   string
	broken bool
	closed bool
}

// Next is the connector.RecordReader's.
func (r *reading) Next(ctx context.Context) (*record.Page, error) {
	if r.closed || r.broken {
		return nil, fault.New(fault.Internal, "session.broken", "the reader of %s had an error before, or is closed", r.what)
	}
	p, err := r.Reader.Next(ctx)
	if UnlessEnd(err) != nil {
		r.broken = true
		return nil, fault.Wrap(err, "read %s", r.what)
	}
	return p, err
}

// Close is the connector.RecordReader's.
func (r *reading) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	err := r.Reader.Close()
	if r.broken {
		err = nil // it was told
	}
	r.server.End()
	return err
}

// typed gives rows as the records' values.
type typed struct {
	Server
	value func(slot int, given any) any
}

// Rows is the Session's.
func (s typed) Rows(ctx context.Context, sql string, args []any) (Rows, error) {
	r, err := s.Server.Rows(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	return typedRows{r, s.value}, nil
}

type typedRows struct {
	Rows
	value func(slot int, given any) any
}

// Next is the Rows'.
func (r typedRows) Next() ([]any, int, error) {
	slots, size, err := r.Rows.Next()
	for i := range slots {
		slots[i] = r.value(i, slots[i])
	}
	return slots, size, err
}
