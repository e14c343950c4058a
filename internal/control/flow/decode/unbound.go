package decode

import (
	"fmt"
	"regexp"
	"strings"

	"godwit/internal/control/flow/source"

	"github.com/expr-lang/expr/types"
)

// asked is a statement as it is written, and where a part of it stands.
type asked struct {
	where string // for messages
	text  string
	at    func(part string, offset int) source.Spot
}

// bound finds the names that a statement binds, and steps over what only looks like
// one: texts, quoted names, comments, casts.
var bound = regexp.MustCompile("'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|--[^\n]*|/\\*(?s:.*?)\\*/|\\$\\w*\\$|::|:[A-Za-z_]\\w*(?:\\.\\w+)+")

// unbound tells which names the statements of a group bind that are not there,
// though it is known what is. With has names of their own.
func (d *Decoder) unbound(with map[string]string) {
	if d.Later == nil { // in the run its system tells
		return
	}
	for _, s := range d.asked {
		for from := 0; from < len(s.text); {
			at := bound.FindStringIndex(s.text[from:])
			if at == nil {
				break
			}
			begin, end := from+at[0], from+at[1]
			from = end
			part := s.text[begin:end]
			if part[0] == '$' { // a text of PostgreSQL, up to the same again
				if i := strings.Index(s.text[end:], part); i >= 0 {
					from = end + i + len(part)
				}
				continue
			}
			if name := part[1:]; part[0] == ':' && part != "::" {
				if _, own := with[name]; !own {
					d.lacking(name, s.where, s.at(part, begin))
				}
			}
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
