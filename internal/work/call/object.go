package call

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// how it is known what a request has made.
type how bool

const (
	byAnswer how = false
	byLookUp how = true
)

// own notes what a request has made or found, unless that is another record's: what a
// look-up finds may be. From the first find on each object is asked for, and before that
// the ledger need not know whose they are.
func (s *turn) own(ctx context.Context, c *calls.Compiled, sent calls.Sent, known how) *end {
	object, n := c.Object(), s.d.notes
	if object.Of(sent.Kept) == "" {
		n.later(sent)
		return nil
	}
	if known == byLookUp {
		if err := n.desk.watch(ctx, s.d.spec.Place, object); err != nil {
			return &end{err: fault.Wrap(err, "look whose it is that was found for %s/%s", s.d.spec.Entity, s.t.Key)}
		}
	} else if !s.d.shared.now.Load() && n.unwatched(sent) {
		return nil
	}
	by, err := n.take(ctx, sent)
	switch {
	case err != nil:
		return &end{err: err}
	case by == "":
		return nil
	case known == byLookUp:
		return s.taken(c, by, fmt.Sprintf("the look-up found '%s', which record '%s' has already: nothing of it is taken", object.Of(sent.Kept), by))
	}
	return s.taken(c, by, fmt.Sprintf("it made '%s', which the look-up of record '%s' has meanwhile found and taken", object.Of(sent.Kept), by))
}

// taken leaves a record pending whose object another one has.
func (s *turn) taken(c *calls.Compiled, by, text string) *end {
	return s.open(c, "call.taken", text, "ask in in_doubt for something that no other record has, its key say; then redrive")
}

// take notes what a request has left, durably, unless another record has that: by.
func (n *notes) take(ctx context.Context, s calls.Sent) (by string, err error) {
	s.Takes = true
	n.gate.RLock()
	defer n.gate.RUnlock()
	taken, err := n.desk.write(ctx, n, s)
	for _, t := range taken {
		if t.Key == s.Key && t.Call == s.Call {
			by = t.By
		}
	}
	return by, fault.Wrap(err, "note what %s of %s has left", s.Call, s.Key)
}

// unwatched has a note wait as later does, if nothing is watched.
func (n *notes) unwatched(s calls.Sent) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.desk.on.Load() {
		return false
	}
	n.queue = append(n.queue, s)
	return true
}

// watching is whether the ledger knows which record has which object: of calls whose
// look-ups have found something.
type watching struct {
	on atomic.Bool // of one at least

	first chan struct{} // held while the ledger begins with one
	known map[string]bool

	room  sync.Mutex
	units []*notes // that are at work
}

func newWatching() *watching {
	return &watching{first: make(chan struct{}, 1), known: map[string]bool{}}
}

func (w *watching) come(n *notes, watched bool) {
	w.room.Lock()
	defer w.room.Unlock()
	w.units = append(w.units, n)
	if watched {
		w.on.Store(true)
	}
}

func (w *watching) leave(n *notes) {
	w.room.Lock()
	defer w.room.Unlock()
	w.units = slices.DeleteFunc(w.units, func(o *notes) bool { return o == n })
}

// watch has the ledger know whose the objects of a call are. What waits to be noted is noted
// before: it may be of one.
func (d *desk) watch(ctx context.Context, at record.Place, o calls.Object) error {
	select {
	case d.first <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-d.first }()
	name := record.KeyText(at.Entity, at.At, at.Env, o.Call)
	if d.known[name] {
		return nil
	}
	d.on.Store(true)
	d.room.Lock()
	units := slices.Clone(d.units)
	d.room.Unlock()
	for _, n := range units {
		if err := n.flush(ctx); err != nil && fault.KindOf(err) != fault.Conflict { // it is refused what it notes, and ends
			return err
		}
	}
	if err := d.book.Watch(ctx, at, o); err != nil {
		return err
	}
	d.known[name] = true
	return nil
}
