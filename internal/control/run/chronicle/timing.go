package chronicle

import (
	"cmp"
	"slices"
	"time"

	"godwit/internal/unit"
)

// Timing is how a run's time went.
type Timing struct {
	Spans   []Span
	Samples []Sample
	Slowest []UnitTime
	Idle    time.Duration // how long nobody went on with it
	Waited  []Waited      // spells of steps that wait, in the order of their beginnings
	Lost    time.Duration // how long units waited for their next try, those that waited at once counted once
	Held    []unit.Held   // by connection, of all the run's owners together
}

// held adds how long requests waited.
func (t *Timing) held(e unit.Event) {
	h, err := unit.Decode[unit.Held](e)
	if err != nil {
		return
	}
	for i := range t.Held {
		if t.Held[i].Connection == h.Connection {
			t.Held[i].Limit, t.Held[i].Other = t.Held[i].Limit+h.Limit, t.Held[i].Other+h.Other
			return
		}
	}
	t.Held = append(t.Held, h)
}

// Span is a class of a step's work in time.
type Span struct {
	Name       string
	Start, End time.Time
	Units      int
	Bytes      int64
	State      string
}

// Sample is a throughput in bytes per second, up to a time.
type Sample struct {
	At   time.Time
	Rate float64
}

// UnitTime is what one unit took.
type UnitTime struct {
	ID          string
	Seconds     float64
	Tries       int
	Rows, Bytes int64
}

// times lays the units out in time.
func (s *Story) times() {
	spans := map[string]*Span{}
	var order []string
	for _, u := range s.units {
		switch u.Kind {
		case "marks":
			s.Marks = u.State != "done"
		case "inspect":
			s.found(u)
		default:
			s.changed(u)
		}
		if u.Started.IsZero() || u.Ended.IsZero() {
			continue
		}
		e := Ended(u)
		s.Slowest = append(s.Slowest, UnitTime{u.ID, e.Seconds, u.Attempt, e.Rows, e.Bytes})
		name := u.Step + " " + u.Class
		sp := spans[name]
		if sp == nil {
			sp = &Span{Name: name, Start: u.Started, State: "done"}
			spans[name] = sp
			order = append(order, name)
		}
		if u.Started.Before(sp.Start) {
			sp.Start = u.Started
		}
		if u.Ended.After(sp.End) {
			sp.End = u.Ended
		}
		sp.Units++
		sp.Bytes += e.Bytes
		if u.State == "failed" {
			sp.State = "failed"
		}
	}
	for _, n := range order {
		s.Spans = append(s.Spans, *spans[n])
	}
	slices.SortFunc(s.Spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
	slices.SortStableFunc(s.Slowest, func(a, b UnitTime) int { return cmp.Compare(b.Seconds, a.Seconds) })
	s.sample()
}

// sample spreads each unit's bytes evenly over its time and adds them up in
// about sixty slots.
func (s *Story) sample() {
	if s.Last.IsZero() || !s.Last.After(s.Run.Opened) {
		return
	}
	const slots = 60
	slot := s.Last.Sub(s.Run.Opened) / slots
	if slot <= 0 {
		return
	}
	var bytes [slots]float64
	for _, u := range s.units {
		e := Ended(u)
		if e.Bytes == 0 || u.Ended.IsZero() {
			continue
		}
		from := int(u.Started.Sub(s.Run.Opened) / slot)
		to := int(u.Ended.Sub(s.Run.Opened) / slot)
		for i := max(0, from); i <= min(to, slots-1); i++ {
			bytes[i] += float64(e.Bytes) / float64(to-from+1)
		}
	}
	for i, b := range bytes {
		s.Samples = append(s.Samples, Sample{s.Run.Opened.Add(slot * time.Duration(i+1)), b / slot.Seconds()})
	}
}

// Took is how long the run was worked at, by all its owners together.
func (s *Story) Took() time.Duration { return max(0, s.Last.Sub(s.Run.Opened)-s.Idle) }
