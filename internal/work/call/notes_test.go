package call

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"godwit/internal/fault"
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

func (l *ledger) Sent(_ context.Context, _ record.Place, list []calls.Notes) ([]calls.Noted, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	noted := make([]calls.Noted, len(list))
	if l.lists++; l.lists <= l.refuse {
		return nil, errors.New("the disk is full")
	}
	for i, n := range list {
		if n.By == expelled {
			noted[i].Err = fault.New(fault.Conflict, "call.expelled", "others have gone on")
			continue
		}
		l.noted = append(l.noted, n.List...)
	}
	return noted, nil
}

var expelled = calls.Claimant{ID: 7}

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
		if err := own.halt(t.Context(), func() error { return nil }); err != nil {
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

// TestNotesOfOthers: what one unit is refused is nothing to the units whose notes are
// written with its own.
func TestNotesOfOthers(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	d := newDesk(l)
	d.turn <- struct{}{} // until both are in one batch
	good, bad := &notes{desk: d}, &notes{desk: d, by: expelled}
	bad.later(calls.Sent{Key: "b", Answered: true})
	var both sync.WaitGroup
	for i, own := range []*notes{good, bad} {
		both.Go(func() {
			if err := own.now(t.Context(), calls.Sent{Key: fmt.Sprint(i)}); (err != nil) != (own == bad) {
				t.Error(i, err)
			}
		})
	}
	for together := 0; together < 2; runtime.Gosched() {
		d.mu.Lock()
		if b := d.next[good.at]; b != nil {
			together = b.leave
		}
		d.mu.Unlock()
	}
	<-d.turn
	both.Wait()
	if len(l.noted) != 1 || l.lists != 1 || l.noted[0].Key != "0" || len(bad.queue) != 1 {
		t.Errorf("%+v, %+v is kept", l.noted, bad.queue)
	}
}
