// Package pieces cuts texts at ${...}. It compiles nothing. Start at Cut.
package pieces

import (
	"errors"
	"regexp"
	"strings"
)

// Piece is a part of a text: itself, or the expression of a ${...}.
type Piece struct {
	Text   string
	Expr   bool
	Offset int // of the expression in the text, in bytes
}

// ErrOpen is the error of a text with a ${ that is not closed.
var ErrOpen = errors.New("${ is not closed")

// Cut cuts a text at ${...}. $${ stands for ${. An expression ends at the
// brace that closes it; braces in its own quotes and braces do not count.
func Cut(text string) ([]Piece, error) {
	var out []Piece
	var b strings.Builder
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "$${"):
			b.WriteString("${")
			i += 3
		case strings.HasPrefix(text[i:], "${"):
			end := closing(text[i+2:])
			if end < 0 {
				return nil, ErrOpen
			}
			if b.Len() > 0 {
				out = append(out, Piece{Text: b.String()})
				b.Reset()
			}
			out = append(out, Piece{text[i+2 : i+2+end], true, i + 2})
			i += end + 3
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	if b.Len() > 0 || len(out) == 0 {
		out = append(out, Piece{Text: b.String()})
	}
	return out, nil
}

// closing is the index of the brace that ends an expression, -1 without one.
func closing(s string) int {
	depth, quotes := 0, byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quotes != 0 && c == '\\' && quotes != '`':
			i++
		case quotes != 0:
			if c == quotes {
				quotes = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quotes = c
		case c == '{':
			depth++
		case c == '}' && depth == 0:
			return i
		case c == '}':
			depth--
		}
	}
	return -1
}

// Pattern is that of the texts which one with ${...} may come to.
func Pattern(text string) (*regexp.Regexp, error) {
	parts, err := Cut(text)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, p := range parts {
		if p.Expr {
			b.WriteString(".*")
		} else {
			b.WriteString(regexp.QuoteMeta(p.Text))
		}
	}
	return regexp.Compile("^(?s:" + b.String() + ")$")
}
