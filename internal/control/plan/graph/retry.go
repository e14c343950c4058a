package graph

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/zeebo/xxh3"

	"godwit/internal/fault"
)

const (
	tryFor      = 15 * time.Minute // must outlast an outage of ten minutes
	firstWait   = time.Second
	growth      = 2.0
	longestWait = 30 * time.Second
	triesBroken = 3 // of internal faults
	probeEvery  = 10 * time.Second
)

// Often is the time between two questions.
func (p *Probe) Often() time.Duration {
	if p.Every <= 0 {
		return probeEvery
	}
	return p.Every
}

// Tries is what a unit has behind it when an attempt ends with a fault.
type Tries struct {
	Unit    string
	Attempt int       // the one that ended
	Before  int       // tries that ended with a fault since the last progress
	Broken  int       // those that were internal
	Since   time.Time // of the first of them; zero = none
}

// Next is when a unit that ended with a fault of this kind is tried again. A
// nil Retry is the default.
func (r *Retry) Next(t Tries, kind fault.Kind, now time.Time) (due time.Time, again bool) {
	p := r.orDefault()
	switch kind {
	case fault.Unavailable, fault.Throttled, fault.Conflict, fault.Internal:
	default:
		return time.Time{}, false
	}
	switch {
	case len(p.Only) > 0 && kind != fault.Internal && !slices.Contains(p.Only, kind):
		return time.Time{}, false
	case kind == fault.Internal && !slices.Contains(p.Only, kind) && t.Broken+1 >= triesBroken:
		return time.Time{}, false
	case p.Attempts > 0 && t.Before+1 >= p.Attempts:
		return time.Time{}, false
	}
	due = now.Add(p.wait(t.Unit, t.Attempt, t.Before)).Truncate(time.Millisecond)
	if t.Since.IsZero() {
		return due, true
	}
	last := t.Since.Add(p.For)
	if !now.Before(last) {
		return time.Time{}, false
	}
	if due.After(last) { // the last try comes at the very end
		due = last
	}
	return due, true
}

// Longest is how long it goes on.
func (r *Retry) Longest() time.Duration { return r.orDefault().For }

func (r *Retry) orDefault() Retry {
	var p Retry
	if r != nil {
		p = *r
	}
	if p.For <= 0 {
		p.For = tryFor
	}
	if p.Wait <= 0 {
		p.Wait = firstWait
	}
	if p.Factor < 1 {
		p.Factor = growth
	}
	if p.MaxWait <= 0 {
		p.MaxWait = longestWait
	}
	return p
}

// wait grows with the tries; between three quarters and the whole of it is
// taken, by the hash of unit and attempt, so that every process computes the
// same and units do not come back all at once.
func (r *Retry) wait(id string, attempt, tries int) time.Duration {
	full := min(float64(r.Wait)*math.Pow(r.Factor, float64(tries)), float64(r.MaxWait))
	h := xxh3.HashString(id + "#" + strconv.Itoa(attempt))
	return time.Duration(full * (0.75 + 0.25*float64(h>>11)/(1<<53)))
}
