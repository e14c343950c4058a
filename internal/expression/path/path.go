// Package path reads values out of documents by paths: a.b, a[0].b. It knows
// neither maps nor records. Start reading at Parse.
package path

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"godwit/internal/record"
)

// Part is one step of a path: a name, or a number in a list.
type Part struct {
	Name  string
	Index int // from 0, negative from the end; only with Listed
	// Listed says that the part is a number in brackets.
	Listed bool
}

// Path leads to a value in a document. It does not change.
type Path []Part

// Error is a text that is no path; Offset is in bytes.
type Error struct {
	Text   string
	Offset int
}

func (e *Error) Error() string { return e.Text }

// Parse reads a path: names with dots between them, numbers of lists in
// brackets. A name with other characters than letters, digits, _, -, $ and @
// stands in double quotes, in which a quote is doubled. What is no path is an
// *Error.
func Parse(text string) (Path, error) {
	var p Path
	rest := text
	at := func() int { return len(text) - len(rest) }
	for {
		name, n, err := readName(rest)
		if err != nil {
			return nil, &Error{err.Error(), at()}
		}
		p, rest = append(p, Part{Name: name}), rest[n:]
		for strings.HasPrefix(rest, "[") {
			inner, behind, ok := strings.Cut(rest[1:], "]")
			i, err := strconv.Atoi(inner)
			if !ok || err != nil {
				return nil, &Error{"a whole number and ] are wanted behind [", at()}
			}
			p, rest = append(p, Part{Index: i, Listed: true}), behind
		}
		if rest == "" {
			return p, nil
		}
		if rest[0] != '.' {
			return nil, &Error{fmt.Sprintf("%q is not expected in a path", firstRune(rest)), at()}
		}
		rest = rest[1:]
	}
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// readName gives the name that a text begins with, and its length there.
func readName(s string) (string, int, error) {
	if strings.HasPrefix(s, `"`) {
		for i := 1; i < len(s); i++ {
			if s[i] != '"' {
				continue
			}
			if i+1 < len(s) && s[i+1] == '"' {
				i++
				continue
			}
			return strings.ReplaceAll(s[1:i], `""`, `"`), i + 1, nil
		}
		return "", 0, fmt.Errorf("the quote is not closed")
	}
	n := 0
	for i, r := range s {
		if !bare(r) {
			break
		}
		n = i + len(string(r))
	}
	if n == 0 {
		return "", 0, fmt.Errorf("a name is wanted")
	}
	return s[:n], n, nil
}

func bare(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune("_-$@", r)
}

// String is the path as Parse reads it.
func (p Path) String() string {
	var b strings.Builder
	for i, part := range p {
		switch {
		case part.Listed:
			b.WriteString("[" + strconv.Itoa(part.Index) + "]")
		default:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(quoted(part.Name))
		}
	}
	return b.String()
}

func quoted(name string) string {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !bare(r) }) {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return name
}

// Get follows the path. What is not there, and anything below it or below
// null, is record.Missing. A text, a number or a list where the path wants a
// document is an error: it is not the same as nothing.
func (p Path) Get(v any) (any, error) {
	for i, part := range p {
		switch from := v.(type) {
		case nil:
			return record.Missing, nil
		case record.Object:
			if part.Listed {
				return nil, p.wrong(i, "a document, not a list")
			}
			inner, ok := from[part.Name]
			if !ok {
				return record.Missing, nil
			}
			v = inner
		case []any:
			if !part.Listed {
				return nil, p.wrong(i, "a list, not a document")
			}
			k := part.Index
			if k < 0 {
				k += len(from)
			}
			if k < 0 || k >= len(from) {
				return record.Missing, nil
			}
			v = from[k]
		default:
			if v == record.Missing {
				return record.Missing, nil
			}
			return nil, p.wrong(i, "a single value")
		}
	}
	return v, nil
}

// Want gives what is wanted of where the path leads.
func (p Path) Want(w *record.Wanted) *record.Wanted {
	for _, part := range p {
		if part.Listed {
			w = w.Item(part.Index)
		} else {
			w = w.Name(part.Name)
		}
	}
	return w
}

func (p Path) wrong(i int, what string) error {
	above := "what " + p.String() + " is read from"
	if i > 0 {
		above = p[:i].String()
	}
	return fmt.Errorf("%s is %s", above, what)
}
