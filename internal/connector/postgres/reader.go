package postgres

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"
)

var _ connector.Reader = (*reader)(nil)

// reader is a session inside a transaction at a snapshot.
type reader struct {
	sn     *snapshot
	s      *session
	export string
	held   map[catalog.Name]uint32 // OIDs of tables locked and found unchanged
	closed bool
}

// Close is the connector.Reader's.
func (r *reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.sn.remove(r.export)
	if !r.s.broken {
		r.s.rollback()
	}
	r.s.close()
	return nil
}

// Inspect is the connector.Reader's: the catalogues as this transaction sees
// them, file nodes too. It notes what sequences are at: see Values.
func (r *reader) Inspect(ctx context.Context, sel catalog.Selection) (*catalog.Database, error) {
	if err := r.s.exec(ctx, planWell); err != nil {
		return nil, fault.Wrap(err, "inspect %s", r.sn.e.name)
	}
	db, err := survey.Inspect(ctx, r.s.conn, sel)
	if err = r.s.fault(ctx, err); err == nil {
		err = r.noteValues(ctx, db.Sequences)
	}
	return db, fault.Wrap(err, "inspect %s", r.sn.e.name)
}

// rollback ends a transaction; when it cannot, the session is marked and ends
// together with it.
func (s *session) rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), cancelPatience)
	defer cancel()
	_ = s.exec(ctx, "ROLLBACK")
}
