package rate

import (
	"strconv"
	"strings"
	"time"

	"godwit/internal/rate/joint"
)

// Tune is what people lower a limit to while it is in use. What is 0 is as it was
// declared, and what is above that changes nothing.
type Tune struct {
	Rate        float64 `json:"rate,omitempty"` // requests a second
	Concurrency int     `json:"concurrency,omitempty"`
}

func (t Tune) String() string {
	var parts []string
	if t.Rate > 0 {
		parts = append(parts, Text(t.Rate))
	}
	if t.Concurrency > 0 {
		parts = append(parts, strconv.Itoa(t.Concurrency)+" at the same time")
	}
	if parts == nil {
		return "what is declared"
	}
	return strings.Join(parts, ", ")
}

// Text is a rate in words: 20/s, 6/m.
func Text(r float64) string {
	for _, unit := range []struct {
		name string
		of   float64
	}{{"s", 1}, {"m", 60}, {"h", 3600}} {
		if n := r * unit.of; n >= 1 || unit.name == "h" {
			return strconv.FormatFloat(n, 'g', 4, 64) + "/" + unit.name
		}
	}
	return ""
}

// Tune has a limit in place of the one before, at once for those that wait.
// Requests under way go on.
func (l *Limiter) Tune(t Tune) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tuned = t
	l.seats.set(int(lowest(float64(l.declared.Concurrency), float64(t.Concurrency))))
	l.lookUp()
}

// Limited reports whether a limit was declared.
func (l *Limiter) Limited() bool {
	return l.declared.Rate > 0 || l.declared.Concurrency > 0 || len(l.declared.Times) > 0
}

// Join has the limiter keep to its limit together with those of other processes, from
// now on.
func (l *Limiter) Join(j *joint.Joint) { l.joint.Store(j) }

// State is a limiter as it stands.
type State struct {
	Rate        float64 // in force, 0: any
	Concurrency int     // in force, 0: any
	// By is what makes the rate what it is; so is, of Tuned, the concurrency.
	By    By
	Hours string    // of ByHours
	Until time.Time // no request begins before; zero: they do
	Away  time.Time // since when the system does not answer; zero: it does
	Tuned Tune
	Held  Held
}

// By says where a limit comes from.
type By string

// Where a limit in force comes from.
const (
	ByFile    By = "file"    // it is the one that was declared
	ByHours   By = "hours"   // those of the week
	ByTune    By = "tune"    // people
	ByAnswers By = "answers" // the system has refused requests
)

// Held is for how long requests that were due have waited, those that waited at once
// counted once.
type Held struct {
	Limit time.Duration // for what was declared or tuned
	Other time.Duration // since the system refused requests, or did not answer
}

// State says how the limiter stands.
func (l *Limiter) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	declared, hours := l.profile.holding(now)
	s := State{
		Rate: l.rate(now), By: ByFile, Away: l.circuit.since, Tuned: l.tuned,
		Concurrency: int(lowest(float64(l.declared.Concurrency), float64(l.tuned.Concurrency))),
		Held:        Held{Limit: l.held.limit.total(now), Other: l.held.other.total(now)},
	}
	switch {
	case s.Rate != l.allowed(now):
		s.By = ByAnswers
	case s.Rate != declared:
		s.By = ByTune
	case hours != "":
		s.By, s.Hours = ByHours, hours
	}
	if l.paused.After(now) {
		s.Until = l.paused
	}
	return s
}

// held are the times of waiting.
type held struct{ limit, other watch }

func (h *held) of(other bool) *watch {
	if other {
		return &h.other
	}
	return &h.limit
}

// watch adds up the time in which somebody waited.
type watch struct {
	waiting int
	since   time.Time
	sum     time.Duration
}

func (w *watch) begin(now time.Time) {
	if w.waiting++; w.waiting == 1 {
		w.since = now
	}
}

func (w *watch) end(now time.Time) {
	if w.waiting--; w.waiting == 0 {
		w.sum += now.Sub(w.since)
	}
}

func (w *watch) total(now time.Time) time.Duration {
	if w.waiting > 0 {
		return w.sum + now.Sub(w.since)
	}
	return w.sum
}
