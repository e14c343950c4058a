package local

import (
	"context"
	"sync"
	"time"

	"godwit/internal/unit"
)

// Board holds the passing state of the units under way. Safe for concurrent
// use; a nil Board forgets everything.
type Board struct {
	mu    sync.Mutex
	units map[string]unit.Progress
}

// NewBoard returns an empty one.
func NewBoard() *Board { return &Board{units: map[string]unit.Progress{}} }

func (b *Board) set(p unit.Progress) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	p.Waits = b.units[p.Unit].Waits
	b.units[p.Unit] = p
}

func (b *Board) drop(id string) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.units, id)
}

// Wait says what a unit under way waits for; nil for nothing.
func (b *Board) Wait(id string, waits []unit.Wait) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p, ok := b.units[id]; ok {
		p.Waits = waits
		b.units[id] = p
	}
}

// All copies the units' states, in no order.
func (b *Board) All() []unit.Progress {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]unit.Progress, 0, len(b.units))
	for _, p := range b.units {
		all = append(all, p)
	}
	return all
}

// reporter is a running unit's voice.
type reporter struct {
	loop    *loop
	ctx     context.Context
	attempt *attempt
}

func (r *reporter) Progress(p unit.Progress) {
	p.Unit = r.attempt.ref.Unit
	if p.At.IsZero() {
		p.At = time.Now()
	}
	r.loop.opt.Progress.set(p)
}

// Note writes the event at once; one that cannot be written is lost with the
// ledger, which ends the run at the next turn anyway.
func (r *reporter) Note(kind string, body any) {
	if r.loop.opt.Note == nil {
		return
	}
	_ = r.loop.opt.Note(r.ctx, unit.Event{
		Kind: kind, Unit: r.attempt.ref.Unit, Attempt: r.attempt.ref.Attempt, Body: unit.Body(body),
	})
}

func (r *reporter) Drain() <-chan struct{} { return r.attempt.drain }

func (r *reporter) At(point string) {
	if r.loop.opt.At != nil {
		r.loop.opt.At(point, r.attempt.ref.Unit)
	}
}
