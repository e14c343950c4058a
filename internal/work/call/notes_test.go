package call

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// ledger takes notes; the first ones are refused.
type ledger struct {
	Book
	mu     sync.Mutex
	refuse int
	lists  int
	noted  []calls.Sent
}

func (l *ledger) Sent(_ context.Context, _ record.Place, list []calls.Sent) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lists++; l.lists <= l.refuse {
		return errors.New("the disk is full")
	}
	l.noted = append(l.noted, list...)
	return nil
}

func (l *ledger) has(key string, answered bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.noted, func(s calls.Sent) bool { return s.Key == key && s.Answered == answered })
}

// TestNotes: when now returns, the ledger has the request, whoever wrote it; what
// became of requests is in it once, in order behind what was noted first, also when
// a write failed.
func TestNotes(t *testing.T) {
	t.Parallel()
	l := &ledger{refuse: 3}
	d := newDesk(l)
	units := []*notes{{desk: d, at: record.Place{Entity: "a"}}, {desk: d, at: record.Place{Entity: "a"}}, {desk: d, at: record.Place{Entity: "b"}}}
	const n = 2000
	var workers sync.WaitGroup
	for w := range 24 {
		workers.Go(func() {
			for i := range n / 10 {
				own, s := units[w%3], calls.Sent{Key: fmt.Sprint(w, " ", i), Call: "create"}
				for own.now(t.Context(), s) != nil {
				}
				if !l.has(s.Key, false) {
					t.Errorf("%s leaves before it is noted", s.Key)
				}
				s.Answered = true
				own.later(s)
			}
		})
	}
	workers.Wait()
	for _, own := range units {
		if err := own.alone(t.Context(), func() error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	first, answered := map[string]bool{}, map[string]int{}
	for _, s := range l.noted {
		if s.Answered && !first[s.Key] {
			t.Errorf("%s is answered before it is noted", s.Key)
		}
		if first[s.Key] = true; s.Answered {
			answered[s.Key]++
		}
	}
	if len(answered) != 24*n/10 || len(l.noted) != 2*len(answered) {
		t.Errorf("%d answers of %d, %d notes", len(answered), 24*n/10, len(l.noted))
	}
	if l.lists >= len(l.noted)/2 {
		t.Errorf("%d writes of %d notes: none had company", l.lists, len(l.noted))
	}
}

// TestNotesKept: what waits is not lost with the write that it was to go with.
func TestNotesKept(t *testing.T) {
	t.Parallel()
	l := &ledger{refuse: 1}
	own := &notes{desk: newDesk(l)}
	own.later(calls.Sent{Key: "a", Answered: true})
	if own.now(t.Context(), calls.Sent{Key: "b"}) == nil {
		t.Fatal("what was not written is noted")
	}
	own.later(calls.Sent{Key: "c", Answered: true})
	if err := own.flush(t.Context()); err != nil || len(l.noted) != 2 || l.noted[0].Key != "a" || l.noted[1].Key != "c" {
		t.Errorf("%v %+v", err, l.noted)
	}
}

// TestSpace: large records have 16 MiB together, and always one has; small ones ask for none.
func TestSpace(t *testing.T) {
	t.Parallel()
	var s space
	if !s.take(100<<20) || s.take(1<<20) || !s.take(largeOf-1) {
		t.Error("beside one of 100 MiB is space for a large one, or none for a small one")
	}
	s.give(100 << 20)
	s.give(largeOf - 1)
	for i := range 17 {
		if s.take(1<<20) != (i < 16) {
			t.Errorf("record %d of 1 MiB", i)
		}
	}
}
