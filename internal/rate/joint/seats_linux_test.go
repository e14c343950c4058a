package joint

import (
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// TestKept: a seat that was left stays with its process for the next request, unless
// another one waits, there are fewer seats by now, or nobody has needed it for a while.
func TestKept(t *testing.T) {
	t.Parallel()
	_, a, b := two(t)
	sit := func(j *Joint, many int) int {
		t.Helper()
		seat, err := j.Sit(t.Context(), few(many))
		if err != nil {
			t.Fatal(err)
		}
		return seat
	}
	a.Leave(sit(a, 1))
	a.tend()
	a.tend()
	if seat, ok := b.seat(1); !ok {
		t.Error("a seat that nobody needs any more is kept")
	} else {
		b.Leave(seat)
	}
	a.Leave(sit(a, 1)) // b waited for it
	if seat := sit(b, 1); seat != 0 {
		t.Errorf("seat %d of one", seat)
	}
	b.Leave(0)
	first, second := sit(a, 2), sit(a, 2)
	a.Leave(second)
	a.Leave(first)
	if seat, ok := a.seat(1); !ok || seat != 0 || len(a.held.mine) != 1 {
		t.Errorf("seat %d of one, of %v: %v", seat, a.held.mine, ok)
	}
}

// TestHanded: a seat goes to who waits here, as long as that is no more than what is
// sure to be the process's part.
func TestHanded(t *testing.T) {
	t.Parallel()
	_, a, b := two(t)
	for range 2 {
		if _, ok := a.seat(3); !ok {
			t.Fatal("no seat")
		}
	}
	b.wait(unix.F_WRLCK)
	a.wait(unix.F_WRLCK)
	a.ask(false)
	if a.Leave(0); len(a.held.mine) != 1 || len(a.held.free) != 0 {
		t.Error("the third of three seats is not for all of two")
	}
	if a.Leave(1); len(a.held.mine) != 1 || len(a.held.free) != 1 {
		t.Error("it is not given a seat of its process's part")
	}
	if seat, ok := a.seat(3); !ok || seat != 1 {
		t.Errorf("seat %d: %v", seat, ok)
	}
}

// TestNever: there are never more seats than there are, whoever comes and goes; and
// everybody has one in the end.
func TestNever(t *testing.T) {
	t.Parallel()
	const many = 3
	_, a, b := two(t)
	var taken atomic.Int64
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			j := []*Joint{a, b}[i%2]
			for range 50 {
				seat, err := j.Sit(t.Context(), few(many))
				if err != nil {
					t.Error(err)
					return
				}
				if n := taken.Add(1); n > many {
					t.Errorf("%d seats of %d are taken", n, many)
				}
				taken.Add(-1)
				j.Leave(seat)
			}
		})
	}
	all.Wait()
}

// TestKeptWhileStopped: what a process had kept when it was stopped is not its own any more
// when it goes on: others have seats in the place of those.
func TestKeptWhileStopped(t *testing.T) {
	t.Parallel()
	_, a, b := two(t)
	seat, err := a.Sit(t.Context(), few(1))
	if err != nil {
		t.Fatal(err)
	}
	a.held.mu.Lock()
	a.held.tended = true // nobody tends while it is stopped
	a.held.mu.Unlock()
	a.Leave(seat)
	close(a.over)
	a.over = make(chan struct{})
	a.beats[a.me].Store(clock() - 2*int64(stopped))
	if _, ok := b.seat(1); !ok {
		t.Fatal("a stopped process's seat is waited for")
	}
	a.held.mu.Lock()
	a.held.asked = a.held.asked.Add(-2 * stopped)
	a.held.mu.Unlock()
	a.seat(1)
	if n := len(a.held.mine); n > 1 || len(a.held.kept) > 0 {
		t.Errorf("it has %d seats, and %d kept", n, len(a.held.kept))
	}
}

// TestAny: who waits for one of few seats has one when there are any number of them.
func TestAny(t *testing.T) {
	t.Parallel()
	_, a, b := two(t)
	if _, err := a.Sit(t.Context(), few(1)); err != nil {
		t.Fatal(err)
	}
	looked := 0
	if _, err := b.Sit(t.Context(), func() int {
		if looked++; looked < 3 {
			return 1
		}
		return 0
	}); err != nil {
		t.Error(err)
	}
}
