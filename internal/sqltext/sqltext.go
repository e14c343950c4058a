// Package sqltext steps through SQL as far as one must know it to find
// something in a statement: where white space, comments, literals and names
// begin and end. It knows no word of the language. Start at Grammar.Next.
package sqltext

import (
	"strings"

	"godwit/internal/fault"
)

// Grammar is what systems write differently. In all of them a quote that stands
// twice does not end what it began, and "a b" is a literal or a name.
type Grammar struct {
	Backslash bool // '\'' is one literal
	Backtick  bool // `a b` is a name
	Brackets  bool // [a b] is a name
	Hash      bool // # begins a comment, -- only before white space
	// Postgres: comments hold comments, and those of a line end at \r too; E'\'' and
	// $x$ ... $x$ are literals; $ may stand in a word.
	Postgres bool
}

// Any is for a statement whose system is not known: PostgreSQL's, and names between
// backticks. Brackets are no quotes in it, since they are subscripts there.
var Any = Grammar{Backtick: true, Postgres: true}

// Kind is what a piece of a statement is.
type Kind int

// The kinds. A sign is one byte, also of those that mean something together.
const (
	Blank   Kind = iota // white space or a comment
	Literal             // a string that is no name in any grammar
	Quoted              // "a b", `a b`, [a b]
	Word
	Number
	Sign
)

// Next is the kind and length of the piece that text begins with. Text is not
// empty; what is not closed reaches to its end.
func (g Grammar) Next(text string) (Kind, int) {
	if n := g.blank(text); n > 0 {
		return Blank, n
	}
	c := text[0]
	switch {
	case c == '\'':
		return Literal, quoted(text, g.Backslash)
	case c == '"':
		return Quoted, quoted(text, g.Backslash)
	case c == '`' && g.Backtick:
		return Quoted, quoted(text, false)
	case c == '[' && g.Brackets:
		return Quoted, until(text, 1, "]")
	case letter(c):
		n := g.word(text)
		if g.Postgres && n < len(text) && text[n] == '\'' && strings.EqualFold(text[:n], "e") {
			return Literal, n + escaped(text[n:])
		}
		return Word, n
	case digit(c) || c == '.' && len(text) > 1 && digit(text[1]):
		n := 1
		for n < len(text) && (letter(text[n]) || digit(text[n]) || text[n] == '.') {
			n++
		}
		return Number, n
	case c == '$' && g.Postgres:
		if n := tag(text); n > 0 {
			return Literal, until(text, n, text[:n])
		}
	}
	return Sign, 1
}

// blank is the length of one byte of white space, or of a comment.
func (g Grammar) blank(s string) int {
	switch {
	case strings.IndexByte(" \t\r\n\f\v", s[0]) >= 0:
		return 1
	case strings.HasPrefix(s, "/*"):
		if g.Postgres {
			return nested(s)
		}
		return until(s, 2, "*/")
	case strings.HasPrefix(s, "--") && (!g.Hash || len(s) == 2 || s[2] <= ' '), s[0] == '#' && g.Hash:
		if g.Postgres {
			return line(s, "\r\n")
		}
		return line(s, "\n")
	}
	return 0
}

// word is the length of a word: letters, and digits but for the first byte.
func (g Grammar) word(s string) int {
	n := 0
	for n < len(s) && (letter(s[n]) || n > 0 && (digit(s[n]) || g.Postgres && s[n] == '$')) {
		n++
	}
	return n
}

// line is the length up to a line's end, which is not part of its comment.
func line(s, ends string) int {
	if n := strings.IndexAny(s, ends); n >= 0 {
		return n
	}
	return len(s)
}

// nested is the length of a comment that may hold others.
func nested(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s[i:], "*/"):
			i++
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// until is the length up to the end of what ends something, looked for from a
// byte on.
func until(s string, from int, end string) int {
	if n := strings.Index(s[from:], end); n >= 0 {
		return from + n + len(end)
	}
	return len(s)
}

// quoted is the length up to the closing quote, which is the first byte.
func quoted(s string, escapes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escapes:
			i++
		case s[i] == s[0] && i+1 < len(s) && s[i+1] == s[0]:
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return len(s)
}

// escaped is the length of a literal with escapes: they go on in its parts on
// later lines.
func escaped(s string) int {
	n := quoted(s, true)
	for {
		gap := continued(s[n:])
		if gap == 0 {
			return n
		}
		n += gap
		n += quoted(s[n:], true)
	}
}

// continued is what lies before a literal's next part, 0 when there is none: a
// line must end in between.
func continued(s string) int {
	gap, ended := 0, false
	for gap < len(s) {
		switch {
		case strings.HasPrefix(s[gap:], "--"):
			gap += line(s[gap:], "\r\n")
		case strings.IndexByte(" \t\r\n\f\v", s[gap]) >= 0:
			ended = ended || s[gap] == '\n' || s[gap] == '\r'
			gap++
		case ended && s[gap] == '\'':
			return gap
		default:
			return 0
		}
	}
	return 0
}

// tag is the length of $$ or $x$, 0 for none.
func tag(s string) int {
	n := 1
	for n < len(s) && (letter(s[n]) || n > 1 && digit(s[n])) {
		n++
	}
	if n == len(s) || s[n] != '$' {
		return 0
	}
	return n + 1
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// Name is the longest dotted name at the beginning of a text that is known,
// else its first part.
func Name(text string, known func(string) bool) string {
	var g Grammar // a $ is no part of it
	best, end := text[:g.word(text)], 0
	for {
		n := end + g.word(text[end:])
		if n == end {
			return best
		}
		if known(text[:n]) {
			best = text[:n]
		}
		if n >= len(text) || text[n] != '.' {
			return best
		}
		end = n + 1
	}
}

// Place is line and column, from 1, of a byte of a text.
func Place(text string, at int) (line, column int) {
	before := text[:max(0, min(at, len(text)))]
	return strings.Count(before, "\n") + 1, len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
}

// Refused is the fault of a statement at a byte of it: kind config, code
// query.invalid.
func Refused(text string, at int, format string, args ...any) *fault.Error {
	line, column := Place(text, at)
	return fault.New(fault.Config, "query.invalid", format, args...).With("at", "line %d, column %d", line, column)
}
