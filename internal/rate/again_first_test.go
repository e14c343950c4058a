package rate

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestAgainOfProbe: the request that asks whether a system is back gets through although
// it needs a connection, while others wait for what it finds.
func TestAgainOfProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Rate: 100, Concurrency: 8})
		for range openAfter {
			end, err := l.Begin(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			end(Answer{Failed: true})
		}
		through := make(chan time.Duration, 3)
		start := time.Now()
		for range 3 {
			go func() {
				end, err := l.Begin(t.Context(), "")
				if err != nil {
					t.Error(err)
					through <- 0
					return
				}
				begun := time.Now()
				time.Sleep(20 * time.Millisecond) // a connection is dialled
				if err := l.Again(t.Context(), begun); err != nil {
					t.Error(err)
				}
				end(Answer{})
				through <- time.Since(start)
			}()
		}
		for range 3 {
			if d := <-through; d > 3*time.Second {
				t.Errorf("a request went out %v after the system was away", d)
			}
		}
	})
}

// TestAgainFirst: who has a connection by now goes before those who have not begun: the
// time runs in which its answer has to come.
func TestAgainFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const dial = 60 * time.Millisecond
		l := limiter(t, Limit{Rate: 20})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var running sync.WaitGroup
		var longest time.Duration
		var mu sync.Mutex
		for range 300 {
			running.Go(func() {
				for {
					end, err := l.Begin(ctx, "")
					if err != nil {
						return
					}
					begun := time.Now()
					time.Sleep(dial)
					if l.Again(ctx, begun) == nil {
						mu.Lock()
						longest = max(longest, time.Since(begun))
						mu.Unlock()
					}
					end(Answer{})
				}
			})
		}
		running.Wait()
		if longest > 4*dial {
			t.Errorf("one has waited %v for its second place", longest)
		}
	})
}
