// Package room says how many sessions of a connection may be lent at the same
// time, and keeps one for callers that hold others. Start at Room.Enter.
package room

import (
	"context"
	"math"

	"godwit/internal/fault"

	"golang.org/x/sync/semaphore"
)

// Room is safe for concurrent use.
type Room struct {
	limit   int
	lent    *semaphore.Weighted
	setting chan struct{} // held by who sets one aside
	apart   bool          // one is set aside
	spare   chan struct{} // it is free
}

// New makes room for so many; 0 is no limit.
func New(limit int) *Room {
	if limit == 0 {
		limit = math.MaxInt32
	}
	return &Room{limit: limit, lent: semaphore.NewWeighted(int64(limit)), setting: make(chan struct{}, 1), spare: make(chan struct{}, 1)}
}

// SetAside takes one session out of those that are lent, once, for callers that
// hold another one while they ask: they never wait for each other.
func (r *Room) SetAside(ctx context.Context) error {
	if r.limit < 2 {
		return fault.New(fault.Config, "limit.connections", "limit: connections leaves %d session for this work, which needs a second one beside the first", r.limit).
			Hint("allow one more")
	}
	select { // one at a time: nobody goes on before there is one
	case r.setting <- struct{}{}:
		defer func() { <-r.setting }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if r.apart || r.limit == math.MaxInt32 {
		return nil
	}
	if err := r.lent.Acquire(ctx, 1); err != nil {
		return err
	}
	r.apart = true
	r.spare <- struct{}{}
	return nil
}

// Enter waits for room and gives the way to leave it again; aside, it is the
// session that was set aside.
func (r *Room) Enter(ctx context.Context, aside bool) (leave func(), err error) {
	if two, ok := ctx.Value(bothKey{r}).(chan struct{}); ok && !aside {
		select {
		case two <- struct{}{}:
			return func() { <-two }, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if !aside || r.limit == math.MaxInt32 {
		return func() { r.lent.Release(1) }, r.lent.Acquire(ctx, 1)
	}
	select {
	case <-r.spare:
		return func() { r.spare <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type bothKey struct{ *Room }

// Both waits for room for two, and keeps it for who enters under the context that it
// gives: work that holds one session while it asks for the other one never waits for
// work that does the same. Leave it once both are given back. What cannot be had at
// all is a fault of kind config, code limit.connections.
func (r *Room) Both(ctx context.Context) (both context.Context, leave func(), err error) {
	if r.limit == math.MaxInt32 || ctx.Value(bothKey{r}) != nil {
		return ctx, func() {}, nil
	}
	select { // whether one is set aside
	case r.setting <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	left := r.limit
	if r.apart {
		left--
	}
	<-r.setting
	if left < 2 {
		return nil, nil, fault.New(fault.Config, "limit.connections", "limit: connections leaves %d session for work that reads and writes at the same place, which needs two", left).
			Hint("allow %d more", 2-left)
	}
	if err := r.lent.Acquire(ctx, 2); err != nil {
		return nil, nil, err
	}
	return context.WithValue(ctx, bothKey{r}, make(chan struct{}, 2)), func() { r.lent.Release(2) }, nil
}
