package source

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

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

// Faults are the diagnostics one by one, each with its place and next steps.
func (ds Diagnostics) Faults() (all []error) {
	for _, d := range ds {
		e := fault.New(fault.Config, d.Code, "%s: %s", d.Pos, d.Text)
		for _, next := range d.Next {
			e.Hint("%s", next)
		}
		all = append(all, e)
	}
	return all
}

// Sorted is the list by position, each diagnostic once.
func (ds Diagnostics) Sorted() Diagnostics {
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

// File is a file's text, for positions and for the lines of a diagnostic.
type File struct {
	name  string
	lines []string
	shown func() []string // lines without what looks like a secret
}

func newSource(name, text string) *File {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSuffix(l, "\r")
	}
	return &File{name, lines, sync.OnceValue(func() []string { return masked(lines) })}
}

// Text checks that a file is UTF-8 and holds nothing invisible, and gives it
// for positions. What is wrong is reported under the code.
func Text(name string, data []byte, code string, l *Problems) (*File, bool) {
	f := newSource(name, string(data))
	switch start := f.at(1, 1, 1); {
	case !utf8.Valid(data):
		l.Add(start, code, "the file is not UTF-8", "save it as UTF-8")
	case strings.ContainsAny(string(data), "\x00\ufeff"):
		l.Add(start, code, "the file holds a byte order mark or a NUL", "save it as UTF-8 without a byte order mark")
	default:
		return f, true
	}
	return f, false
}

// Spot is a place in the file: a line, from 1, and bytes of it.
func (f *File) Spot(line, offset, bytes int) Spot {
	line = min(max(line, 1), len(f.lines))
	text := f.lines[line-1]
	offset = min(max(offset, 0), len(text))
	end := min(max(offset+bytes, offset), len(text))
	return f.at(line, utf8.RuneCountInString(text[:offset])+1, utf8.RuneCountInString(text[offset:end]))
}

// Spot is a place with what is needed to show it.
type Spot struct {
	File  *File // nil: Pos alone says where
	Pos   Pos
	Width int
}

// at is a spot in the file, moved inside it where a parser points behind it.
func (f *File) at(line, column, width int) Spot {
	line = min(max(line, 1), len(f.lines))
	length := len([]rune(f.lines[line-1]))
	column = min(max(column, 1), length+1)
	return Spot{f, Pos{f.name, line, column}, max(1, min(width, length+1-column))}
}

// Problems collects diagnostics.
type Problems struct{ List Diagnostics }

func (p *Problems) Add(s Spot, code, text string, next ...string) {
	d := Diagnostic{Pos: s.Pos, Code: code, Text: text, Next: next, Width: s.Width}
	if s.File != nil && s.Pos.Line > 0 {
		for n := max(1, s.Pos.Line-1); n <= s.Pos.Line; n++ {
			d.Source = append(d.Source, Line{n, s.File.shown()[n-1]})
		}
	}
	p.List = append(p.List, d)
}

// Told reports whether something was refused at a spot already.
func (p *Problems) Told(at Spot) bool {
	return slices.ContainsFunc(p.List, func(d Diagnostic) bool { return d.Pos == at.Pos })
}

// Inside is the spot of a part of the spot's text, from a byte offset on; the
// spot itself when the file spells the text in another way.
func (s Spot) Inside(text, part string, offset int) Spot {
	if s.File == nil || s.Pos.Line == 0 || text == "" {
		return s
	}
	line := s.File.lines[s.Pos.Line-1]
	i := strings.Index(line, text)
	if i < 0 || strings.Count(line, text) > 1 {
		return s
	}
	return s.File.at(s.Pos.Line, utf8.RuneCountInString(line[:i+offset])+1, utf8.RuneCountInString(part))
}
