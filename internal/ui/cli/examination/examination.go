// Package examination is what doctor found, for people and for programs, and the
// statements that mend it. Start at Of.
package examination

import (
	"strings"
	"time"

	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
)

// Examination is what doctor found. Nothing was changed by it.
type Examination struct {
	Sides    []view.Side
	Loads    []view.Load    // steps that read records
	Findings []view.Finding // blocks first, then warns; those that are ok only with All
	Passed   []Passed       // checks that are ok, by where
	Took     time.Duration
	Command  string // as it was typed, for the line about --fixes
	All      bool
}

// Passed counts the checks that are ok.
type Passed struct {
	On    string // connection or flow
	Count int64
}

// count is how many findings there are of a severity.
func (e Examination) count(severity string) (n int64) {
	for _, f := range e.Findings {
		if f.Severity == severity {
			n++
		}
	}
	return n
}

// Draw is Screen's.
func (e Examination) Draw(edge int) []string {
	lines := append(view.Heads(e.Sides, edge), "")
	for _, l := range e.Loads {
		lines = append(lines, reads(l, edge)...)
	}
	if len(e.Loads) > 0 {
		lines = append(lines, "")
	}
	names := 3
	for _, f := range e.Findings {
		names = max(names, layout.Width(f.Connection))
	}
	fixes := false
	for _, f := range e.Findings {
		if e.All || f.Severity == "blocks" || f.Severity == "warns" {
			fixes = fixes || len(f.Fixes) > 0
			lines = append(lines, finding(f, names, edge)...)
		}
	}
	ok := int64(0)
	var where []string
	for _, p := range e.Passed {
		if ok += p.Count; p.Count > 0 {
			where = append(where, p.On+" "+view.Count(p.Count))
		}
	}
	if ok > 0 {
		line := layout.Left("ok", 8) + view.Plural(ok, "check") + " (" + strings.Join(where, ", ") + ")"
		if !e.All {
			line = layout.Aside(line, "--all", 84, edge)
		}
		lines = append(lines, line)
	}
	lines = append(lines, "", view.Count(e.count("blocks"))+" blocking, "+view.Plural(e.count("warns"), "warning")+
		", "+view.Count(ok)+" ok in "+view.Span(e.Took)+". Nothing was changed.")
	if fixes {
		lines = append(lines, "All fixes in one file: "+e.Command+" --fixes > fixes.sql")
	}
	return lines
}

// reads is a step that reads records.
func reads(l view.Load, edge int) []string {
	indent := 8 + max(3, layout.Width(l.Step)) + 2
	text := l.Reads() + " in " + view.Plural(l.Parts, "unit")
	switch len(l.Key) {
	case 0:
		text += ", without a key"
	default:
		text += ", by key " + strings.Join(l.Key, ", ")
	}
	lines := layout.Wrap(layout.Left("reads", 8)+layout.Left(l.Step, indent-8), text, indent, edge)
	return append(lines, layout.Wrap(layout.Left(l.Does(), indent), l.Tables(), indent, edge)...)
}

func finding(f view.Finding, names, edge int) []string {
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
		lines = append(lines, layout.Labelled(label, fix, indent, 10)...)
	}
	for i, or := range f.Or {
		label, text := wayOut(or, i == 0, len(f.Fixes) > 0)
		lines = append(lines, layout.Labelled(label, text, indent, 10)...)
	}
	if f.Position != "" && len(lines) > 0 {
		last := len(lines) - 1
		lines[last] = layout.Aside(lines[last], f.Position, 77, edge)
	}
	return lines
}

// wayOut is a way out of a finding with its label: other than the fix, or what comes
// next where there is none, as faults have it.
func wayOut(words string, first, other bool) (label, text string) {
	named, rest, ok := strings.Cut(words, ": ")
	if ok = ok && layout.Width(named) <= 12; ok {
		words = rest
	}
	switch {
	case ok && other:
		return "or " + named, words
	case ok:
		return named, words
	case other:
		return "or", words
	case first:
		return "next", words
	}
	return "", words
}
