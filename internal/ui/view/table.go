package view

import (
	"strings"
	"unicode"
)

// column is one column of a table: its head, where its cells stand, and the
// width it has at least.
type column struct {
	head  string
	right bool
	least int
	most  int // names longer than that are cut in the middle; 0 = never
}

// table aligns rows under heads, two spaces apart. The last column is not
// padded. A table without heads prints rows only.
func table(columns []column, rows [][]string) []string {
	widths := make([]int, len(columns))
	heads := make([]string, len(columns))
	for i, c := range columns {
		heads[i] = c.head
		widths[i] = max(c.least, width(c.head))
		for _, r := range rows {
			r[i] = middle(r[i], c.most)
			widths[i] = max(widths[i], width(r[i]))
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
			if c.right {
				b.WriteString(right(r[i], widths[i]))
			} else {
				b.WriteString(left(r[i], widths[i]))
			}
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// left pads s with spaces up to n columns, right puts them in front.
func left(s string, n int) string  { return s + strings.Repeat(" ", max(0, n-width(s))) }
func right(s string, n int) string { return strings.Repeat(" ", max(0, n-width(s))) + s }

// aside puts text at a column of a line, further left when it would pass the
// edge, at least three spaces after the line.
func aside(line, text string, at, edge int) string {
	if text == "" {
		return line
	}
	at = min(at, edge-width(text))
	return line + strings.Repeat(" ", max(3, at-width(line))) + text
}

// middle cuts a name to n columns by taking out its middle; 0 leaves it whole.
func middle(s string, n int) string {
	if n <= 0 || width(s) <= n {
		return s
	}
	if n <= 2 {
		return head(s, n)
	}
	front := head(s, (n-1)/2)
	return front + ".." + tail(s, n-2-width(front))
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

// wrap breaks text at spaces so that no line passes the edge; later lines are
// indented. Words longer than a line stay whole.
func wrap(first, text string, indent, edge int) []string {
	var lines []string
	line := first
	fresh := true
	for _, word := range strings.Split(text, " ") {
		switch {
		case fresh:
			line += word
		case width(line)+1+width(word) > edge:
			lines = append(lines, line)
			line = strings.Repeat(" ", indent) + word
		default:
			line += " " + word
		}
		fresh = false
	}
	return append(lines, line)
}

// fit joins parts with a separator and leaves out the last ones that do not fit.
func fit(edge int, separator string, parts ...string) string {
	line := ""
	for i, p := range parts {
		switch {
		case p == "":
			continue
		case i == 0:
			line = p
		case width(line)+len(separator)+width(p) > edge:
			return line
		default:
			line += separator + p
		}
	}
	return line
}

// cut ends a line at the edge.
func cut(s string, edge int) string {
	if width(s) <= edge {
		return s
	}
	return head(s, edge-2) + ".."
}

// clean replaces what a terminal would obey or reorder: control characters,
// line breaks and marks of direction in names, statements and messages.
func clean(s string) string {
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

// width counts the columns that a terminal gives to s.
func width(s string) int {
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
