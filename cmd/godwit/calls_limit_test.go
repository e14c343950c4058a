package main_test

import (
	"slices"
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
	m.edit(t, "godwit.yaml", "timeout: 300ms", "timeout: 2m") // on a busy machine, too, none is given up and sent again
	m.load(t).ends(t, 0)
	m.delivered(t, s)
	sent := slices.DeleteFunc(s.Arrivals(), func(a newsys.Arrival) bool { return a.Method != "POST" })
	if most := s.Verdict().Concurrency; len(sent) != 100 || most > 2 {
		t.Errorf("%d requests, %d at the same time", len(sent), most)
	}
	spaced(t, sent, time.Second/25, 2)
}

// spaced expects that requests were let in at a rate, by what is so on the slowest of
// machines: one has its seat from one that was answered, has its place in the schedule no
// sooner, and each of those behind it comes at least an interval later.
func spaced(t testing.TB, all []newsys.Arrival, interval time.Duration, seats int) {
	t.Helper()
	const catchUp = 5 * time.Millisecond // that a place may be in the past
	var answered []time.Duration
	for _, a := range all {
		answered = append(answered, a.At+a.Took)
	}
	slices.Sort(answered)
	for seated := seats; seated < len(all); seated++ {
		from := answered[seated-seats]
		for later := seated + 1; later < len(all); later++ {
			if least := time.Duration(later-seated)*interval - catchUp; all[later].At < from+least {
				t.Errorf("request %d came %v after the answer that let in request %d, at least %v are between them", later, all[later].At-from, seated, least)
				return
			}
		}
	}
}
