package call

import (
	"sync"
	"time"

	"godwit/internal/unit/calls"
)

// Records that are large have their space in common: those of all units that
// deliver. Small ones are bounded by the window of each unit.
const (
	largeOf  = 256 << 10 // bytes of its stored form from which a record is large
	spaceOf  = 16 << 20  // that large ones take together; but always one record
	askAgain = 20 * time.Millisecond
)

// space is that of the large records that are in memory. Safe for concurrent use.
type space struct {
	mu   sync.Mutex
	used int
}

// take reports whether there is space for a record, which it has until give.
func (s *space) take(size int) bool {
	if size < largeOf {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used > 0 && s.used+size > spaceOf {
		return false
	}
	s.used += size
	return true
}

func (s *space) give(size int) {
	if size < largeOf {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used -= size
}

// giveAll gives the space of some records back.
func (s *space) giveAll(list []*calls.Item) {
	for _, i := range list {
		s.give(i.Size)
	}
}
