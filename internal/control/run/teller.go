package run

import (
	"sync"

	"godwit/internal/unit"
)

// teller hands what happens in a run to its watcher, in order, from a goroutine
// of its own: a reader that is slow or stands still, of a pipe or a terminal,
// holds up nothing but what it is shown. Events are kept until it has taken
// them; of frames only the latest.
type teller struct {
	watch Watcher
	ended chan struct{}

	mu     sync.Mutex
	more   sync.Cond
	events []unit.Event
	frame  *Now
	last   bool // nothing more comes
}

func newTeller(w Watcher) *teller {
	t := &teller{watch: w, ended: make(chan struct{})}
	t.more.L = &t.mu
	go t.tell()
	return t
}

// event never waits.
func (t *teller) event(e unit.Event) {
	if t.watch.Event == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, e)
	t.more.Signal()
}

// behind reports whether the last frame has not been taken yet: the next one
// need not be made.
func (t *teller) behind() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.watch.Tick == nil || t.frame != nil
}

// tick never waits either.
func (t *teller) tick(n *Now) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.frame = n
	t.more.Signal()
}

// close waits until the watcher has taken everything; it is not called after.
func (t *teller) close() {
	t.mu.Lock()
	t.last = true
	t.more.Signal()
	t.mu.Unlock()
	<-t.ended
}

func (t *teller) tell() {
	defer close(t.ended)
	for {
		t.mu.Lock()
		for len(t.events) == 0 && t.frame == nil && !t.last {
			t.more.Wait()
		}
		events, frame, last := t.events, t.frame, t.last
		t.events, t.frame = nil, nil
		t.mu.Unlock()
		for _, e := range events {
			t.watch.Event(e)
		}
		if frame != nil {
			t.watch.Tick(frame)
		}
		if last && len(events) == 0 {
			return
		}
	}
}
