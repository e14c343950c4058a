package keyset

import (
	"strings"

	"godwit/internal/sqltext"
)

// Grammar is what has to be known of a system's language to find names in it.
type Grammar struct {
	sqltext.Grammar
	Numbered bool // ?1, $x and @x are parameters too
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
	p := parser{Grammar: g, in: sql, size: size}
	if err := p.run(); err != nil {
		return "", nil, err
	}
	return p.out.String(), p.names, nil
}

type parser struct {
	Grammar
	in    string
	i     int
	out   strings.Builder
	size  func(string) int
	names []string
	open  int // brackets
	ended int // place of the first semicolon, from 1
}

func (p *parser) run() error {
	for p.i < len(p.in) {
		kind, n := p.Next(p.in[p.i:])
		switch {
		case kind == sqltext.Blank:
			p.take(n)
		case p.in[p.i] == ';':
			p.i++
			if p.ended == 0 {
				p.ended = p.i
			}
		case p.ended > 0:
			return p.refused(p.ended-1, "one statement is wanted, another follows")
		case kind == sqltext.Sign:
			if err := p.sign(); err != nil {
				return err
			}
		default:
			p.take(n)
		}
	}
	if p.open > 0 {
		return p.refused(len(p.in), "a bracket is not closed")
	}
	return nil
}

// take takes over what is next as it is.
func (p *parser) take(n int) {
	p.out.WriteString(p.in[p.i : p.i+n])
	p.i += n
}

// sign takes over one sign, or a name behind a colon.
func (p *parser) sign() error {
	rest := p.in[p.i:]
	switch c := rest[0]; {
	case c == '(':
		p.open++
	case c == ')':
		if p.open--; p.open < 0 {
			return p.refused(p.i, "a bracket is closed that was not opened")
		}
	case c == '?' || p.Numbered && (c == '$' || c == '@'):
		return p.refused(p.i, "parameters have names here: write :name and give its value")
	case strings.HasPrefix(rest, ":="):
		p.take(2)
		return nil
	case c == ':':
		if name := sqltext.Name(rest[1:], func(name string) bool { return p.size(name) > 0 }); name != "" || len(rest) == 1 || p.Numbered {
			return p.name(name)
		}
	}
	p.take(1)
	return nil
}

// name puts the marks of a name.
func (p *parser) name(name string) error {
	size := p.size(name)
	if size == 0 {
		return p.refused(p.i, "%q has no value", ":"+name)
	}
	p.out.WriteString(strings.Repeat("?, ", size-1) + "?")
	p.names = append(p.names, name)
	p.i += 1 + len(name)
	return nil
}

func (p *parser) refused(at int, format string, args ...any) error {
	return sqltext.Refused(p.in, at, format, args...)
}
