package view

import (
	"strings"
	"time"

	"godwit/internal/ui/layout"
)

// Doctor is what an examination found. Nothing was changed by it.
type Doctor struct {
	Sides    []Side
	Loads    []Load    // steps that read records
	Findings []Finding // blocks first, then warns; those that are ok only with All
	Passed   []Passed  // checks that are ok, by where
	Took     time.Duration
	Command  string // as it was typed, for the line about --fixes
	All      bool
}

// Side is one of the systems. Tables is 0 for a target that is not copied from.
type Side struct {
	Name     string // of the connection: old
	System   string // postgres
	Version  string
	Database string
	Tables   int64
	Schemas  int64
	Bytes    int64
}

// Passed counts the checks that are ok.
type Passed struct {
	On    string // connection or flow
	Count int64
}

func (s Side) String() string {
	text := s.Name + "  " + strings.TrimSpace(s.System+" "+s.Version) + "  " + s.Database
	if s.Tables > 0 {
		text += "  " + Plural(s.Tables, "table") + " in " + Plural(s.Schemas, "schema") + ", " + Size(s.Bytes)
	}
	return text
}

// Heads puts sides beside each other, or below when they are too long.
func Heads(sides []Side, edge int) []string {
	var lines []string
	for _, s := range sides {
		if n := len(lines); n > 0 && layout.Width(lines[n-1])+8+layout.Width(s.String()) <= edge {
			lines[n-1] += "        " + s.String()
			continue
		}
		lines = append(lines, s.String())
	}
	return lines
}

// Draw is Screen's.
func (d Doctor) Draw(edge int) []string {
	lines := append(Heads(d.Sides, edge), "")
	for _, l := range d.Loads {
		lines = append(lines, l.lines(edge)...)
	}
	if len(d.Loads) > 0 {
		lines = append(lines, "")
	}
	names := 3
	for _, f := range d.Findings {
		names = max(names, layout.Width(f.Connection))
	}
	var blocks, warns, ok int64
	fixes := false
	for _, p := range d.Passed {
		ok += p.Count
	}
	for _, f := range d.Findings {
		switch f.Severity {
		case "blocks":
			blocks++
		case "warns":
			warns++
		default:
			if !d.All {
				continue
			}
		}
		fixes = fixes || len(f.Fixes) > 0
		lines = append(lines, f.lines(names, edge)...)
	}
	if ok > 0 {
		var where []string
		for _, p := range d.Passed {
			where = append(where, p.On+" "+Count(p.Count))
		}
		line := layout.Left("ok", 8) + Plural(ok, "check") + " (" + strings.Join(where, ", ") + ")"
		if !d.All {
			line = layout.Aside(line, "--all", 84, edge)
		}
		lines = append(lines, line)
	}
	lines = append(lines, "", Count(blocks)+" blocking, "+Plural(warns, "warning")+
		", "+Count(ok)+" ok in "+Span(d.Took)+". Nothing was changed.")
	if fixes {
		lines = append(lines, "All fixes in one file: "+d.Command+" --fixes > fixes.sql")
	}
	return lines
}

func (f Finding) lines(names, edge int) []string {
	const indent = 13
	first := layout.Left(f.Severity, 8) + layout.Left(f.Connection, names+2)
	lines := layout.Wrap(first, f.Text, indent, edge)
	if f.More != "" {
		lines[len(lines)-1] = layout.Aside(lines[len(lines)-1], f.More, 84, edge)
	}
	for i, fix := range f.Fixes {
		label := ""
		if i == 0 {
			label = "fix on " + f.Connection
		}
		lines = append(lines, labelled(label, fix, indent, 10)...)
	}
	for _, or := range f.Or {
		label, text := "or", or
		if l, t, ok := strings.Cut(or, ": "); ok && layout.Width(l) <= 12 {
			label, text = "or "+l, t
		}
		lines = append(lines, labelled(label, text, indent, 10)...)
	}
	if f.Position != "" && len(lines) > 0 {
		last := len(lines) - 1
		lines[last] = layout.Aside(lines[last], f.Position, 77, edge)
	}
	return lines
}

// labelled writes text of one or more lines beside its label.
func labelled(label, text string, indent, least int) []string {
	var lines []string
	for i, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if i > 0 {
			label = strings.Repeat(" ", layout.Width(label))
		}
		lines = append(lines, strings.Repeat(" ", indent)+layout.Left(label, least)+"   "+l)
	}
	return lines
}
