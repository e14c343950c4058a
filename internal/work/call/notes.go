package call

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// notes are what the ledger is to be told of a unit's requests. What became of one
// may wait for the next one that is about to leave: both are one write. Safe for
// concurrent use.
type notes struct {
	desk *desk
	by   calls.Claimant
	at   record.Place
	gate sync.RWMutex // held for writing while a chunk is settled: what is noted of its records must not come behind it

	mu    sync.Mutex
	queue []calls.Sent // that may wait
}

// later notes what became of a request.
func (n *notes) later(s calls.Sent) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.queue = append(n.queue, s)
}

// waiting takes what waits out of the queue.
func (n *notes) waiting() []calls.Sent {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.queue
	n.queue = nil
	return list
}

// again puts what was not written back.
func (n *notes) again(list []calls.Sent) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.queue = append(list, n.queue...)
}

// now notes a request that is about to leave, durably, with all that waits.
func (n *notes) now(ctx context.Context, s calls.Sent) error {
	n.gate.RLock()
	defer n.gate.RUnlock()
	_, err := n.desk.write(ctx, n, s)
	return fault.Wrap(err, "note %s of %s before it is sent", s.Call, s.Key)
}

// flush writes what waits.
func (n *notes) flush(ctx context.Context) error {
	return n.halt(ctx, func() error { return nil })
}

// halt writes what waits, then does something while nothing else is noted.
func (n *notes) halt(ctx context.Context, do func() error) error {
	n.gate.Lock()
	defer n.gate.Unlock()
	if list := n.waiting(); len(list) > 0 {
		if err := n.desk.send(ctx, n.at, n.by, list); err != nil {
			n.again(list)
			return fault.Wrap(err, "note what became of requests")
		}
	}
	return do()
}

// desk is where all units of a run write their notes: one write is for all that
// wait. Safe for concurrent use.
type desk struct {
	book Book
	turn chan struct{} // held by the one who writes
	last time.Time     // that one was written; of who holds the turn
	busy atomic.Int64  // records at work, which may have something to note
	*watching

	mu   sync.Mutex
	next map[record.Place]*batch // of those that wait for it
}

// How long after a write the next one waits for company, for each record at work, and
// at most; and how many are enough. Since it is for each, waiting alone holds nobody
// below some 30,000 requests a second, and few records wait little.
const (
	gathering     = 30 * time.Microsecond
	mostGathering = 8 * time.Millisecond
	enough        = 128
)

// batch is what is written at once.
type batch struct {
	parts   []*part
	leave   int  // requests that are about to leave
	company bool // they are enough: full is closed
	full    chan struct{}
	done    chan struct{}
}

// part is what is written for one unit.
type part struct {
	of     *notes
	waited []calls.Sent  // what became of requests
	leave  []calls.Sent  // requests that are about to leave, or of which it must be known whose they are
	taken  []calls.Taken // once the batch is done: of these
	err    error         // the same
}

func newDesk(book Book) *desk {
	return &desk{book: book, turn: make(chan struct{}, 1), next: map[record.Place]*batch{}, watching: newWatching()}
}

// write writes a note with what waits of its unit, and gives what of that is taken. The one
// whose turn it is writes for the others of its place.
func (d *desk) write(ctx context.Context, of *notes, s calls.Sent) ([]calls.Taken, error) {
	b, mine := d.join(of, s)
	select {
	case <-b.done:
		return mine.taken, mine.err
	case d.turn <- struct{}{}:
	}
	defer func() { <-d.turn }()
	d.gather(b)
	if d.take(of.at, b) { // else it was written by one before
		d.flush(context.WithoutCancel(ctx), of.at, b)
		d.last = time.Now()
		close(b.done)
	}
	<-b.done
	return mine.taken, mine.err
}

// flush writes a batch and tells its parts how that went.
func (d *desk) flush(ctx context.Context, at record.Place, b *batch) {
	list := make([]calls.Notes, len(b.parts))
	for i, p := range b.parts {
		list[i] = calls.Notes{By: p.of.by, List: append(p.waited[:len(p.waited):len(p.waited)], p.leave...)}
	}
	noted, err := d.book.Sent(ctx, at, list)
	for i, p := range b.parts {
		if p.err = err; err == nil {
			p.err, p.taken = noted[i].Err, noted[i].Taken
		}
		if p.err != nil {
			p.of.again(p.waited)
		}
	}
}

// send writes what is of one unit.
func (d *desk) send(ctx context.Context, at record.Place, by calls.Claimant, list []calls.Sent) error {
	noted, err := d.book.Sent(ctx, at, []calls.Notes{{By: by, List: list}})
	if err != nil {
		return err
	}
	return noted[0].Err
}

// gather waits for company: a write costs as much for one note as for some dozens. Who
// has been alone for a while, and when all that may come have come, does not wait.
func (d *desk) gather(b *batch) {
	wait := min(time.Duration(d.busy.Load())*gathering, mostGathering) - time.Since(d.last)
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-b.full:
	case <-b.done: // by one before
	case <-timer.C:
	}
}

func (d *desk) join(of *notes, s calls.Sent) (*batch, *part) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := d.next[of.at]
	if b == nil {
		b = &batch{full: make(chan struct{}), done: make(chan struct{})}
		d.next[of.at] = b
	}
	i := slices.IndexFunc(b.parts, func(p *part) bool { return p.of == of })
	if i < 0 {
		i, b.parts = len(b.parts), append(b.parts, &part{of: of})
	}
	p := b.parts[i]
	p.waited, p.leave = append(p.waited, of.waiting()...), append(p.leave, s)
	if b.leave++; !b.company && int64(b.leave) >= min(d.busy.Load(), enough) {
		b.company = true
		close(b.full)
	}
	return b, p
}

// take takes a batch that nobody has taken.
func (d *desk) take(at record.Place, b *batch) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.next[at] != b {
		return false
	}
	delete(d.next, at)
	return true
}
