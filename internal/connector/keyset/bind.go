package keyset

import (
	"strings"

	"godwit/internal/fault"
)

// Grammar is what has to be known of a system's language to find names in it.
type Grammar struct {
	Backslash bool // '\'' is one literal
	Brackets  bool // [a b] is an identifier
	Hash      bool // # begins a comment, -- only before white space
	Numbered  bool // ?1, $x and @x are parameters too
}

// Bind puts ? for :name and :name.part outside of literals, identifiers and
// comments, and returns the names in the order of the marks, one for each. Of a
// dotted name the longest one that is known counts. Semicolons at the end are
// left out. What would end the statement or the brackets that it is put in, a
// name that is not known and any other parameter is a fault of kind config,
// code query.invalid, with its place.
func (g Grammar) Bind(sql string, known func(string) bool) (text string, names []string, err error) {
	return g.BindLists(sql, func(name string) int {
		if known(name) {
			return 1
		}
		return 0
	})
}

// BindLists is Bind for names that may stand for several values: as many marks
// are put as size says, with commas between them; 0 is a name that is not known.
func (g Grammar) BindLists(sql string, size func(string) int) (text string, names []string, err error) {
	l := lexer{Grammar: g, in: sql, size: size}
	if err := l.run(); err != nil {
		return "", nil, err
	}
	return l.out.String(), l.names, nil
}

type lexer struct {
	Grammar
	in    string
	i     int
	out   strings.Builder
	size  func(string) int
	names []string
	open  int // brackets
	ended int // place of the first semicolon, from 1
}

func (l *lexer) run() error {
	for l.i < len(l.in) {
		begin := l.i
		if n := l.blank(l.in[l.i:]); n > 0 {
			l.i += n
			l.out.WriteString(l.in[begin:l.i])
			continue
		}
		if l.in[l.i] == ';' {
			l.i++
			if l.ended == 0 {
				l.ended = l.i
			}
			continue
		}
		if l.ended > 0 {
			return l.refused(l.ended-1, "one statement is wanted, another follows")
		}
		if err := l.next(); err != nil {
			return err
		}
	}
	if l.open > 0 {
		return l.refused(len(l.in), "a bracket is not closed")
	}
	return nil
}

// blank is the length of white space or a comment.
func (l *lexer) blank(s string) int {
	switch {
	case strings.IndexByte(" \t\r\n\f\v", s[0]) >= 0:
		return 1
	case strings.HasPrefix(s, "/*"):
		if end := strings.Index(s[2:], "*/"); end >= 0 {
			return end + 4
		}
		return len(s)
	case strings.HasPrefix(s, "--") && (!l.Hash || len(s) == 2 || s[2] <= ' '), s[0] == '#' && l.Hash:
		if end := strings.IndexByte(s, '\n'); end >= 0 {
			return end
		}
		return len(s)
	}
	return 0
}

// next takes over one word, literal or sign, or a name.
func (l *lexer) next() error {
	c, rest := l.in[l.i], l.in[l.i:]
	n := 1
	switch {
	case c == '\'' || c == '"' || c == '`':
		n = quoted(rest, l.Backslash && c != '`')
	case c == '[' && l.Brackets:
		if n = strings.IndexByte(rest, ']') + 1; n == 0 {
			n = len(rest)
		}
	case letter(c):
		n = word(rest)
	case c == '(':
		l.open++
	case c == ')':
		if l.open--; l.open < 0 {
			return l.refused(l.i, "a bracket is closed that was not opened")
		}
	case c == '?' || l.Numbered && (c == '$' || c == '@'):
		return l.refused(l.i, "parameters have names here: write :name and give its value")
	case strings.HasPrefix(rest, ":="):
		n = 2
	case c == ':' && (len(rest) < 2 || letter(rest[1])) || c == ':' && l.Numbered:
		return l.name(rest[1:])
	}
	l.out.WriteString(rest[:n])
	l.i += n
	return nil
}

// name puts a mark for the longest dotted name that is known.
func (l *lexer) name(s string) error {
	best, end := "", 0
	first := s[:word(s)]
	for {
		n := end + word(s[end:])
		if n == end {
			break
		}
		if l.size(s[:n]) > 0 {
			best = s[:n]
		}
		if n >= len(s) || s[n] != '.' {
			break
		}
		end = n + 1
	}
	if best == "" {
		return l.refused(l.i, "%q has no value", ":"+first)
	}
	l.out.WriteString(strings.Repeat("?, ", l.size(best)-1) + "?")
	l.names = append(l.names, best)
	l.i += 1 + len(best)
	return nil
}

// quoted is the length of a literal; a doubled quote does not end it.
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

// word is the length of a word.
func word(s string) int {
	n := 0
	for n < len(s) && (letter(s[n]) || n > 0 && s[n] >= '0' && s[n] <= '9') {
		n++
	}
	return n
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// refused makes a fault with a place of the text.
func (l *lexer) refused(at int, format string, args ...any) error {
	before := l.in[:min(at, len(l.in))]
	line := strings.Count(before, "\n") + 1
	column := len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
	return fault.New(fault.Config, "query.invalid", format, args...).With("at", "line %d, column %d", line, column)
}
