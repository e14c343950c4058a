package flow

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/fault"
)

// Pos is a place in a file. Line and Column count from 1, columns in
// characters; Line 0 means that File alone says where: "--workers".
type Pos struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Line is a line of a file as it stands there.
type Line struct {
	Number int    `json:"number"`
	Text   string `json:"text"`
}

// Diagnostic is one thing wrong with what the user wrote. Source holds the
// line of Pos and the one before it; Width characters from Pos.Column on are
// what is meant. The first of Next belongs behind the caret.
type Diagnostic struct {
	Pos    Pos      `json:"pos"`
	Code   string   `json:"code"`
	Text   string   `json:"text"`
	Next   []string `json:"next,omitempty"`
	Source []Line   `json:"source,omitempty"`
	Width  int      `json:"width,omitempty"`
}

// String is the diagnostic in one line: place, text and code.
func (d Diagnostic) String() string {
	if d.Pos.File == "" {
		return fmt.Sprintf("%s [%s]", d.Text, d.Code)
	}
	return fmt.Sprintf("%s: %s [%s]", d.Pos, d.Text, d.Code)
}

// Diagnostics is everything wrong at once, sorted by file and position. An
// empty list is no error: return it as one through Err.
type Diagnostics []Diagnostic

// Err is nil when there are none. The error is of kind config and carries the
// first one's code for package fault.
func (ds Diagnostics) Err() error {
	if len(ds) == 0 {
		return nil
	}
	return ds
}

func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the error's kind, code and next steps.
func (ds Diagnostics) Unwrap() error {
	if len(ds) == 0 {
		return nil
	}
	e := fault.New(fault.Config, ds[0].Code, "%s", ds.Error())
	for _, next := range ds[0].Next {
		e.Hint("%s", next)
	}
	return e
}

// sorted is the list by position, each diagnostic once.
func (ds Diagnostics) sorted() Diagnostics {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		if c := strings.Compare(a.Pos.File, b.Pos.File); c != 0 {
			return c
		}
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Column - b.Pos.Column
	})
	return slices.CompactFunc(ds, func(a, b Diagnostic) bool {
		return a.Pos == b.Pos && a.Code == b.Code && a.Text == b.Text
	})
}

// source is a file's text, for positions and for the lines of a diagnostic.
type source struct {
	name  string
	lines []string
	shown []string // lines without what looks like a secret
}

func newSource(name, text string) *source {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
	}
	return &source{name, lines, masked(lines)}
}

// spot is a place with what is needed to show it.
type spot struct {
	file  *source
	pos   Pos
	width int
}

// at is a spot in the file, moved inside it where a parser points behind it.
func (f *source) at(line, column, width int) spot {
	line = min(max(line, 1), len(f.lines))
	length := len([]rune(f.lines[line-1]))
	column = min(max(column, 1), length+1)
	return spot{f, Pos{f.name, line, column}, max(1, min(width, length+1-column))}
}

// problems collects diagnostics.
type problems struct{ list Diagnostics }

func (p *problems) add(s spot, code, text string, next ...string) {
	d := Diagnostic{Pos: s.pos, Code: code, Text: text, Next: next, Width: s.width}
	if s.file != nil && s.pos.Line > 0 {
		for n := max(1, s.pos.Line-1); n <= s.pos.Line; n++ {
			d.Source = append(d.Source, Line{n, s.file.shown[n-1]})
		}
	}
	p.list = append(p.list, d)
}
