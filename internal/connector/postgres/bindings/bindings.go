// Package bindings finds the :names in a statement and puts the server's own
// parameters in their places. It knows how PostgreSQL writes literals and
// comments, nothing else of the language. Start at Parse.
package bindings

import (
	"strconv"
	"strings"

	"godwit/internal/fault"
)

// Text is a statement with $1, $2 ... for its names.
type Text struct {
	SQL   string
	Names []string // of $1, $2 ...; one that stands twice is one parameter
	from  string
	cuts  []cut
}

// cut says which bytes of SQL stand for which of the text it was made from.
type cut struct{ made, madeEnd, from, fromEnd int }

// Parse replaces :name and :name.part by parameters where it is no part of a
// literal, a comment, ::, := or a slice [a:b]. In a subscript a colon is
// always a slice's: write x[(:i)]; ARRAY[:a, :b] takes names. Of a dotted name
// the longest one that is known counts. White space and semicolons at the end
// are left out. A name that is not known, and a $1, is a fault of kind config,
// code query.invalid, with its place.
func Parse(sql string, known func(string) bool) (Text, error) {
	l := lexer{in: sql, known: known, numbers: map[string]int{}}
	if err := l.run(); err != nil {
		return Text{}, err
	}
	return Text{SQL: l.out.String()[:l.end], Names: l.names, from: sql, cuts: l.cuts}, nil
}

// Place is line and column, from 1, of a byte of SQL in the text it was made
// from.
func (t Text) Place(at int) (line, column int) {
	shift := 0
	for _, c := range t.cuts {
		if at < c.made {
			break
		}
		if at < c.madeEnd {
			return place(t.from, c.from)
		}
		shift = c.fromEnd - c.madeEnd
	}
	return place(t.from, at+shift)
}

func place(text string, at int) (line, column int) {
	before := text[:max(0, min(at, len(text)))]
	line = strings.Count(before, "\n")
	return line + 1, len([]rune(before[strings.LastIndexByte(before, '\n')+1:])) + 1
}

// Refused makes a fault of a text at a byte of it.
func refused(text string, at int, format string, args ...any) *fault.Error {
	line, column := place(text, at)
	return fault.New(fault.Config, "query.invalid", format, args...).With("at", "line %d, column %d", line, column)
}

type lexer struct {
	in      string
	i       int
	out     strings.Builder
	end     int // of out without what is left out at its end
	known   func(string) bool
	names   []string
	numbers map[string]int
	cuts    []cut
	open    []byte // brackets: ( or [ of a subscript or A of ARRAY[
	before  string // the last word or sign
}

func (l *lexer) run() error {
	for l.i < len(l.in) {
		begin := l.i
		sign, err := l.next()
		if err != nil {
			return err
		}
		if sign == "" { // white space or a comment
			l.out.WriteString(l.in[begin:l.i])
			continue
		}
		if sign != ":name" {
			l.out.WriteString(l.in[begin:l.i])
		}
		if l.before = sign; sign != ";" {
			l.end = l.out.Len()
		}
	}
	return nil
}

// next steps over one word, literal, sign, comment or space and says what it
// was: the word in lower case, the sign, "" for what means nothing.
func (l *lexer) next() (string, error) {
	c, rest := l.in[l.i], l.in[l.i:]
	switch {
	case strings.IndexByte(" \t\r\n\f\v", c) >= 0:
		l.i++
		return "", nil
	case strings.HasPrefix(rest, "--"):
		l.i += lineEnd(rest)
		return "", nil
	case strings.HasPrefix(rest, "/*"):
		l.i += commentEnd(rest)
		return "", nil
	case c == '\'':
		l.literal(false)
		return "'", nil
	case c == '"':
		l.i += quotedEnd(rest, '"', false)
		return `"`, nil
	case letter(c):
		return l.word(), nil
	case digit(c) || c == '.' && len(rest) > 1 && digit(rest[1]):
		for l.i < len(l.in) && (letter(l.in[l.i]) || digit(l.in[l.i]) || l.in[l.i] == '.') {
			l.i++
		}
		return "0", nil
	case c == '$':
		return "$", l.dollar()
	case c == ':':
		return l.colon()
	}
	l.bracket(c)
	l.i++
	return string(c), nil
}

func lineEnd(s string) int {
	if n := strings.IndexAny(s, "\r\n"); n >= 0 {
		return n
	}
	return len(s)
}

// commentEnd is behind the end of a comment, which may hold others.
func commentEnd(s string) int {
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

// quotedEnd is behind the closing quote; a doubled one does not close.
func quotedEnd(s string, quote byte, escapes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escapes:
			i++
		case s[i] == quote && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return len(s)
}

// literal steps over a string; one with escapes keeps them in the parts that
// follow on later lines.
func (l *lexer) literal(escapes bool) {
	for {
		l.i += quotedEnd(l.in[l.i:], '\'', escapes)
		rest := l.in[l.i:]
		gap := 0
		for line := false; escapes; {
			switch {
			case gap < len(rest) && strings.IndexByte(" \t\r\n\f\v", rest[gap]) >= 0:
				line = line || rest[gap] == '\n' || rest[gap] == '\r'
				gap++
				continue
			case strings.HasPrefix(rest[gap:], "--"):
				gap += lineEnd(rest[gap:])
				continue
			}
			if !line || gap == len(rest) || rest[gap] != '\'' {
				return
			}
			break
		}
		if !escapes {
			return
		}
		l.i += gap
	}
}

func (l *lexer) word() string {
	begin := l.i
	for l.i < len(l.in) && (letter(l.in[l.i]) || digit(l.in[l.i]) || l.in[l.i] == '$') {
		l.i++
	}
	word := strings.ToLower(l.in[begin:l.i])
	if word == "e" && l.i < len(l.in) && l.in[l.i] == '\'' {
		l.literal(true)
		return "'"
	}
	return word
}

// dollar steps over $$ ... $$ and $tag$ ... $tag$.
func (l *lexer) dollar() error {
	rest := l.in[l.i:]
	if len(rest) > 1 && digit(rest[1]) {
		return refused(l.in, l.i, "parameters have names here, not numbers").Hint("write :name and give its value")
	}
	n := 1
	for n < len(rest) && (letter(rest[n]) || n > 1 && digit(rest[n])) {
		n++
	}
	if n == len(rest) || rest[n] != '$' {
		l.i++
		return nil
	}
	tag := rest[:n+1]
	if end := strings.Index(rest[n+1:], tag); end >= 0 {
		l.i += n + 1 + end + len(tag)
	} else {
		l.i = len(l.in)
	}
	return nil
}

func (l *lexer) colon() (string, error) {
	rest := l.in[l.i:]
	if len(rest) > 1 && (rest[1] == ':' || rest[1] == '=') {
		l.i += 2
		return rest[:2], nil
	}
	slice := len(l.open) > 0 && l.open[len(l.open)-1] == '['
	if slice || len(rest) < 2 || !letter(rest[1]) {
		l.i++
		return ":", nil
	}
	name := l.name(rest[1:])
	if !l.known(name) {
		return "", refused(l.in, l.i, "%q has no value", ":"+name)
	}
	number, ok := l.numbers[name]
	if !ok {
		l.names = append(l.names, name)
		number = len(l.names)
		l.numbers[name] = number
	}
	made := l.out.Len()
	l.out.WriteString("$" + strconv.Itoa(number))
	l.cuts = append(l.cuts, cut{made, l.out.Len(), l.i, l.i + 1 + len(name)})
	l.i += 1 + len(name)
	return ":name", nil
}

// name is the longest dotted name that is known, else the first part.
func (l *lexer) name(s string) string {
	first, end, best := "", 0, ""
	for {
		n := end
		for n < len(s) && (letter(s[n]) || n > end && digit(s[n])) {
			n++
		}
		if n == end {
			break
		}
		if first == "" {
			first = s[:n]
		}
		if l.known(s[:n]) {
			best = s[:n]
		}
		if n >= len(s) || s[n] != '.' {
			break
		}
		end = n + 1
	}
	if best == "" {
		return first
	}
	return best
}

func (l *lexer) bracket(c byte) {
	inner := byte(0)
	if len(l.open) > 0 {
		inner = l.open[len(l.open)-1]
	}
	switch c {
	case '(':
		l.open = append(l.open, '(')
	case '[':
		if l.before == "array" || inner == 'A' && (l.before == "[" || l.before == ",") {
			l.open = append(l.open, 'A')
		} else {
			l.open = append(l.open, '[')
		}
	case ')', ']':
		if len(l.open) > 0 {
			l.open = l.open[:len(l.open)-1]
		}
	}
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
