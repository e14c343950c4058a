package graph

import (
	"fmt"
	"strings"
	"time"
)

// Window is when a node may work: opens names a time of day in the zone,
// every day ("20:00") or once a week ("Fri 20:00"); the window stays open for
// For of real time, across changes of the clock.
type Window struct {
	Opens string        `json:"opens"`
	For   time.Duration `json:"for"`
	Zone  string        `json:"zone,omitempty"` // IANA name, "" = UTC
}

const longest = 7 * 24 * time.Hour

// Span is a Window read: its time of day, weekday (-1 = every day) and zone.
type Span struct {
	day          time.Weekday
	hour, minute int
	length       time.Duration
	zone         *time.Location
}

// Zone is where the window's times of day are meant.
func (s *Span) Zone() *time.Location { return s.zone }

// Read checks a window. The zone's rules come from the system or from
// time/tzdata; they are the same for every process of a run.
func (w *Window) Read() (*Span, error) {
	s := &Span{day: -1, length: w.For}
	if w.For <= 0 || w.For > longest {
		return nil, fmt.Errorf("window: for is %v: more than nothing, at most 168h", w.For)
	}
	clock := w.Opens
	if name, rest, ok := strings.Cut(w.Opens, " "); ok {
		clock = strings.TrimSpace(rest)
		for d := time.Sunday; d <= time.Saturday; d++ {
			if strings.EqualFold(name, d.String()) || strings.EqualFold(name, d.String()[:3]) {
				s.day = d
			}
		}
		if s.day < 0 {
			return nil, fmt.Errorf("window: opens %q: %q is no day", w.Opens, name)
		}
	}
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return nil, fmt.Errorf("window: opens %q: write 20:00 or Fri 20:00", w.Opens)
	}
	s.hour, s.minute = t.Hour(), t.Minute()
	if w.Zone == "Local" {
		return nil, fmt.Errorf("window: zone Local differs from machine to machine: name it")
	}
	s.zone, err = time.LoadLocation(w.Zone)
	if err != nil {
		return nil, fmt.Errorf("window: zone %q: %w", w.Zone, err)
	}
	return s, nil
}

// At reports whether the window is open, and the next moment at which that may
// change. Windows that touch or overlap are one.
func (s *Span) At(now time.Time) (open bool, edge time.Time) {
	y, m, d := now.Add(-s.length).In(s.zone).Date()
	days := int(s.length/(24*time.Hour)) + 10
	for i := -1; i < days; i++ {
		o, ok := s.opening(y, m, d+i)
		switch {
		case !ok || !o.Add(s.length).After(now):
		case !open && o.After(now):
			return false, o
		case open && o.After(edge):
			return true, edge
		default:
			open, edge = true, later(edge, o.Add(s.length))
		}
	}
	return open, edge
}

// opening is the window's opening on a day. A time that comes twice when the
// clock is put back is its first occurrence; one that is skipped is taken as
// much later as the clock is put forward (time.Date promises neither).
func (s *Span) opening(y int, m time.Month, d int) (time.Time, bool) {
	wall := time.Date(y, m, d, s.hour, s.minute, 0, 0, time.UTC)
	if s.day >= 0 && wall.Weekday() != s.day {
		return time.Time{}, false
	}
	plain := time.Date(y, m, d, s.hour, s.minute, 0, 0, s.zone)
	_, before := plain.Add(-12 * time.Hour).Zone()
	first := wall.Add(-time.Duration(before) * time.Second).In(s.zone)
	if !s.shows(first) && s.shows(plain) {
		return plain, true
	}
	return first, true
}

func (s *Span) shows(t time.Time) bool { return t.Hour() == s.hour && t.Minute() == s.minute }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
