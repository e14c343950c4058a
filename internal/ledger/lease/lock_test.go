package lease

import (
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// Whoever has the lock is alone, although every holder removes the file.
func TestLockIsHeldByOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	var holders, held atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 500 {
				l, err := Hold(path)
				if err != nil {
					t.Error(err)
				}
				if l == nil {
					continue
				}
				if holders.Add(1) != 1 {
					t.Error("two hold the lock")
				}
				held.Add(1)
				for range 20 {
					runtime.Gosched() // long enough to be caught
				}
				holders.Add(-1)
				l.Remove(path)
			}
		})
	}
	group.Wait()
	if held.Load() == 0 {
		t.Error("nobody ever held it")
	}
}

func TestReplacedLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Hold(path)
	if err != nil || first == nil {
		t.Fatal(first, err)
	}
	second, err := Replace(path)
	if err != nil || second == nil {
		t.Fatal(second, err)
	}
	first.Remove(path) // removes nothing of the second's
	if third, err := Hold(path); third != nil || err != nil {
		t.Error("the second's lock is gone", err)
	}
	second.Remove(path)
	third, err := Hold(path)
	if err != nil || third == nil {
		t.Fatal(third, err)
	}
	third.Free()
	var none *Lock
	none.Remove(path)
	none.Free()
}

// Who only asks for the holder never keeps anybody from the lock.
func TestAskingForTheLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	if Held(path) {
		t.Error("held, and there is no file")
	}
	stop := make(chan struct{})
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					Held(path)
				}
			}
		})
	}
	for i := range 2000 {
		l, err := Hold(path)
		if l == nil || err != nil {
			t.Fatalf("attempt %d: kept off by a question: %v", i, err)
		}
		if !Held(path) {
			t.Fatal("held, and nobody says so")
		}
		if i%2 == 0 {
			l.Remove(path)
			continue
		}
		if l.Free(); Held(path) {
			t.Fatal("the holder is gone, and it is held")
		}
	}
	close(stop)
	asking.Wait()
}
