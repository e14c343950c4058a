package view

import (
	"strconv"
	"strings"
	"time"

	"godwit/internal/ui/layout"
)

// Plan is what a run would do. The decision is in its last two lines.
type Plan struct {
	Now      time.Time
	Hash     string
	Run      string // command that runs exactly this
	Steps    []PlanStep
	Destroys Destroys
	LeftOut  LeftOut
	Omitted  []string // what else is left out
	Outlived []string // aliases that steps told which are gone
	Retyped  []string // columns that have another type at the target
	Since    *Since   // against an earlier run
	Decides  *Decides
	Window   string // Fri 20:00 for 24 h
	Forecast Forecast
	Basis    Basis
}

// PlanStep is one row of the plan.
type PlanStep struct {
	Step  string // copy old -> new
	Makes string // 63 schemas, 412 tables
	Units int64
	Bytes int64
	Takes time.Duration // 0 = not known
	Load  *Load         // of a step that reads records
	Notes []StepNote    // of any other step, with its name
}

// Destroys is what would be lost at a target.
type Destroys struct {
	On     string
	How    string  // "are truncated (existing: truncate)"
	Rows   int64   // as the target's statistics have it
	Tables []Named // largest first; N is -1 where there are no statistics
	Gone   []Named // of them those that the source does not have: not made again
	All    bool    // list all of them, not two
	Some   bool    // only rows of them go, which ones is not known before
	Blobs  []uint32
	Lost   []Loss // how much is not known before the run
}

// Loss is what a step takes away.
type Loss struct{ Step, On, What string }

// nothing reports whether a target loses nothing.
func (d Destroys) nothing() bool {
	return d.Rows == 0 && len(d.Tables) == 0 && len(d.Blobs) == 0 && len(d.Lost) == 0
}

// blobs names the large objects.
func (d Destroys) blobs() string {
	const few = 5
	var list []string
	for _, oid := range d.Blobs {
		if len(list) == few && !d.All {
			list = append(list, Count(len(d.Blobs)-few)+" more")
			break
		}
		list = append(list, strconv.FormatUint(uint64(oid), 10))
	}
	return Plural(len(d.Blobs), "large object") + ": " + strings.Join(list, ", ")
}

func (l Loss) on() string {
	if l.On == "" {
		return ""
	}
	return "on " + l.On
}

// What is what would be lost, in one line; "" of nothing.
func (d Destroys) What() string {
	var all []string
	if counted := d.counted(); counted != "" {
		all = append(all, counted)
	}
	for _, l := range d.Lost {
		all = append(all, strings.TrimSpace(l.Step+" may destroy "+l.on())+": "+l.What)
	}
	return strings.Join(all, "; ")
}

func (d Destroys) counted() string {
	if len(d.Tables)+len(d.Blobs) == 0 {
		return ""
	}
	var parts []string
	if len(d.Tables) > 0 {
		parts = append(parts, Plural(len(d.Tables), "table"))
	}
	if len(d.Blobs) > 0 {
		parts = append(parts, d.blobs())
	}
	how := d.How
	if len(d.Tables)+len(d.Blobs) == 1 {
		how = "is" + strings.TrimPrefix(how, "are")
	}
	return strings.Join(parts, " and ") + " of " + d.On + " " + how
}

// Named is a number with a name.
type Named struct {
	Name string
	N    int64
}

// LeftOut is what the selection does not take.
type LeftOut struct {
	What   string // schemas audit, tmp
	Tables int64
	Bytes  int64
	Why    string // not in include
}

// Since compares tables with an earlier run's.
type Since struct {
	Run                                  string
	Added, Columns, Changed, Gone, Equal int64
}

// Decides is the table that the end waits for.
type Decides struct {
	Object    string
	Bytes     int64
	Copy      time.Duration
	Indexes   int64
	IndexTime time.Duration
}

// Basis is what a forecast rests on.
type Basis struct {
	Runs  int64
	Error float64 // of the last forecast, share of its length; positive = too short
}

func (p Plan) units() (units, size int64, takes time.Duration) {
	for _, s := range p.Steps {
		units += s.Units
		size = max(size, s.Bytes)
		takes += s.Takes
	}
	return units, size, takes
}

// Draw is Screen's.
func (p Plan) Draw(edge int) []string {
	lines := p.table()
	var notes []string
	note := func(label, text, more string) {
		line := layout.Left(label, 21) + text
		notes = append(notes, layout.Wrap("", layout.Aside(line, more, 79, edge), 21, edge)...)
	}
	for _, s := range p.Steps {
		if s.Load != nil {
			if len(s.Load.Writes) > 0 {
				note(s.Load.Step+" "+s.Load.Does(), s.Load.Tables(), "")
			}
			for _, n := range s.Load.Notes {
				note(s.Load.Step+" "+n.Label, n.Text, "")
			}
		}
		for _, n := range s.Notes {
			note(n.Label, n.Text, "")
		}
	}
	if d := p.Destroys; d.Rows > 0 || len(d.Tables) > 0 {
		text := Plural(len(d.Tables), "table") + " " + d.How
		if !d.Some {
			text = d.rows() + " in " + text
		}
		note("destroys on "+d.On, text, "")
		listed, more := 2, "--show destroys"
		if d.All || len(d.Tables) <= listed {
			listed, more = len(d.Tables), ""
		}
		note("", some(d.Tables, listed), more)
		if len(d.Gone) > 0 {
			note("and not made again", some(d.Gone, max(5, listed))+": the source does not have them", "")
		}
	}
	if d := p.Destroys; len(d.Blobs) > 0 {
		note("destroys on "+d.On, d.blobs(), "")
	}
	for _, l := range p.Destroys.Lost {
		note(strings.TrimSpace("may destroy "+l.on()), l.Step+": "+l.What, "")
	}
	if l := p.LeftOut; l.Tables > 0 {
		note("leaves out", l.What+": "+Plural(l.Tables, "table")+", "+Size(l.Bytes)+", "+l.Why, "")
	}
	if len(p.Retyped) > 0 {
		note("other types", strings.Join(p.Retyped, ", "), "")
	}
	for _, o := range p.Omitted {
		note("leaves out", o, "")
	}
	for _, o := range p.Outlived {
		note("aliases", o, "")
	}
	if s := p.Since; s != nil {
		note("since "+s.Run, s.text(), "")
	}
	_, size, _ := p.units()
	if d := p.Decides; d != nil {
		text := d.Object + ", " + SizeOf(d.Bytes, size)
		if d.Copy > 0 {
			text += ": copy " + About(d.Copy)
			if d.Indexes > 0 {
				text += ", then " + Plural(d.Indexes, "index") + " " + About(d.IndexTime)
			}
		}
		note("decides the end", text, "")
	}
	if p.Window != "" {
		note("window", p.Window+": "+p.Forecast.whole(p.Now), "")
	}
	if len(notes) > 0 {
		lines = append(append(lines, ""), notes...)
	}
	return append(append(lines, ""), p.decision(edge)...)
}

func (p Plan) table() []string {
	_, _, takes := p.units()
	columns := []layout.Column{{Head: "step"}, {Head: "makes"}, {Head: "units", Right: true, Least: 7},
		{Head: "size", Right: true, Least: 7}, {Head: "forecast", Right: true}}
	if takes == 0 {
		columns = columns[:4]
	}
	var rows [][]string
	for i, s := range p.Steps {
		row := []string{Count(i+1) + " " + s.Step, s.Makes, Count(s.Units), Size(s.Bytes), "unknown"}
		if s.Takes > 0 {
			row[4] = About(s.Takes)
		}
		rows = append(rows, row[:len(columns)])
	}
	return layout.Table(columns, rows)
}

func (p Plan) decision(edge int) []string {
	units, size, takes := p.units()
	parts := []string{Plural(len(p.Steps), "step"), Plural(units, "unit"), Size(size)}
	switch {
	case p.Destroys.Some:
		parts = append(parts, "destroys rows of "+Plural(len(p.Destroys.Tables), "table"))
	case len(p.Destroys.Tables) > 0 && p.Destroys.unknown() == 0 && p.Destroys.Rows == 0:
		parts = append(parts, "destroys "+Plural(len(p.Destroys.Tables), "empty table"))
	case len(p.Destroys.Tables) > 0 && p.Destroys.unknown() > 0:
		parts = append(parts, "destroys "+Plural(len(p.Destroys.Tables), "table"))
	case p.Destroys.Rows > 0:
		parts = append(parts, "destroys "+Plural(p.Destroys.Rows, "row"))
	case p.Destroys.nothing():
		parts = append(parts, "destroys nothing")
	}
	if n := len(p.Destroys.Blobs); n > 0 {
		parts = append(parts, "destroys "+Plural(n, "large object"))
	}
	if n := len(p.Destroys.Lost); n > 0 {
		parts = append(parts, "may destroy in "+Plural(n, "step"))
	}
	basis := "No forecast before 3 units of a class are done."
	if takes > 0 {
		parts = append(parts, "about "+About(takes))
		basis = "Forecast from " + Plural(p.Basis.Runs, "run")
		switch e := p.Basis.Error; {
		case e > 0:
			basis += ", the last " + Percent(e) + " too short."
		case e < 0:
			basis += ", the last " + Percent(-e) + " too long."
		default:
			basis += "."
		}
	}
	lines := []string{"Plan " + p.Hash + ": " + strings.Join(parts, ", ") + "."}
	if run := basis + " Run this: " + p.Run; p.Run != "" && layout.Width(run) <= edge {
		return append(lines, run)
	}
	if p.Run == "" {
		return append(lines, basis)
	}
	return append(lines, basis, "Run this: "+p.Run)
}

// unknown counts the tables whose rows nobody has counted.
func (d Destroys) unknown() int {
	n := 0
	for _, t := range d.Tables {
		if t.N < 0 {
			n++
		}
	}
	return n
}

func (d Destroys) rows() string {
	switch n := d.unknown(); {
	case n == len(d.Tables):
		return "an unknown number of rows"
	case n > 0:
		return "more than " + Plural(d.Rows, "row")
	}
	return Plural(d.Rows, "row")
}

// some names the first ones with their numbers and counts the rest.
func some(all []Named, n int) string {
	var parts []string
	for _, a := range all[:min(n, len(all))] {
		if a.N < 0 {
			parts = append(parts, a.Name+" (not counted)")
			continue
		}
		parts = append(parts, a.Name+" "+Count(a.N))
	}
	if len(all) > n {
		parts = append(parts, Count(len(all)-n)+" more")
	}
	return strings.Join(parts, ", ")
}

func (s Since) text() string {
	var parts []string
	if s.Added > 0 {
		parts = append(parts, "+ "+Plural(s.Added, "table"))
	}
	if s.Changed > 0 {
		parts = append(parts, "~ "+Plural(s.Columns, "column")+" of "+Plural(s.Changed, "table"))
	}
	if s.Gone > 0 {
		parts = append(parts, "- "+Plural(s.Gone, "table"))
	}
	return strings.Join(append(parts, Count(s.Equal)+" as before"), ", ")
}
