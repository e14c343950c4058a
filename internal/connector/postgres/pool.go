package postgres

import (
	"context"
	"sync"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/rate/room"
)

// pool lends sessions: an idle one, else a new one, never more than its limit;
// callers wait in line.
type pool struct {
	room *room.Room

	mu     sync.Mutex
	idle   []*session
	closed bool
}

func errClosed() error {
	return fault.New(fault.Cancelled, "connection.closed", "the connection is closed")
}

func newPool(limit int) *pool { return &pool{room: room.New(limit)} }

// SetAside is the connector.Spare's.
func (e *Endpoint) SetAside(ctx context.Context) error { return e.pool.room.SetAside(ctx) }

// Both is the connector.Both's.
func (e *Endpoint) Both(ctx context.Context) (context.Context, func(), error) {
	return e.pool.room.Both(ctx)
}

// take removes the session used last, nil when none is idle.
func (p *pool) take() (*session, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed()
	}
	if len(p.idle) == 0 {
		return nil, nil
	}
	last := len(p.idle) - 1
	s := p.idle[last]
	p.idle = p.idle[:last]
	return s, nil
}

// keep puts a session back; false when it has to be ended.
func (p *pool) keep(s *session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.idle = append(p.idle, s)
	return true
}

func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, s := range idle {
		s.end()
	}
}

// session lends a session, labelled for the context (connector.WithLabel),
// with the fixed settings and no transaction open. It is given back by close.
func (e *Endpoint) session(ctx context.Context) (*session, error) {
	leave, err := e.pool.room.Enter(ctx, connector.IsAside(ctx))
	if err != nil {
		return nil, err
	}
	s, err := e.lend(ctx)
	if err != nil {
		leave()
		return nil, err
	}
	s.lent, s.leave = true, leave
	return s, nil
}

func (e *Endpoint) lend(ctx context.Context) (*session, error) {
	for {
		s, err := e.pool.take()
		if err != nil {
			return nil, err
		}
		if s == nil {
			return e.connect(ctx)
		}
		// The label doubles as the check that the session still lives.
		if err := s.ready(ctx); err == nil {
			return s, nil
		}
		s.end()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// close gives a session back; one that saw an error, or has a transaction
// open, is ended instead. It may be called twice.
func (s *session) close() {
	if s == nil || !s.lent {
		return
	}
	s.lent = false
	if s.broken || s.conn.IsClosed() || s.conn.PgConn().TxStatus() != 'I' || !s.e.pool.keep(s) {
		s.end()
	}
	s.leave()
}
