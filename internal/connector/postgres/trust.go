package postgres

import (
	"sync"

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
	server  string // the one that answered last
}

// Doubt is the connector.Truster's.
func (e *Endpoint) Doubt() int64 {
	e.trust.mu.Lock()
	defer e.trust.mu.Unlock()
	if !e.trust.guarded {
		e.trust.guarded, e.trust.trusted = true, e.trust.doubt-1
	}
	return e.trust.doubt
}

// Trust is the connector.Truster's.
func (e *Endpoint) Trust(doubt int64) {
	e.trust.mu.Lock()
	defer e.trust.mu.Unlock()
	e.trust.trusted = max(e.trust.trusted, doubt)
}

// lostSession notes that a session ended that was not ended here.
func (t *trust) lostSession() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.doubt++
}

// meet notes which server answers: its place and the time of its start.
func (t *trust) meet(server string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.server != "" && t.server != server {
		t.doubt++
	}
	t.server = server
}

// check refuses what rests on all that was committed.
func (t *trust) check(name string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.guarded || t.doubt <= t.trusted {
		return nil
	}
	return fault.New(fault.Unavailable, "target.doubted",
		"a session of %s was lost: what was committed is looked for first", name)
}

var _ connector.Truster = (*Endpoint)(nil)
