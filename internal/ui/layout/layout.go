// Package layout puts text into columns and lines: tables, wrapped text, names
// cut in the middle. It measures in columns of a terminal. Start reading at Table.
package layout

import (
	"strings"
	"unicode"
)

// Column is one column of a table: its head, where its cells stand, and the
// width it has at least.
type Column struct {
	Head  string
	Right bool
	Least int
	Most  int // names longer than that are cut in the middle; 0 = never
}

// Table aligns rows under heads, two spaces apart. The last column is not
// padded. A table without heads prints rows only.
func Table(columns []Column, rows [][]string) []string {
	widths := make([]int, len(columns))
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = c.Head
		widths[i] = max(c.Least, Width(c.Head))
		for _, r := range rows {
			r[i] = Middle(r[i], c.Most)
			widths[i] = max(widths[i], Width(r[i]))
		}
	}
	all := rows
	if strings.Join(heads, "") != "" {
		all = append([][]string{heads}, rows...)
	}
	lines := make([]string, 0, len(all))
	for _, r := range all {
		var b strings.Builder
		for i, c := range columns {
			if i > 0 {
				b.WriteString("  ")
			}
			if c.Right {
				b.WriteString(Right(r[i], widths[i]))
			} else {
				b.WriteString(Left(r[i], widths[i]))
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// Left pads s with spaces up to n columns.
func Left(s string, n int) string { return s + strings.Repeat(" ", max(0, n-Width(s))) }

// Right puts spaces in front of s up to n columns.
func Right(s string, n int) string { return strings.Repeat(" ", max(0, n-Width(s))) + s }

// Aside puts text at a column of a line, further left when it would pass the
// edge, at least three spaces after the line.
func Aside(line, text string, at, edge int) string {
	if text == "" {
		return line
	}
	at = min(at, edge-Width(text))
	return line + strings.Repeat(" ", max(3, at-Width(line))) + text
}

// Middle cuts a name to n columns by taking out its middle; 0 leaves it whole.
func Middle(s string, n int) string {
	if n <= 0 || Width(s) <= n {
		return s
	}
	if n <= 2 {
		return head(s, n)
	}
	front := head(s, (n-1)/2)
	return front + ".." + tail(s, n-2-Width(front))
}

func head(s string, n int) string {
	for i, r := range s {
		if n -= runeWidth(r); n < 0 {
			return s[:i]
		}
	}
	return s
}

func tail(s string, n int) string {
	runes := []rune(s)
	i := len(runes)
	for i > 0 && n >= runeWidth(runes[i-1]) {
		i--
		n -= runeWidth(runes[i])
	}
	return string(runes[i:])
}

// Wrap breaks text at spaces so that no line passes the edge; later lines are
// indented. Words longer than a line stay whole.
func Wrap(first, text string, indent, edge int) []string {
	var lines []string
	line := first
	fresh := true
	for _, word := range strings.Split(text, " ") {
		switch {
		case fresh:
			line += word
		case Width(line)+1+Width(word) > edge:
			lines = append(lines, line)
			line = strings.Repeat(" ", indent) + word
		default:
			line += " " + word
		}
		fresh = false
	}
	return append(lines, line)
}

// Labelled writes text of one or more lines beside its label, which has at least so many columns.
func Labelled(label, text string, indent, least int) []string {
	var lines []string
	for i, l := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if i > 0 {
			label = strings.Repeat(" ", Width(label))
		}
		lines = append(lines, strings.Repeat(" ", indent)+Left(label, least)+"   "+l)
	}
	return lines
}

// Fit joins parts with a separator and leaves out the last ones that do not fit.
func Fit(edge int, separator string, parts ...string) string {
	line := ""
	for i, p := range parts {
		switch {
		case p == "":
			continue
		case i == 0:
			line = p
		case Width(line)+len(separator)+Width(p) > edge:
			return line
		default:
			line += separator + p
		}
	}
	return line
}

// Cut ends a line at the edge.
func Cut(s string, edge int) string {
	if Width(s) <= edge {
		return s
	}
	return head(s, edge-2) + ".."
}

// Clean replaces what a terminal would obey or reorder: control characters,
// line breaks and marks of direction in names, statements and messages.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r == unicode.ReplacementChar, unicode.IsControl(r), unicode.Is(unicode.Cf, r),
			r == '\u2028', r == '\u2029':
			return '?'
		}
		return r
	}, s)
}

// Width counts the columns that a terminal gives to s.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

// runeWidth follows the wide ranges of Unicode's East Asian Width (UAX 11).
func runeWidth(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r):
		return 0
	case r < 0x1100:
		return 1
	case r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6,
		r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}
