package call

import (
	"context"
	"sync"

	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// notes are what the ledger is to be told of requests. What became of one may wait
// for the next one that is about to leave: both are one write, and so are those of
// several records. Safe for concurrent use.
type notes struct {
	book Book
	by   calls.Claimant
	at   record.Place
	gate sync.RWMutex  // held for writing while a chunk is settled: what is noted of its records must not come behind it
	turn chan struct{} // held by the one who writes

	mu    sync.Mutex
	queue []calls.Sent // that may wait
	next  *batch       // of those that wait for it
}

// batch is what is written at once.
type batch struct {
	list []calls.Sent
	done chan struct{}
	err  error
}

func newNotes(book Book, by calls.Claimant, at record.Place) *notes {
	return &notes{book: book, by: by, at: at, turn: make(chan struct{}, 1)}
}

// later notes what became of a request.
func (n *notes) later(s calls.Sent) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.queue = append(n.queue, s)
}

// now notes a request that is about to leave, durably, with all that waits. The one
// whose turn it is writes for the others.
func (n *notes) now(ctx context.Context, s calls.Sent) error {
	n.gate.RLock()
	defer n.gate.RUnlock()
	n.mu.Lock()
	if n.next == nil {
		n.next = &batch{done: make(chan struct{})}
	}
	mine := n.next
	mine.list = append(mine.list, s)
	n.mu.Unlock()
	select {
	case <-mine.done:
	case n.turn <- struct{}{}:
		n.mu.Lock()
		b := n.next
		n.next = nil
		n.mu.Unlock()
		if b != nil {
			b.err = n.write(ctx, b.list...)
			close(b.done)
		}
		<-n.turn
		<-mine.done // it was this one, or one before
	}
	return fault.Wrap(mine.err, "note %s of %s before it is sent", s.Call, s.Key)
}

// write writes what waits, and more.
func (n *notes) write(ctx context.Context, more ...calls.Sent) error {
	n.mu.Lock()
	waited := n.queue
	n.queue = nil
	n.mu.Unlock()
	if len(waited)+len(more) == 0 {
		return nil
	}
	err := n.book.Sent(ctx, n.by, n.at, append(waited[:len(waited):len(waited)], more...))
	if err != nil {
		n.mu.Lock()
		n.queue = append(waited, n.queue...)
		n.mu.Unlock()
	}
	return err
}

// flush writes what waits.
func (n *notes) flush(ctx context.Context) error {
	return n.alone(ctx, func() error { return nil })
}

// alone writes what waits, then does something while nothing is noted.
func (n *notes) alone(ctx context.Context, do func() error) error {
	n.gate.Lock()
	defer n.gate.Unlock()
	if err := n.write(ctx); err != nil {
		return fault.Wrap(err, "note what became of requests")
	}
	return do()
}
