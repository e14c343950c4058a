package view

import (
	"io"
	"sync"
	"time"

	"godwit/internal/ui/layout"
)

// Lines writes events as plain lines: what a run says without a terminal, and
// what stays in the scrollback above the live block. Safe for concurrent use.
type Lines struct {
	mu     sync.Mutex
	w      io.Writer
	zone   *time.Location
	color  bool
	every  time.Duration // between heartbeats: 0 = each minute, after ten every five; < 0 = none
	began  time.Time
	beaten time.Time
	gone   bool
	days   Days
}

// NewLines makes a log to w in a zone. Heartbeats come every so often: 0 is
// each minute for ten minutes and then every five, less than 0 is never.
func NewLines(w io.Writer, zone *time.Location, color bool, every time.Duration) *Lines {
	return &Lines{w: w, zone: zone, color: color, every: every}
}

// Tell writes an event unless it is of level debug. A writer that fails is
// left alone from then on: a closed terminal or pipe does not stop a run.
func (l *Lines) Tell(e Event) {
	if e.Level == LevelDebug {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write(e)
}

// Beat writes a heartbeat when one is due at s.Now; call it as often as you like.
func (l *Lines) Beat(s Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.began.IsZero() {
		l.began, l.beaten = s.Now, s.Now
	}
	if !l.due(s.Now) {
		return
	}
	l.beaten = s.Now
	l.write(s.Heartbeat())
}

func (l *Lines) due(now time.Time) bool {
	every := l.every
	switch {
	case every < 0:
		return false
	case every == 0 && now.Sub(l.began) <= 10*time.Minute:
		every = time.Minute
	case every == 0:
		every = 5 * time.Minute
	}
	return now.Sub(l.beaten) >= every
}

func (l *Lines) write(e Event) {
	for _, line := range l.days.Lines(e, l.zone) {
		if l.gone {
			return
		}
		if l.color {
			line = layout.Paint(line)
		}
		_, err := io.WriteString(l.w, line+"\n")
		l.gone = err != nil
	}
}

// Days sets a line with the date between lines of two days.
type Days struct{ last string }

// Lines are an event as Line gives it, with the date above when it is another
// than that of the one before.
func (d *Days) Lines(e Event, zone *time.Location) []string {
	before := d.last
	d.last = e.Time.In(zone).Format("Mon 2006-01-02")
	if before == "" || before == d.last {
		return []string{Line(e, zone)}
	}
	return []string{d.last, Line(e, zone)}
}

// Line is an event as one line: time of day in the zone, a label for what
// comes often, the text.
func Line(e Event, zone *time.Location) string {
	label := map[string]string{
		"progress":   "progress  ",
		"wait.began": "wait      ",
		"wait.over":  "wait over ",
		"error":      "error     ",
	}[e.Type]
	return layout.Clean(e.Time.In(zone).Format(time.TimeOnly) + " " + label + e.Text)
}
