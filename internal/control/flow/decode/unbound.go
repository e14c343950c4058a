package decode

import (
	"fmt"
	"strings"

	"godwit/internal/control/flow/source"
	"godwit/internal/sqltext"

	"github.com/expr-lang/expr/types"
)

// asked is a statement as it is written, and where a part of it stands.
type asked struct {
	where string // for messages
	text  string
	at    func(part string, offset int) source.Spot
}

// unbound tells which names the statements of a group bind that are not there,
// though it is known what is. With has names of their own.
func (d *Decoder) unbound(with map[string]string) {
	if d.Later == nil { // in the run its system tells
		return
	}
	for _, s := range d.asked {
		for i := 0; i < len(s.text); {
			rest := s.text[i:]
			_, n := sqltext.Any.Next(rest)
			switch {
			case strings.HasPrefix(rest, "::"): // a cast
				n = 2
			case rest[0] == ':':
				name := sqltext.Name(rest[1:], func(string) bool { return true })
				n += len(name)
				if _, own := with[name]; !own && strings.Contains(name, ".") {
					d.lacking(name, s.where, s.at(rest[:n], i))
				}
			}
			i += n
		}
	}
	d.asked = nil
}

// lacking tells of a name of which the scope is known not to have a part.
func (d *Decoder) lacking(name, where string, at source.Spot) {
	parts := strings.Split(name, ".")
	t := d.Scope.Types[parts[0]]
	for i, part := range parts[1:] {
		fields, known := t.(types.Map)
		if !known {
			return
		}
		scope := strings.Join(parts[:i+1], ".")
		if t, known = fields[part]; !known {
			d.Add(at, "flow.expr", fmt.Sprintf("%s: there is no %s.%s", where, scope, part), Choice(part, SortedKeys(fields), scope))
			return
		}
	}
}
