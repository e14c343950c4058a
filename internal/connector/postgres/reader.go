package postgres

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector"
)

var _ connector.Reader = (*reader)(nil)

// reader is a session inside a transaction at a snapshot.
type reader struct {
	sn     *snapshot
	s      *session
	export string
	held   map[catalog.Name]bool // tables locked and found unchanged
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

// rollback ends a transaction; when it cannot, the session is marked and ends
// together with it.
func (s *session) rollback() {
	ctx, cancel := context.WithTimeout(context.Background(), cancelPatience)
	defer cancel()
	_ = s.exec(ctx, "ROLLBACK")
}
