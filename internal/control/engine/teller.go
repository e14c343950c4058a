package engine

import (
	"sync"

	"godwit/internal/unit"
)

// Teller hands what happens in a run to its watcher, in order, from a goroutine
// of its own: a reader that is slow or stands still, of a pipe or a terminal,
// holds up nothing but what it is shown. Events are kept until it has taken
// them; of frames only the latest.
type Teller[F any] struct {
	event func(unit.Event)
	show  func(*F)
	ended chan struct{}

	mu     sync.Mutex
	more   sync.Cond
	events []unit.Event
	frame  *F
	last   bool // nothing more comes
}

// NewTeller begins to tell; both functions may be nil and are called one at a time.
func NewTeller[F any](event func(unit.Event), show func(*F)) *Teller[F] {
	t := &Teller[F]{event: event, show: show, ended: make(chan struct{})}
	t.more.L = &t.mu
	go t.tell()
	return t
}

// Event never waits.
func (t *Teller[F]) Event(e unit.Event) {
	if t.event == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, e)
	t.more.Signal()
}

// Behind reports whether the last frame has not been taken yet: the next one
// need not be made.
func (t *Teller[F]) Behind() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.show == nil || t.frame != nil
}

// Frame never waits either.
func (t *Teller[F]) Frame(f *F) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.frame = f
	t.more.Signal()
}

// Close waits until the watcher has taken everything; it is not called after.
func (t *Teller[F]) Close() {
	t.mu.Lock()
	t.last = true
	t.more.Signal()
	t.mu.Unlock()
	<-t.ended
}

func (t *Teller[F]) tell() {
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
			t.event(e)
		}
		if frame != nil {
			t.show(frame)
		}
		if last && len(events) == 0 {
			return
		}
	}
}
