package main_test

import (
	"strings"
	"testing"
	"time"

	"godwit/rig/newsys"
)

// TestCallsLimit: a process may have a limit of its own, of the requests of its step;
// it is measured at the receiver.
func TestCallsLimit(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{Latency: [2]time.Duration{40 * time.Millisecond, 60 * time.Millisecond}})
	m := newCalls(t, s, 100, strings.Replace(created, "to:\n", "limit: {rate: 25/s, concurrency: 2}\nto:\n", 1))
	m.load(t).ends(t, 0)
	m.delivered(t, s)
	var at []time.Duration
	under, most := map[int]bool{}, 0
	all := s.Arrivals()
	for i, a := range all {
		if a.Method != "POST" {
			continue
		}
		at = append(at, a.At)
		for j := range under {
			if all[j].At+all[j].Took <= a.At {
				delete(under, j)
			}
		}
		under[i] = true
		most = max(most, len(under))
	}
	if took := at[len(at)-1] - at[0]; took < 3900*time.Millisecond {
		t.Errorf("100 requests within %v", took)
	}
	if most > 2 {
		t.Errorf("%d requests at the same time", most)
	}
	for i, from := range at {
		n := 0
		for _, a := range at[i:] {
			if a < from+time.Second {
				n++
			}
		}
		if n > 28 { // 25, and what was late on the way
			t.Errorf("%d requests in a second", n)
			break
		}
	}
}
