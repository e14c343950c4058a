package joint

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// two are as two processes are: locks belong to the open file.
func two(t *testing.T) (path string, a, b *Joint) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "pace")
	for _, j := range []**Joint{&a, &b} {
		var err error
		if *j, err = Open(path); err != nil {
			t.Fatal(err)
		}
	}
	return path, a, b
}

func few(n int) func() int { return func() int { return n } }

// TestTake: a place that one has taken is behind the other; one of an earlier start of
// the machine is nobody's.
func TestTake(t *testing.T) {
	t.Parallel()
	_, a, b := two(t)
	if due := a.Take(time.Hour, time.Millisecond); due != 0 {
		t.Fatalf("the first place is %v away", due)
	}
	if due := b.Take(time.Hour, time.Millisecond); due < 59*time.Minute || due > time.Hour {
		t.Errorf("the next place is %v away", due)
	}
	a.last.Store(clock() + int64(time.Hour))
	if due := b.Take(time.Minute, time.Millisecond); due != 0 {
		t.Errorf("behind a start of the machine it is %v away", due)
	}
}

// TestSit: a seat is one's, until it is given back or its process is gone.
func TestSit(t *testing.T) {
	t.Parallel()
	path, a, b := two(t)
	for range 2 {
		if _, err := a.Sit(t.Context(), few(2)); err != nil {
			t.Fatal(err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Sit(gone, few(2)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, ok := b.seat(2); ok {
		t.Error("there is a third seat of two")
	}
	sat := make(chan error, 1)
	go func() { _, err := b.Sit(t.Context(), few(2)); sat <- err }()
	a.Leave(0)
	if err := <-sat; err != nil {
		t.Fatal(err)
	}
	if _, ok := a.seat(2); ok {
		t.Error("the seat that was given back is there twice")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok := b.seat(2); !ok {
		t.Error("the seat of a process that is gone is not free")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the last one leaves its file: %v", err)
	}
}

// TestParts: while another one waits nobody has more than its part, nor, where there is
// not one for each, takes the one that it has just given back.
func TestParts(t *testing.T) {
	t.Parallel()
	_, a, b := two(t)
	take := func(many int, want bool) int {
		t.Helper()
		seat, ok := a.seat(many)
		if ok != want {
			t.Errorf("of %d seats it has %d and gets one more: %v", many, len(a.held.mine), ok)
		}
		return seat
	}
	take(4, true)
	take(4, true)
	b.lock(waits+int64(b.me), unix.F_WRLCK)
	take(4, false)
	b.lock(waits+int64(b.me), unix.F_UNLCK)
	take(4, true)
	a.Leave(0)
	a.Leave(1)
	a.Leave(2)
	a.held.asked = time.Time{} // it does not know yet that nobody waits
	b.lock(waits+int64(b.me), unix.F_WRLCK)
	a.held.left = time.Now().Add(time.Hour)
	take(1, false)
	a.held.left = time.Time{}
	take(1, true)
}

// TestStopped: what a process that is stopped has of the seats, and that it waits, keeps
// nobody; it is one of them again once it goes on.
func TestStopped(t *testing.T) {
	t.Parallel()
	_, a, b := two(t)
	for range 2 {
		if _, err := a.Sit(t.Context(), few(2)); err != nil {
			t.Fatal(err)
		}
	}
	a.lock(waits+int64(a.me), unix.F_WRLCK)
	close(a.over)
	a.over = make(chan struct{})
	a.beats[a.me].Store(clock() - int64(2*stopped))
	for range 2 {
		if _, ok := b.seat(2); !ok {
			t.Fatal("it waits for seats that a stopped process has")
		}
	}
	if _, ok := b.seat(2); ok {
		t.Error("there is a third seat of two")
	}
	for seat := range b.held.mine {
		b.Leave(seat)
	}
	a.beat()
	if _, ok := b.seat(2); ok {
		t.Error("the process goes on, and its seats are somebody else's")
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if seat, ok := b.seat(2); !ok || seat > 1 {
		t.Errorf("seat %d of a process that is gone: %v", seat, ok)
	}
}
