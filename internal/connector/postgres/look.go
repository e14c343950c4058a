package postgres

import (
	"context"

	"godwit/internal/connector"

	"golang.org/x/sync/semaphore"
)

// looker keeps one session beside the pool for short looks: at a table while a
// reader holds its lock, at what other sessions wait for. It must be had when
// all sessions of the pool are lent.
type looker struct {
	turn *semaphore.Weighted // held while s is in use
	s    *session
}

func newLooker() *looker { return &looker{turn: semaphore.NewWeighted(1)} }

// glance runs f with that session; one at a time. A session that was cut off
// since the last look is replaced once.
func (e *Endpoint) glance(ctx context.Context, f func(*session) error) error {
	ctx = connector.WithLabel(ctx, "godwit look")
	if err := e.look.turn.Acquire(ctx, 1); err != nil {
		return err
	}
	defer e.look.turn.Release(1)
	if s := e.look.s; s != nil {
		err := f(s)
		if !s.broken {
			return err
		}
		s.end()
		if e.look.s = nil; ctx.Err() != nil {
			return ctx.Err()
		}
	}
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	if err = f(s); s.broken || e.ended.Err() != nil {
		s.end()
		return err
	}
	e.look.s = s
	return err
}

func (l *looker) close() {
	if err := l.turn.Acquire(context.Background(), 1); err != nil {
		return
	}
	defer l.turn.Release(1)
	if l.s != nil {
		l.s.end()
		l.s = nil
	}
}
