package graph

import (
	"testing"
	"time"

	"godwit/internal/fault"
)

func TestRetryWaits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for before, full := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		full *= time.Second
		seen := map[time.Duration]bool{}
		for attempt := range 50 {
			tries := Tries{Unit: "a/x/1", Attempt: attempt, Before: before}
			due, again := (*Retry)(nil).Next(tries, fault.Unavailable, now)
			same, _ := (*Retry)(nil).Next(tries, fault.Unavailable, now)
			wait := due.Sub(now)
			if !again || wait < full*3/4-time.Millisecond || wait > full || !due.Equal(same) {
				t.Fatalf("try %d waits %v", before, wait)
			}
			seen[wait] = true
		}
		if len(seen) < 40 {
			t.Fatalf("only %d different waits", len(seen))
		}
	}
}

func TestLastTryComesAtTheEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	r := &Retry{For: time.Minute, Wait: 40 * time.Second, MaxWait: time.Hour}
	due, again := r.Next(Tries{Before: 1, Since: now.Add(-50 * time.Second)}, fault.Conflict, now)
	if !again || !due.Equal(now.Add(10*time.Second)) {
		t.Fatalf("%v %v", due, again)
	}
	if _, again := r.Next(Tries{Before: 2, Since: now.Add(-time.Minute)}, fault.Conflict, now); again {
		t.Fatal("tried beyond its time")
	}
}
