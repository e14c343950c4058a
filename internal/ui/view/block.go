package view

import (
	"math"
	"strings"
	"time"

	"godwit/internal/record"
	"godwit/internal/ui/layout"
)

// Status is what is known about a run at Now, whose location is the zone that
// clock times are shown in.
type Status struct {
	Now      time.Time
	Run      string // warehouse-7
	State    string // running, paused, stopping ...
	Started  time.Time
	Elapsed  time.Duration // working, over all owners
	Plan     string        // hash
	Owner    string        // host1:812
	Bars     []Bar         // copy first
	Forecast Forecast
	Account  record.Account // the run's total
	Waits    []Wait
	Active   []Active // moving units, the interesting ones first
	Counts   Counts
	Last     string // the last lasting line, as Lines writes it
	Hint     string // what ctrl-c does
	Open     string // panel without limit: active, waits
	Keys     bool   // the panels can be opened by key
	Lost     *Lost  // nobody owns the run
	Below    []Row  // that only status shows
	After    After  // what became of records that were not loaded
}

// Bar is the progress of one class of work.
type Bar struct {
	Name        string
	Done, Total int64
	Bytes       bool    // Done and Total are sizes
	Rate        float64 // bytes per second over the last minute; 0 = not shown
	Note        string
}

// Active is a unit at work.
type Active struct {
	Unit  string // for people: sales.event 203
	Doing string // copy, copy 61 %, index 2/3
	Rows  int64
	Note  string  // instead of rows: sorting
	Rate  float64 // bytes per second; 0 = not shown
	Since time.Time
}

// Counts are numbers of units and of records that need somebody.
type Counts struct{ Waits, Active, Dead, Rejected int64 }

const barWidth = 31

// shape says what of the block is shown.
type shape struct {
	active, waits                            int
	bars, first, last, keys, blanks, details bool
	names                                    bool // are not cut
}

// everything is a block of any height.
var everything = shape{active: 4, waits: math.MaxInt, bars: true, first: true, last: true, keys: true, blanks: true, details: true}

// drops make the block smaller, one after the other, until it fits. State, all
// and accounts always stay.
var drops = []func(*shape){
	func(s *shape) { s.active = 3 },
	func(s *shape) { s.active = 2 },
	func(s *shape) { s.active = 1 },
	func(s *shape) { s.active = 0 },
	func(s *shape) { s.waits = min(s.waits, 2) },
	func(s *shape) { s.bars = false },
	func(s *shape) { s.last = false },
	func(s *shape) { s.details = false },
	func(s *shape) { s.keys = false },
	func(s *shape) { s.blanks = false },
	func(s *shape) { s.waits = 0 },
	func(s *shape) { s.first = false },
}

// Block draws a run in at most height lines of at most width columns. Under 80
// columns it is one line. It is pure: the same Status gives the same lines.
func Block(s Status, width, height int) []string {
	if width < 80 {
		return []string{layout.Clean(s.short(width))}
	}
	show := everything
	if s.Open == "active" {
		show.active = math.MaxInt
	}
	lines := s.block(show, width)
	for _, drop := range drops {
		if len(lines) <= height {
			break
		}
		drop(&show)
		lines = s.block(show, width)
	}
	return cleaned(lines[:min(len(lines), max(height, 1))])
}

func (s Status) block(show shape, edge int) []string {
	sections := [][]string{s.head(show, edge), equation(s.Account, edge), append(s.waits(show, edge), s.active(show, edge)...)}
	var foot []string
	if show.last && s.Last != "" {
		foot = append(foot, layout.Cut(s.Last, edge))
	}
	if show.keys {
		foot = append(foot, s.keys(edge))
	}
	sections = append(sections, foot)
	var lines []string
	for _, section := range sections {
		if len(section) == 0 {
			continue
		}
		if show.blanks && len(lines) > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, section...)
	}
	return lines
}

func (s Status) head(show shape, edge int) []string {
	window := ""
	if c := s.Forecast.Closes; !c.IsZero() {
		window = "window open " + About(c.Sub(s.Now)) + " more"
		if c.Before(s.Now) {
			window = "window closed " + About(s.Now.Sub(c)) + " ago"
		}
	}
	plan := ""
	if s.Plan != "" {
		plan = "plan " + s.Plan
	}
	lines := []string{layout.Fit(edge, "   ", s.Run+"  "+s.State+" "+About(s.Elapsed), window, plan, s.Owner)}
	for i, b := range s.Bars {
		if i == 0 && show.first || i > 0 && show.bars {
			lines = append(lines, b.line(edge))
		}
	}
	lines = append(lines, layout.Fit(edge, "", layout.Fit(edge, "   ", s.share(), s.Forecast.done(s.Now, s.Started)), comma(s.Forecast.spare())))
	return lines
}

func (s Status) share() string {
	return layout.Left("all", 8) + bar(s.Forecast.Share) + "  " + Percent(s.Forecast.Share)
}

func comma(s string) string {
	if s == "" {
		return ""
	}
	return ", " + s
}

func (b Bar) line(edge int) string {
	share, done := 0.0, ""
	if b.Total > 0 {
		share = float64(b.Done) / float64(b.Total)
	}
	if b.Bytes {
		done = SizeOf(b.Done, b.Total)
	} else {
		done = layout.Right(Count(b.Done), 5) + " of " + Count(b.Total)
	}
	rate := ""
	if b.Rate > 0 {
		rate = Rate(b.Rate)
	}
	line := layout.Left(b.Name, 8) + bar(share) + "  " + done
	if rate == "" && b.Note == "" {
		return line
	}
	return layout.Fit(edge, "", line, strings.Repeat(" ", max(3, 59-layout.Width(line)))+layout.Fit(edge, "   ", strings.TrimSpace(rate+"   "+b.Note)))
}

// bar is full only when all is done.
func bar(share float64) string {
	n := int(math.Round(max(0, share) * barWidth))
	if share < 1 {
		n = min(n, barWidth-1)
	}
	n = min(n, barWidth)
	return strings.Repeat("#", n) + strings.Repeat("-", barWidth-n)
}

func (s Status) waits(show shape, edge int) []string {
	var lines []string
	for i, w := range s.Waits {
		if i == show.waits {
			if show.waits > 0 {
				lines = append(lines, "        + "+Count(len(s.Waits)-i)+" more")
			}
			break
		}
		label := ""
		if i == 0 {
			label = "waits"
		}
		detail := w.lines(s.Now, s.Counts.Active > s.Counts.Waits, edge-8)
		if !show.details {
			detail = detail[:1]
		}
		for _, l := range detail {
			lines = append(lines, layout.Left(label, 8)+l)
			label = ""
		}
	}
	return lines
}

func (s Status) active(show shape, edge int) []string {
	var lines []string
	shown := 0
	for i, a := range s.Active {
		if i == show.active {
			break
		}
		label := ""
		if i == 0 {
			label = "active"
		}
		if show.names && a.cut(edge-8) {
			lines, label = append(lines, layout.Wrap(layout.Left(label, 8), a.Unit, 8, edge)...), ""
			a.Unit = ""
		}
		lines, shown = append(lines, layout.Left(label, 8)+a.line(s.Now, edge-8)), shown+1
	}
	if n := len(s.Active) - shown; n > 0 && len(lines) > 0 {
		last := len(lines) - 1
		if more := "+ " + Count(n) + " more"; layout.Width(lines[last])+6+len(more) <= edge {
			lines[last] += "      " + more
		} else {
			lines = append(lines, "        "+more)
		}
	}
	return lines
}

// nameWidth is the room for a unit's name.
func nameWidth(edge int) int { return 17 + min(max(0, edge-92), 30) }

// cut reports whether the unit's name is longer than its column.
func (a Active) cut(edge int) bool { return layout.Width(a.Unit) > nameWidth(edge) }

// line is the unit in fixed columns; what a wide terminal has more goes to the name.
func (a Active) line(now time.Time, edge int) string {
	names := nameWidth(edge)
	rows := a.Note
	if rows == "" {
		rows = layout.Right(Count(a.Rows), 9) + " rows"
	}
	rate := ""
	if a.Rate > 0 {
		rate = Rate(a.Rate)
	}
	line := layout.Left(layout.Middle(a.Unit, names), names+2) + layout.Left(a.Doing, 12) + layout.Left(rows, 17) + layout.Right(rate, 9)
	if a.Since.IsZero() {
		return strings.TrimRight(line, " ")
	}
	return line + layout.Right(Span(now.Sub(a.Since).Truncate(time.Second)), 12)
}

func (s Status) keys(edge int) string {
	open, shut := "", ""
	if s.Keys {
		open, shut = "[", "]"
	}
	var parts []string
	for _, p := range []struct {
		name string
		n    int64
	}{{"waits", s.Counts.Waits}, {"active", s.Counts.Active}, {"dead", s.Counts.Dead}, {"rejected", s.Counts.Rejected}} {
		parts = append(parts, open+p.name[:1]+shut+p.name[1:]+" "+Count(p.n))
	}
	return layout.Fit(edge, "      ", strings.Join(parts, "  "), s.Hint)
}

// short is the block for less than 80 columns; what matters least goes first.
func (s Status) short(edge int) string {
	rate, end := "", ""
	if len(s.Bars) > 0 && s.Bars[0].Rate > 0 {
		rate = Rate(s.Bars[0].Rate) + " "
	}
	if s.Forecast.Known {
		end = "done " + Clock(s.Forecast.End, s.Forecast.End) + " "
	}
	state := Percent(s.Forecast.Share) + " "
	if s.State != "running" {
		state = s.State + " " + state
	}
	tail := "dead " + Count(s.Counts.Dead) + " waits " + Count(s.Counts.Waits)
	for _, middle := range []string{rate + end, end, ""} {
		if line := s.Run + " " + state + middle + tail; layout.Width(line) <= edge {
			return line
		}
	}
	return layout.Cut(state+tail, edge)
}
