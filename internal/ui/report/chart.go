package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"godwit/internal/ui/view"
)

// Charts are drawn in a box of these units; the template scales it.
const (
	chartWidth  = 960
	chartLeft   = 150
	chartRight  = 20
	rowHeight   = 30
	curveHeight = 200
)

// Tick is a mark on an axis.
type Tick struct {
	At   float64
	Text string
}

// Bar is one row of the Gantt chart.
type Bar struct {
	X, Y, Width float64
	Middle      float64 // baseline of the texts
	Label, Full string
	State       string
	Took        string
	TookX       float64
	TookEnd     bool // the text ends at TookX, because the right edge is near
	Inside      bool // it stands on the bar
}

// Gantt shows steps in time.
type Gantt struct {
	Height, Bottom float64
	Desc           string
	Bars           []Bar
	Ticks          []Tick
}

// Curve shows the throughput.
type Curve struct {
	Height, Bottom float64
	Desc           string
	Line, Area     string // points
	Ticks, Levels  []Tick
	Peak           string
}

// axis maps times between start and end to the drawing.
type axis struct{ start, end time.Time }

func (a axis) x(t time.Time) float64 {
	span := a.end.Sub(a.start).Seconds()
	if span <= 0 {
		return chartLeft
	}
	return round(chartLeft + (chartWidth-chartLeft-chartRight)*t.Sub(a.start).Seconds()/span)
}

// round keeps one decimal, so that the file is small and the same everywhere.
func round(v float64) float64 { return math.Round(v*10) / 10 }

// ticks puts four to eight marks on round times.
func (a axis) ticks(zone *time.Location) []Tick {
	span := a.end.Sub(a.start)
	step := 24 * time.Hour
	for _, s := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute,
		2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour} {
		if span/s <= 8 {
			step = s
			break
		}
	}
	step *= time.Duration(max(1, int64(span/step)/8))
	var ticks []Tick
	_, offset := a.start.In(zone).Zone()
	first := a.start.Add(time.Duration(offset) * time.Second).Truncate(step).Add(-time.Duration(offset) * time.Second)
	for t := first; !t.After(a.end); t = t.Add(step) {
		if t.Before(a.start) {
			continue
		}
		label := view.Clock(t.In(zone))
		if step < time.Minute {
			label = view.Stamp(t.In(zone))
		}
		ticks = append(ticks, Tick{a.x(t), label})
	}
	return ticks
}

func (p page) gantt() *Gantt {
	if len(p.Steps) == 0 {
		return nil
	}
	a := p.axis()
	g := &Gantt{Ticks: a.ticks(p.zone)}
	var told []string
	for i, s := range p.Steps {
		b := Bar{X: a.x(s.Start), Y: float64(i*rowHeight + 8), Full: s.Name, Label: short(s.Name, 20), State: s.State, Took: view.Span(s.End.Sub(s.Start))}
		b.Width = round(math.Max(2, a.x(s.End)-b.X))
		b.Middle = b.Y + 14
		b.TookX = round(b.X + b.Width + 6)
		if b.TookX > chartWidth-90 {
			b.TookX, b.TookEnd = round(b.X-6), true
			if b.X < chartLeft+90 {
				b.TookX, b.Inside = round(b.X+b.Width-6), true
			}
		}
		g.Bars = append(g.Bars, b)
		told = append(told, fmt.Sprintf("%s from %s for %s", s.Name, p.when(s.Start).Text, b.Took))
	}
	g.Bottom = float64(len(p.Steps)*rowHeight + 8)
	g.Height = g.Bottom + 24
	g.Desc = strings.Join(told, "; ")
	return g
}

// axis spans the run, so that both charts stand under each other.
func (p page) axis() axis {
	a := axis{p.Verdict.Started, p.Verdict.Ended}
	for _, s := range p.Steps {
		if s.Start.Before(a.start) {
			a.start = s.Start
		}
		if s.End.After(a.end) {
			a.end = s.End
		}
	}
	return a
}

func (p page) curve() *Curve {
	if len(p.Throughput) < 2 {
		return nil
	}
	a := p.axis()
	peak := 0.0
	for _, s := range p.Throughput {
		peak = math.Max(peak, s.Rate)
	}
	top := ceiling(peak)
	c := &Curve{Height: curveHeight + 32, Bottom: curveHeight + 8, Ticks: a.ticks(p.zone), Peak: view.Rate(peak)}
	y := func(rate float64) float64 { return round(curveHeight + 8 - curveHeight*rate/top) }
	var points []string
	for _, s := range thin(p.Throughput, chartWidth) {
		points = append(points, fmt.Sprintf("%g,%g", a.x(s.At), y(s.Rate)))
	}
	c.Line = strings.Join(points, " ")
	first, last := p.Throughput[0].At, p.Throughput[len(p.Throughput)-1].At
	c.Area = fmt.Sprintf("%g,%g %s %g,%g", a.x(first), c.Bottom, c.Line, a.x(last), c.Bottom)
	for i := range 3 {
		level := top * float64(i) / 2
		c.Levels = append(c.Levels, Tick{y(level), view.Rate(level)})
	}
	c.Desc = fmt.Sprintf("bytes per second over the run; at most %s", c.Peak)
	return c
}

// ceiling is the next round number, for the top of an axis.
func ceiling(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8} {
		if v <= m*power {
			return m * power
		}
	}
	return 10 * power
}

// thin leaves at most n samples: the mean of neighbours that would share a point.
func thin(all []Sample, n int) []Sample {
	if len(all) <= n {
		return all
	}
	out := make([]Sample, 0, n)
	for i := range n {
		part := all[i*len(all)/n : (i+1)*len(all)/n]
		sum := 0.0
		for _, s := range part {
			sum += s.Rate
		}
		out = append(out, Sample{part[len(part)-1].At, sum / float64(len(part))})
	}
	return out
}

func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n/2-1]) + ".." + string(r[len(r)-n/2+1:])
	}
	return s
}
