package doctor

import (
	"context"
	"fmt"
	"sync"

	"godwit/internal/catalog"
	"godwit/internal/unit"
)

// Sights remembers the sources that this process has looked at for a run: at
// one snapshot they are the same for all its steps. A step behind a copy then
// also holds the source to what the copy was planned from.
type Sights struct {
	mu   sync.Mutex
	seen map[string]catalog.Facts
}

// find gives the sight of a step's source, nil when it has to be looked at:
// for the first time, or because the snapshot is another one.
func (s *Sights) find(ctx context.Context, l Looking, n unit.Needs) (*catalog.Facts, error) {
	if s == nil || l.snapshotOf(n) == "" {
		return nil, nil
	}
	s.mu.Lock()
	seen, ok := s.seen[place(n)]
	s.mu.Unlock()
	if !ok {
		return nil, nil
	}
	snap, err := snapshotOf(ctx, l.Open, n.From, l.Snapshot)
	if err != nil || snap.ID() != seen.Snapshot {
		return nil, err
	}
	return &seen, nil
}

// keep remembers a sight. What was seen only in part is not kept.
func (s *Sights) keep(l Looking, n unit.Needs, facts catalog.Facts) {
	if s == nil || l.snapshotOf(n) == "" || !n.Definitions || facts.Unread != "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[string]catalog.Facts{}
	}
	s.seen[place(n)] = facts
}

// place tells sources apart: the connection and what is selected there.
func place(n unit.Needs) string {
	return fmt.Sprintf("%s %q %q", n.From, n.Select.Include, n.Select.Exclude)
}
