// Package checks reads what simple CHECK constraints say about single columns,
// from the text that the server writes for them. Whatever it does not know for
// sure it leaves alone: a rule that is too strict would reject good records,
// one that is not found is the server's to keep. Start at Parse.
package checks

import (
	"strings"
)

// Rule is what a part of a constraint says about a column. A null passes.
type Rule struct {
	Column   string
	In       []string // it is one of these
	Min, Max string   // "" is none
	AboveMin bool     // Min itself does not pass
	BelowMax bool
}

// Parse reads CHECK (...) as pg_get_constraintdef gives it. Each part of an AND
// stands for itself; of an OR and of everything else nothing is told.
func Parse(definition string) []Rule {
	text, ok := strings.CutPrefix(definition, "CHECK ")
	if !ok {
		return nil
	}
	tokens, ok := split(text)
	if !ok {
		return nil
	}
	for _, tail := range [][]string{{"NOT", "VALID"}, {"NO", "INHERIT"}} {
		if n := len(tokens) - 2; n > 0 && tokens[n].word(tail[0]) && tokens[n+1].word(tail[1]) {
			tokens = tokens[:n]
		}
	}
	return condition(tokens)
}

// condition takes a conjunction apart.
func condition(t []token) []Rule {
	t = bare(t)
	if parts := cut(t, "AND"); len(parts) > 1 {
		var all []Rule
		for _, p := range parts {
			all = append(all, condition(p)...)
		}
		return all
	}
	if r, ok := comparison(t); ok {
		return []Rule{r}
	}
	return nil
}

// comparison reads column op constant, and column = ANY (ARRAY[...]).
func comparison(t []token) (Rule, bool) {
	at := -1
	depth := 0
	for i, k := range t {
		depth += k.depth()
		if depth == 0 && k.kind == sign && strings.ContainsAny(k.text, "<>=") {
			if at >= 0 {
				return Rule{}, false
			}
			at = i
		}
	}
	if at <= 0 {
		return Rule{}, false
	}
	column, ok := columnOf(t[:at])
	if !ok {
		return Rule{}, false
	}
	r, right := Rule{Column: column}, t[at+1:]
	if t[at].text == "=" && len(right) > 1 && right[0].word("ANY") {
		r.In, ok = list(right[1:])
		return r, ok
	}
	value, ok := constant(right)
	if !ok {
		return Rule{}, false
	}
	switch t[at].text {
	case "=":
		r.In = []string{value}
	case ">=":
		r.Min = value
	case ">":
		r.Min, r.AboveMin = value, true
	case "<=":
		r.Max = value
	case "<":
		r.Max, r.BelowMax = value, true
	default:
		return Rule{}, false
	}
	return r, r.In != nil || value != ""
}

// columnOf reads a name, in brackets or not, with casts to text or numeric
// that change nothing about it.
func columnOf(t []token) (string, bool) {
	t = bare(t)
	if n := len(t); n > 2 && t[n-2].text == "::" && t[n-2].kind == sign && (t[n-1].word("text") || t[n-1].word("numeric")) {
		return columnOf(t[:n-2])
	}
	if len(t) == 1 && (t[0].kind == word || t[0].kind == name) {
		return t[0].text, true
	}
	return "", false
}

// list reads (ARRAY['a'::text, ...]) with a cast of the whole or without.
func list(t []token) ([]string, bool) {
	t = bare(t)
	if n := cast(t); n < len(t) && n > 0 {
		return list(t[:n])
	}
	if len(t) < 3 || !t[0].word("ARRAY") || t[1].text != "[" || t[len(t)-1].text != "]" {
		return nil, false
	}
	var all []string
	for _, p := range cut(t[2:len(t)-1], ",") {
		v, ok := constant(p)
		if !ok {
			return nil, false
		}
		all = append(all, v)
	}
	return all, len(all) > 0
}

// cast is where a :: of the outermost level begins, the last one; the length
// when there is none.
func cast(t []token) int {
	depth, at := 0, len(t)
	for i, k := range t {
		depth += k.depth()
		if depth == 0 && k.kind == sign && k.text == "::" {
			at = i
		}
	}
	return at
}

// constant reads a literal with or without a cast: 'a'::text, (0)::numeric, -1.
func constant(t []token) (string, bool) {
	t = bare(t)
	if n := cast(t); n < len(t) && n > 0 {
		for _, k := range t[n+1:] { // character varying(5) and the like
			if k.kind == literal || k.kind == sign && k.text == "::" {
				return "", false
			}
		}
		return constant(t[:n])
	}
	switch {
	case len(t) == 1 && (t[0].kind == literal || t[0].kind == number):
		return t[0].text, true
	case len(t) == 2 && t[0].text == "-" && t[1].kind == number:
		return "-" + t[1].text, true
	}
	return "", false
}

// bare takes brackets off that hold everything.
func bare(t []token) []token {
	for len(t) > 1 && t[0].kind == sign && t[0].text == "(" {
		depth := 0
		for i, k := range t {
			if depth += k.depth(); depth == 0 {
				if i != len(t)-1 {
					return t
				}
				break
			}
		}
		t = t[1 : len(t)-1]
	}
	return t
}

// cut divides at a word or sign of the outermost level.
func cut(t []token, at string) [][]token {
	var parts [][]token
	depth, begin := 0, 0
	for i, k := range t {
		depth += k.depth()
		if depth == 0 && (k.word(at) || k.kind == sign && k.text == at) {
			parts = append(parts, t[begin:i])
			begin = i + 1
		}
	}
	return append(parts, t[begin:])
}

// Kinds of tokens.
const (
	word    = iota // not quoted
	name           // quoted
	literal        // 'text'
	number
	sign
)

type token struct {
	kind int
	text string
}

func (k token) word(w string) bool { return k.kind == word && k.text == w }

func (k token) depth() int {
	if k.kind != sign {
		return 0
	}
	switch k.text {
	case "(", "[":
		return 1
	case ")", "]":
		return -1
	}
	return 0
}

// split reads tokens; what it does not know ends it.
func split(s string) ([]token, bool) {
	var all []token
	for i := 0; i < len(s); {
		c := s[i]
		begin := i
		switch {
		case c == ' ' || c == '\n' || c == '\t':
			i++
			continue
		case c == '\'' || c == '"':
			text, n, ok := quoted(s[i:])
			if !ok || c == '\'' && i > 0 && letter(s[i-1]) { // E'...'
				return nil, false
			}
			kind := literal
			if c == '"' {
				kind = name
			}
			all = append(all, token{kind, text})
			i += n
			continue
		case letter(c):
			for i < len(s) && (letter(s[i]) || digit(s[i]) || s[i] == '$') {
				i++
			}
			all = append(all, token{word, s[begin:i]})
		case digit(c):
			for i < len(s) && (digit(s[i]) || s[i] == '.') {
				i++
			}
			all = append(all, token{number, s[begin:i]})
		case strings.IndexByte("()[],", c) >= 0:
			i++
			all = append(all, token{sign, s[begin:i]})
		default:
			for i < len(s) && strings.IndexByte("+-*/<>=~!@#%^&|`?:.", s[i]) >= 0 {
				i++
			}
			if i == begin {
				return nil, false
			}
			all = append(all, token{sign, s[begin:i]})
		}
	}
	return all, true
}

func quoted(s string) (text string, length int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == s[0] {
			b.WriteByte(s[0])
			i++
			continue
		}
		return b.String(), i + 1, true
	}
	return "", 0, false
}

func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
