package postgres

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
)

// trust tells whether this server still has what was committed, as far as one
// can know: while no session was lost and no other server answered, it has.
type trust struct {
	mu      sync.Mutex
	guarded bool
	doubt   int64
	trusted int64
	again   chan struct{}              // closed when it is trusted again; nil while it is
	tell    func()                     // told of every doubt
	server  string                     // the one that answered last
	marks   map[string]map[string]bool // by run, units known to have left one
}

// marked notes marks that are there: the table that holds them is not made
// anew, as if it had never been, while they are not taken away.
func (t *trust) marked(run string, units ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.marks == nil {
		t.marks = map[string]map[string]bool{}
	}
	if t.marks[run] == nil && len(units) > 0 {
		t.marks[run] = map[string]bool{}
	}
	for _, u := range units {
		t.marks[run][u] = true
	}
}

// unmark notes that marks were taken away: of a step, or all.
func (t *trust) unmark(run, step string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.marks[run], func(u string, _ bool) bool { return step == "" || strings.HasPrefix(u, step+"/") })
}

// remembers reports whether marks of a run must be there.
func (t *trust) remembers(run string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.marks[run]) > 0
}

// Guard is the connector.Truster's.
func (e *Endpoint) Guard(tell func()) {
	t := &e.trust
	t.mu.Lock()
	defer t.mu.Unlock()
	t.guarded, t.tell = true, tell
	t.raise()
}

// Doubt is the connector.Truster's.
func (e *Endpoint) Doubt() int64 {
	e.trust.mu.Lock()
	defer e.trust.mu.Unlock()
	return e.trust.doubt
}

// Trust is the connector.Truster's.
func (e *Endpoint) Trust(doubt int64) {
	t := &e.trust
	t.mu.Lock()
	defer t.mu.Unlock()
	t.trusted = max(t.trusted, doubt)
	if t.again != nil && t.doubt <= t.trusted {
		close(t.again)
		t.again = nil
	}
}

// raise is called under the lock.
func (t *trust) raise() {
	t.doubt++
	if !t.guarded {
		return
	}
	if t.again == nil {
		t.again = make(chan struct{})
	}
	go t.tell()
}

// lostSession notes that a session ended that was not ended here.
func (t *trust) lostSession() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.raise()
}

// meet notes which server answers: its place and the time of its start.
func (t *trust) meet(server string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server != "" && t.server != server {
		t.raise()
	}
	t.server = server
}

// doubted is closed when the doubt is over, nil when there is none.
func (t *trust) doubted() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.again
}

// trustPatience is how long a caller waits for an answer before it is sent
// away to try again.
const trustPatience = 10 * time.Second

// trusted lends a session of a server that is trusted to have all that was
// committed: taking one may show that others were lost.
func (e *Endpoint) trusted(ctx context.Context) (*session, error) {
	timer := time.NewTimer(trustPatience)
	defer timer.Stop()
	for {
		s, err := e.session(ctx)
		if err != nil {
			return nil, err
		}
		wait := e.trust.doubted()
		if wait == nil {
			return s, nil
		}
		s.close() // whoever looks may need it
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-timer.C:
			return nil, fault.New(fault.Unavailable, "target.doubted",
				"a session of %s was lost: what was committed is looked for first", e.name)
		}
	}
}

var _ connector.Truster = (*Endpoint)(nil)
