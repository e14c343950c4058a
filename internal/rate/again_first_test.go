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
		probe, err := l.Begin(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		var others sync.WaitGroup
		for range 2 {
			others.Go(func() {
				end, err := l.Begin(t.Context(), "")
				if err != nil {
					t.Error(err)
					return
				}
				end(Answer{})
			})
		}
		synctest.Wait() // they wait for what becomes of it
		if err := l.Again(t.Context(), begun.Add(-dial)); err != nil {
			t.Error(err)
		}
		probe(Answer{})
		others.Wait()
		if d := time.Since(begun); d > 3*time.Second {
			t.Errorf("they went out %v after the system was back", d)
		}
	})
}

// dial is how long a connection takes that is not there: too long for the place of a request.
const dial = 60 * time.Millisecond

// TestAgainFirst: who has a connection by now goes before those who have not begun: the
// time runs in which its answer has to come.
func TestAgainFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
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
					asked := time.Now()
					if l.Again(ctx, asked.Add(-dial)) == nil {
						mu.Lock()
						longest = max(longest, time.Since(asked))
						mu.Unlock()
					}
					end(Answer{})
				}
			})
		}
		running.Wait()
		if longest > 3*dial {
			t.Errorf("one has waited %v for its second place", longest)
		}
	})
}
