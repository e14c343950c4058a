package view

import (
	"slices"
	"strings"
	"time"

	"godwit/internal/ui/layout"
)

// Lost is what the ledger knows about a run that nobody owns: stopped, or lost.
type Lost struct {
	Owner       string // who had it last
	Wrote       time.Time
	Lease       time.Duration
	Done, Units int64
	InFlight    int64  // units that are done again
	GoesOn      int64  // units that go on behind what they have settled
	Resume      string // command that goes on
	Waits       []Wait // what its steps wait for all the same
}

// Draw makes Status a Screen: the block without limits, or what to do with a
// run that nobody owns.
func (s Status) Draw(edge int) []string {
	if s.Lost == nil {
		s.Keys, s.Hint = false, ""
		return slices.Concat(s.whole(edge), s.After.line(edge), below(s.Below, edge))
	}
	l := s.Lost
	first := "lost: nobody owns it   " + l.Owner + " last wrote "
	if s.State == "stopped" {
		first = "stopped   " + l.Owner + " gave it back "
	}
	first += Stamp(l.Wrote, s.Now, s.Started) + ", " + About(s.Now.Sub(l.Wrote)) + " ago"
	if s.State != "stopped" {
		first += " (lease " + About(l.Lease) + ")"
	}
	lines := layout.Wrap("", s.Run+"  "+first, len(s.Run)+2, edge)
	indent := strings.Repeat(" ", layout.Width(s.Run)+2)
	units := Count(l.Done) + " of " + Plural(l.Units, "unit") + " done"
	if l.InFlight > 0 {
		units += ", " + Count(l.InFlight) + " " + Either(l.InFlight, "was in flight and is", "were in flight and are") + " done again"
	}
	if l.GoesOn > 0 {
		units += ", " + Count(l.GoesOn) + " " + Either(l.GoesOn, "goes", "go") + " on behind what is done of " + Either(l.GoesOn, "it", "them")
	}
	resume := "resume: " + l.Resume
	if s.Forecast.Known {
		resume += "      then " + s.Forecast.done(s.Now, s.Started)
	}
	s.Waits = l.Waits
	return slices.Concat(lines, []string{indent + units, indent + resume}, s.stood(edge), s.waits(shape{waits: 1000, details: true}, edge), s.After.line(edge), below(s.Below, edge))
}

// stood is how far a run has come that nobody works on.
func (s Status) stood(edge int) []string {
	if len(s.Bars) == 0 || edge < 80 {
		return nil
	}
	lines := []string{""}
	for _, b := range s.Bars {
		b.Rate = 0
		lines = append(lines, b.line(edge))
	}
	lines = append(lines, s.share(), "")
	return append(lines, equation(s.Account, edge)...)
}

// whole is the block in as many lines as it needs, with names as they can be typed.
func (s Status) whole(edge int) []string {
	if edge < 80 {
		return Block(s, edge, 1000)
	}
	show := everything
	show.names = true
	if s.Open == "active" {
		show.active = len(s.Active)
	}
	return cleaned(s.block(show, edge))
}

// Row is one below the block.
type Row struct{ Label, Text string }

func below(rows []Row, edge int) (lines []string) {
	for _, r := range rows {
		lines = append(lines, layout.Wrap(layout.Left(r.Label, 9), r.Text, 9, edge)...)
	}
	return lines
}

// Few are the first of some names, and how many more there are.
func Few(names []string) string {
	const most = 8
	if n := len(names); n > most {
		return strings.Join(names[:most], ", ") + " and " + Count(n-most) + " more"
	}
	return strings.Join(names, ", ")
}

// Either is the word for one or for another number.
func Either[T ~int | ~int64](n T, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}
