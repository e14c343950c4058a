package postgres

import (
	"context"
	"math"
	"sync"

	"godwit/internal/connector"
	"godwit/internal/fault"

	"golang.org/x/sync/semaphore"
)

// pool lends sessions: an idle one, else a new one, never more than its limit;
// callers wait in line.
type pool struct {
	limit   int
	room    *semaphore.Weighted
	setting chan struct{} // held by who sets one aside
	apart   bool          // one is set aside
	spare   chan struct{} // it is free

	mu     sync.Mutex
	idle   []*session
	closed bool
}

func errClosed() error {
	return fault.New(fault.Cancelled, "connection.closed", "the connection is closed")
}

func newPool(limit int) *pool {
	if limit == 0 {
		limit = math.MaxInt32
	}
	return &pool{limit: limit, room: semaphore.NewWeighted(int64(limit)), setting: make(chan struct{}, 1), spare: make(chan struct{}, 1)}
}

// setAside takes one session out of those that are lent, once, for callers that
// hold another one while they ask: they never wait for each other.
func (p *pool) setAside(ctx context.Context) error {
	if p.limit < 2 {
		return fault.New(fault.Config, "limit.connections", "limit: connections leaves %d session for this work, which needs a second one beside the first", p.limit).
			Hint("allow one more")
	}
	select { // one at a time: nobody goes on before there is one
	case p.setting <- struct{}{}:
		defer func() { <-p.setting }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if p.apart || p.limit == math.MaxInt32 {
		return nil
	}
	if err := p.room.Acquire(ctx, 1); err != nil {
		return err
	}
	p.apart = true
	p.spare <- struct{}{}
	return nil
}

// enter waits for room and gives the way to leave it again.
func (p *pool) enter(ctx context.Context) (leave func(), err error) {
	if !connector.IsAside(ctx) || p.limit == math.MaxInt32 {
		return func() { p.room.Release(1) }, p.room.Acquire(ctx, 1)
	}
	select {
	case <-p.spare:
		return func() { p.spare <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// SetAside is the connector.Spare's.
func (e *Endpoint) SetAside(ctx context.Context) error { return e.pool.setAside(ctx) }

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
	leave, err := e.pool.enter(ctx)
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
