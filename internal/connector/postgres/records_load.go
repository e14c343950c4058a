package postgres

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/records"
	"godwit/internal/connector/postgres/relations"
	"godwit/internal/connector/postgres/staging"
	"godwit/internal/connector/postgres/witness"
	"godwit/internal/fault"
	"godwit/internal/rate"
	"godwit/internal/record"
)

// BeginRecords is the connector.RecordTarget's. Triggers run with the role's own search_path.
func (e *Endpoint) BeginRecords(ctx context.Context, marks []record.MarkKey) (connector.Transaction, connector.RecordLoad, error) {
	l, err := e.beginLoad(ctx, marks, func(context.Context, *session) (bool, error) { return false, nil })
	if err != nil {
		return nil, nil, err
	}
	l.s.touched = true // triggers are others' code
	if err = relations.LikeAll(ctx, l.s.conn); err == nil {
		err = relations.AsRole(ctx, l.s.conn)
	}
	err = l.s.fault(ctx, err)
	if err != nil {
		_ = l.Close()
		return nil, nil, fault.Wrap(err, "begin load into %s", e.name)
	}
	return l, &recordLoad{witness.Session{Conn: l.s.conn, Fault: l.s.fault}, l, records.NewWriter(l.s.conn), map[catalog.Name]bool{}}, nil
}

// recordLoad writes records in a load's transaction.
type recordLoad struct {
	witness.Session
	l      *load
	w      *records.Writer
	logged map[catalog.Name]bool // tables that are what the marks say
}

// WriteRecords is the connector.RecordLoad's: see records.Writer.
func (r *recordLoad) WriteRecords(ctx context.Context, mode string, into []connector.Into, page []record.Mapped) ([]connector.Became, error) {
	if r.l.s == nil || r.l.s.broken {
		return nil, fault.New(fault.Internal, "session.broken", "the load had an error before, or is closed")
	}
	if err := r.look(ctx, into); err != nil {
		return nil, fault.Wrap(r.l.s.fault(ctx, err), "write records into %s", r.l.s.e.name)
	}
	end, err := r.l.s.e.Pace().Begin(ctx)
	if err != nil {
		return nil, err
	}
	became, err := r.w.Write(ctx, mode, into, page)
	end(rate.Answer{None: err != nil})
	if err != nil {
		return nil, fault.Wrap(r.l.s.fault(ctx, err), "write records into %s", r.l.s.e.name)
	}
	return became, nil
}

// look sees to it, once for each table, that a crash takes rows and marks
// together.
func (r *recordLoad) look(ctx context.Context, into []connector.Into) error {
	var fresh []catalog.Name
	for _, t := range into {
		if !r.logged[t.Table] {
			fresh = append(fresh, t.Table)
			r.logged[t.Table] = true
		}
	}
	if len(r.l.marks) == 0 || fresh == nil {
		return nil
	}
	return relations.Logged(ctx, r.l.s.conn, fresh, r.l.marks[0].Unlogged)
}

// Tables is the connector.RecordTarget's: see records.Tables.
func (e *Endpoint) Tables(ctx context.Context, names []catalog.Name) (tables []connector.TargetTable, err error) {
	q := connector.Query{}
	for _, n := range names {
		if n.Schema != "" {
			q.Table = n
		}
	}
	err = e.asking(ctx, q, func(s *session) error {
		tables, err = records.Tables(ctx, s.conn, names)
		return err
	})
	return tables, fault.Wrap(err, "look at tables of %s", e.name)
}

// CompareRecords is the connector.RecordComparer's: see records.Comparison.
func (e *Endpoint) CompareRecords(ctx context.Context, mode string, into []connector.Into, where []string) (connector.RecordComparison, error) {
	s, err := e.session(ctx)
	if err != nil {
		return nil, err
	}
	s.touched = true // conditions are others'
	own := records.Session{Path: relations.PathOfRole, Fault: s.fault, Close: (&load{s: s}).Close}
	c, err := records.Compare(ctx, s.conn, own, mode, into, where)
	if err != nil {
		return nil, err
	}
	return comparison{c, witness.Session{Conn: s.conn, Fault: s.fault}}, nil
}

// comparison tells of rows, too, at the point in time that it reads at.
type comparison struct {
	*records.Comparison
	witness.Session
}

// Stage is the connector.Stager's.
func (e *Endpoint) Stage(tx connector.Transaction, h connector.Holder) connector.Stage {
	return staging.New(tx.(*load).s.conn, h)
}

var (
	_ connector.Stager         = (*Endpoint)(nil)
	_ connector.RecordComparer = (*Endpoint)(nil)
	_ connector.RowWitness     = (*recordLoad)(nil)
	_ connector.RowWitness     = comparison{}
)
