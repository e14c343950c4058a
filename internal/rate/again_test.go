package rate

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestAgain: however long some requests take from their place to the wire, no second has
// more of them there than it may, and the mean holds but for the places that they lost.
func TestAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate = 100
		l, random := limiter(t, Limit{Rate: rate}), rand.New(rand.NewPCG(1, 2))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var mu sync.Mutex
		var wire []time.Duration
		start, slow := time.Now(), 0
		var running sync.WaitGroup
		for range 8 {
			running.Go(func() {
				for {
					end, err := l.Begin(ctx, "")
					if err != nil {
						return
					}
					begun := time.Now()
					mu.Lock()
					d := time.Duration(random.Int64N(int64(late)))
					if random.IntN(50) == 0 { // it needs a connection
						d = time.Duration(random.Int64N(int64(dial)))
						slow++
					}
					mu.Unlock()
					<-there(d)
					if l.Again(ctx, begun) == nil {
						mu.Lock()
						wire = append(wire, time.Since(start))
						mu.Unlock()
					}
					end(Answer{})
				}
			})
		}
		running.Wait()
		if most := densest(wire); most > rate+1 {
			t.Errorf("%d requests in one second", most)
		}
		if want := 60*rate - slow; float64(len(wire)) < float64(want)*0.995 {
			t.Errorf("%d requests in a minute, %d of them late", len(wire), slow)
		}
	})
}

// there is closed when a connection is there, after so long.
func there(after time.Duration) <-chan struct{} {
	c := make(chan struct{})
	time.AfterFunc(after, func() { close(c) })
	return c
}

// TestAgainGivenUp: who does not wait any more is told so, and one that is in time is not
// kept.
func TestAgainGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Rate: 1})
		end, err := l.Begin(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer end(Answer{})
		begun := time.Now()
		if err := l.Again(t.Context(), begun); err != nil || time.Since(begun) > 0 {
			t.Errorf("it is in time, and waited %v: %v", time.Since(begun), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if err := l.Again(ctx, time.Time{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}
