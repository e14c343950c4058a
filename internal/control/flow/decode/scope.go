package decode

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"godwit/internal/control/flow/expression"
	"godwit/internal/control/flow/source"
	"godwit/internal/expression/pieces"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
)

// Scope holds the names that ${...} may use: their types, and their values
// once the flow is bound.
type Scope struct {
	Types  expression.Names
	Values map[string]any // nil: only types are known
	Exact  map[string]any // of those that came late, as records hold them
}

var (
	errLater = errors.New("not known before the flow is bound")
	errTold  = errors.New("reported")
)

// eval checks an expression's names and types, and returns its value: nil for
// null, errLater while only types are known, errTold after a diagnostic.
func (s *Scope) eval(d *Decoder, n *Node, p pieces.Piece, k Key, where string) (any, error) {
	at := n.Spot.Inside(n.Text, p.Text, p.Offset)
	program, err := expression.Compile(p.Text, s.Types)
	if err != nil {
		s.Explain(d, at, p.Text, where, err)
		return nil, errTold
	}
	t := program.Node().Type()
	if k.Kind != raw && !Fits(k, t) {
		d.Add(at, "flow.type", fmt.Sprintf("%s is a %s, ${%s} is a %s", where, Wanted(k), strings.TrimSpace(p.Text), expression.TypeName(t)))
		return nil, errTold
	}
	if d.Later.Among(expression.Reads(program)) || s.Values == nil {
		return nil, errLater
	}
	v, err := expression.Run(program, s.Values)
	if err != nil {
		s.Explain(d, at, p.Text, where, err)
		return nil, errTold
	}
	return v, nil
}

func Wanted(k Key) string {
	if k.List {
		return "list"
	}
	return k.Kind.Word()
}

var unknownName = regexp.MustCompile(`unknown name (\w+)|unknown field (\w+)`)

// Explain turns the library's error into a diagnostic with a next step.
func (s *Scope) Explain(d *Decoder, at source.Spot, code, where string, err error) {
	var e *file.Error
	text, _, _ := strings.Cut(err.Error(), "\n")
	if errors.As(err, &e) {
		text = strings.ReplaceAll(e.Message, "unexpected token EOF", "unexpected end")
	}
	m := unknownName.FindStringSubmatch(text)
	switch {
	case m == nil:
		d.Add(at, "flow.expr", fmt.Sprintf("%s: %s: %s", where, source.Quote(strings.TrimSpace(code)), text))
	case m[2] != "":
		for scope, t := range s.Types {
			fields, _ := t.(types.Map)
			if strings.Contains(code, scope+"."+m[2]) || strings.Contains(code, scope+"?."+m[2]) {
				d.Add(at, "flow.expr", fmt.Sprintf("%s: there is no %s.%s", where, scope, m[2]), Choice(m[2], SortedKeys(fields), scope))
				return
			}
		}
		var next []string
		if left, ok := s.Types["steps"].(types.Map); ok {
			for _, id := range SortedKeys(left) {
				if fields, ok := left[id].(types.Map); ok && strings.Contains(code, "steps."+id+"."+m[2]) {
					next = []string{Choice(m[2], SortedKeys(fields), "results of step "+id)}
				}
			}
		}
		d.Add(at, "flow.expr", fmt.Sprintf("%s: %s: there is no %s", where, source.Quote(code), m[2]), next...)
	default:
		d.Add(at, "flow.expr", fmt.Sprintf("%s: there is no %s", where, m[1]), Choice(m[1], SortedKeys(s.Types), "in scope"))
	}
}
