package view

import (
	"sort"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/ui/layout"
)

// Problem is one fault: its first line alone is enough for a log.
type Problem struct{ fault.Fault }

// Draw is Screen's.
func (p Problem) Draw(edge int) []string {
	const indent = 11
	text := p.Text
	if p.Code != "" {
		text += " [" + p.Code + "]"
	}
	lines := strings.Split(text, "\n")
	row := func(label, text string) {
		for _, t := range strings.Split(text, "\n") {
			lines = append(lines, layout.Wrap("  "+layout.Left(label, max(indent-2, layout.Width(label)+1)), t, indent, edge)...)
			label = ""
		}
	}
	for _, l := range p.Lines {
		row(l.Label, l.Text)
	}
	for i, n := range p.Next {
		if i == 0 {
			row("next", n)
			continue
		}
		row("", n)
	}
	return lines
}

// Problems are what is wrong with a flow, all at once. Sources holds the files
// by name, for the excerpts.
type Problems struct {
	All     []Diagnostic
	Sources map[string]string
	Exit    int
}

// Diagnostic is one thing wrong at a place in a file. Lines and columns count
// from 1; Length is what is underlined, 0 = nothing is shown of the file.
type Diagnostic struct {
	File         string
	Line, Column int
	Length       int
	Text         string
	Code         string
	Next         string // beside the caret: did you mean existing?
}

// Draw is Screen's.
func (p Problems) Draw(edge int) []string {
	all := append([]Diagnostic(nil), p.All...)
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
	var lines []string
	for _, d := range all {
		lines = append(lines, d.lines(p.Sources[d.File], edge)...)
	}
	return append(lines, layout.Aside(Plural(len(all), "error")+", nothing was started.", "exit "+strconv.Itoa(p.Exit), 90, edge))
}

func (d Diagnostic) lines(source string, edge int) []string {
	where := d.File
	if d.Line > 0 {
		where += ":" + strconv.Itoa(d.Line) + ":" + strconv.Itoa(d.Column)
	}
	lines := []string{where + ": " + d.Text + " [" + d.Code + "]"}
	text := strings.Split(strings.ReplaceAll(source, "\t", " "), "\n")
	if d.Length <= 0 || d.Line < 1 || d.Line > len(text) || source == "" {
		if d.Next != "" {
			lines = append(lines, "      "+d.Next)
		}
		return lines
	}
	for n := max(1, d.Line-1); n <= d.Line; n++ {
		if line := strings.TrimRight(text[n-1], "\r"); n == d.Line || strings.TrimSpace(line) != "" {
			lines = append(lines, layout.Cut(layout.Right(strconv.Itoa(n), 5)+" | "+line, edge))
		}
	}
	caret := strings.Repeat(" ", max(0, d.Column-1)) + strings.Repeat("^", d.Length)
	return append(lines, strings.TrimRight("      | "+caret+" "+d.Next, " "))
}
