package postgres

import (
	"context"
	"errors"
	"io"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres/cursor"
	"godwit/internal/connector/postgres/ranges"
	"godwit/internal/connector/postgres/records"
	"godwit/internal/connector/postgres/relations"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
)

// Describe is the connector.RecordSource's.
func (e *Endpoint) Describe(ctx context.Context, q connector.Query) (schema *record.Schema, err error) {
	err = e.asking(ctx, q, func(s *session) error {
		schema, err = cursor.Describe(ctx, s.conn, q)
		return err
	})
	return schema, fault.Wrap(err, "look at %s of %s", what(q), e.name)
}

// Key is the connector.RecordSource's.
func (e *Endpoint) Key(ctx context.Context, q connector.Query) (key []string, err error) {
	err = e.asking(ctx, q, func(s *session) error {
		key, err = records.Key(ctx, s.conn, q)
		return err
	})
	return key, fault.Wrap(err, "look at %s of %s", what(q), e.name)
}

// Split is the connector.RecordSource's.
func (e *Endpoint) Split(ctx context.Context, q connector.Query, n int) (all []connector.Query, err error) {
	err = e.asking(ctx, q, func(s *session) error {
		all, err = ranges.Split(ctx, s.conn, q, n)
		return err
	})
	return all, fault.Wrap(err, "cut %s of %s into ranges", what(q), e.name)
}

// asking runs f in a read-only transaction of its own.
func (e *Endpoint) asking(ctx context.Context, q connector.Query, f func(*session) error) error {
	s, err := e.session(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	err = s.exec(ctx, beginReading)
	if err == nil && (q.Table.Schema == "" || q.Where != "") {
		err = s.fault(ctx, relations.AsRole(ctx, s.conn))
	}
	if err != nil {
		s.broken = true // a transaction is open
		return err
	}
	if err := f(s); err != nil {
		return s.fault(ctx, err)
	}
	return s.exec(ctx, "ROLLBACK")
}

func what(q connector.Query) string {
	if q.SQL != "" {
		return "a query"
	}
	return q.Table.String()
}

// ReadRecords is the connector.RecordSource's: at a snapshot it is a session
// like any other reader of it, else a transaction of its own.
func (e *Endpoint) ReadRecords(ctx context.Context, q connector.Query, snapshot string) (connector.RecordReader, error) {
	r, err := e.readRecords(ctx, q, snapshot)
	if err != nil {
		return nil, fault.Wrap(err, "read %s of %s", what(q), e.name)
	}
	return connector.AtPace(r, e.Pace()), nil
}

func (e *Endpoint) readRecords(ctx context.Context, q connector.Query, snapshot string) (*recordReader, error) {
	r := &recordReader{what: what(q), e: e}
	if err := r.begin(ctx, snapshot); err != nil {
		return nil, err
	}
	r.s.touched = true // a query may run functions of others
	var err error
	if q.Table.Schema == "" || q.Where != "" {
		err = r.s.fault(ctx, relations.AsRole(ctx, r.s.conn))
	}
	if err == nil {
		glance := func(ctx context.Context, look func(*pgx.Conn) error) error {
			return e.glance(ctx, func(s *session) error { return s.fault(ctx, look(s.conn)) })
		}
		if r.cursor, err = cursor.Open(ctx, r.s.conn, q, glance); err != nil {
			err = r.s.fault(ctx, err)
		}
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// recordReader is a session inside a transaction with a cursor.
type recordReader struct {
	what   string
	e      *Endpoint
	s      *session
	at     connector.Reader // of the snapshot, nil without
	point  string           // that it reads at, "" = its own
	cursor *cursor.Cursor
	closed bool
}

func (r *recordReader) begin(ctx context.Context, snapshot string) error {
	if snapshot == "" {
		s, err := r.e.session(ctx)
		if err != nil {
			return err
		}
		if err := s.exec(ctx, beginReading); err != nil {
			s.close()
			return err
		}
		r.s = s
		return nil
	}
	sn, err := r.e.OpenSnapshot(ctx, snapshot)
	if err != nil {
		return err
	}
	at, err := sn.Read(ctx)
	if err != nil {
		return err
	}
	r.at, r.point = at, sn.ID()
	if own, ok := at.(*reader); ok {
		r.s = own.s
	}
	return nil
}

// Schema is the connector.RecordReader's.
func (r *recordReader) Schema() *record.Schema { return r.cursor.Schema() }

// At is the connector.PointInTime's.
func (r *recordReader) At() string { return r.point }

// LeaveJSON is the connector.Unread's: see cursor.Cursor.
func (r *recordReader) LeaveJSON() { r.cursor.LeaveJSON() }

// Over reports whether nothing more comes.
func (r *recordReader) Over() bool { return r.cursor.Over() }

// Count is the connector.RecordReader's: see cursor.Cursor.
func (r *recordReader) Count() int64 { return r.cursor.Count() }

// Next is the connector.RecordReader's.
func (r *recordReader) Next(ctx context.Context) (*record.Page, error) {
	if r.closed || r.s.broken {
		return nil, fault.New(fault.Internal, "session.broken", "the reader of %s had an error before, or is closed", r.what)
	}
	page, err := r.cursor.Next(ctx)
	if err == nil || errors.Is(err, io.EOF) {
		return page, err
	}
	return nil, fault.Wrap(r.s.fault(ctx, err), "read %s of %s", r.what, r.e.name)
}

// Close is the connector.RecordReader's.
func (r *recordReader) Close() error {
	if r.closed || r.s == nil {
		return nil
	}
	r.closed = true
	if r.cursor != nil && r.cursor.Midway() {
		r.s.broken = true // the rest of the answer is not read
		r.s.cancel()
	}
	if r.at != nil {
		return r.at.Close()
	}
	if !r.s.broken {
		r.s.rollback()
	}
	r.s.close()
	return nil
}

var _ connector.RecordSource = (*Endpoint)(nil)
