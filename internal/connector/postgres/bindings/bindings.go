// Package bindings finds the :names in a statement and puts the server's own
// parameters in their places; their values become its texts. Start at Parse.
package bindings

import (
	"strconv"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/typed"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/sqltext"
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
	p := parser{in: sql, known: known, numbers: map[string]int{}}
	if err := p.run(); err != nil {
		return Text{}, err
	}
	return Text{SQL: p.out.String()[:p.end], Names: p.names, from: sql, cuts: p.cuts}, nil
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
			return sqltext.Place(t.from, c.from)
		}
		shift = c.fromEnd - c.madeEnd
	}
	return sqltext.Place(t.from, at+shift)
}

// Args are the parameters as texts, nil is NULL. A value that has none is a
// fault of kind config, code query.invalid.
func (t Text) Args(values map[string]any) (args [][]byte, err error) {
	for _, name := range t.Names {
		b, err := argument(values[name])
		if err != nil {
			return nil, fault.New(fault.Config, "query.invalid", "the value of :%s cannot be bound: %w", name, err)
		}
		args = append(args, b)
	}
	return args, nil
}

func argument(v any) ([]byte, error) {
	t := typed.Type{Type: catalog.Type{Kind: catalog.KindOther}}
	switch v.(type) {
	case nil:
		return nil, nil
	case []byte:
		t.Kind = catalog.KindBytes
	case []any:
		t = typed.Texts
	case record.Object:
		t.Kind = catalog.KindJSON
	}
	return t.Append([]byte{}, v)
}

// grammar is that of the server.
var grammar = sqltext.Grammar{Postgres: true}

type parser struct {
	in      string
	i       int
	out     strings.Builder
	end     int // of out without what is left out at its end
	known   func(string) bool
	names   []string
	numbers map[string]int
	cuts    []cut
	open    []byte // brackets: ( or [ of a subscript or A of ARRAY[
	before  string // the last word in lower case, or sign
}

func (p *parser) run() error {
	for p.i < len(p.in) {
		rest := p.in[p.i:]
		kind, n := grammar.Next(rest)
		word := strings.ToLower(rest[:n])
		switch {
		case rest[0] == '$' && len(rest) > 1 && rest[1] >= '0' && rest[1] <= '9':
			return sqltext.Refused(p.in, p.i, "parameters have names here, not numbers").Hint("write :name and give its value")
		case strings.HasPrefix(rest, "::") || strings.HasPrefix(rest, ":="):
			n = 2
		case rest[0] == ':' && !p.slice():
			if name := sqltext.Name(rest[1:], p.known); name != "" {
				if err := p.name(name); err != nil {
					return err
				}
				continue
			}
		case kind == sqltext.Sign:
			p.bracket(rest[0])
		}
		p.out.WriteString(rest[:n])
		p.i += n
		if kind == sqltext.Blank {
			continue
		}
		if p.before = word; word != ";" {
			p.end = p.out.Len()
		}
	}
	return nil
}

// name puts a parameter for the name that is next.
func (p *parser) name(name string) error {
	if !p.known(name) {
		return sqltext.Refused(p.in, p.i, "%q has no value", ":"+name)
	}
	number, ok := p.numbers[name]
	if !ok {
		p.names = append(p.names, name)
		number = len(p.names)
		p.numbers[name] = number
	}
	made := p.out.Len()
	p.out.WriteString("$" + strconv.Itoa(number))
	p.end = p.out.Len()
	p.cuts = append(p.cuts, cut{made, p.end, p.i, p.i + 1 + len(name)})
	p.i += 1 + len(name)
	p.before = ":name"
	return nil
}

// slice reports that a colon is one of a subscript.
func (p *parser) slice() bool { return len(p.open) > 0 && p.open[len(p.open)-1] == '[' }

func (p *parser) bracket(c byte) {
	inner := byte(0)
	if len(p.open) > 0 {
		inner = p.open[len(p.open)-1]
	}
	switch c {
	case '(':
		p.open = append(p.open, '(')
	case '[':
		if p.before == "array" || inner == 'A' && (p.before == "[" || p.before == ",") {
			p.open = append(p.open, 'A')
		} else {
			p.open = append(p.open, '[')
		}
	case ')', ']':
		if len(p.open) > 0 {
			p.open = p.open[:len(p.open)-1]
		}
	}
}
