package expression

import (
	"slices"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/expression/path"
	"godwit/internal/record"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"
)

// binder replaces each constant path below a root by a variable of its name:
// doc.a.b, doc?.a, doc["x y"][0]. Paths then pass over what is not there, and
// what an expression reads is known before it runs.
type binder struct {
	roots map[string]Root
	lists map[string]bool
	bound map[string]Var
}

func (b *binder) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.ChainNode:
		if id, ok := n.Node.(*ast.IdentifierNode); ok && b.bound[id.Value].Name != "" {
			*node = id
		}
	case *ast.MemberNode:
		id, ok := n.Node.(*ast.IdentifierNode)
		if !ok || n.Method {
			return
		}
		above, ok := b.bound[id.Value]
		if !ok {
			if b.roots[id.Value] == nil {
				return
			}
			above = Var{Root: id.Value}
		}
		part, ok := constant(n.Property)
		if !ok || part.Listed && len(above.Path) == 0 && !b.lists[above.Root] {
			return
		}
		p := append(above.Path[:len(above.Path):len(above.Path)], part)
		v := Var{Name: above.Root + "." + p.String(), Root: above.Root, Path: p}
		b.bound[v.Name] = v
		at := n.Location()
		at.From = id.Location().From
		*node = &ast.IdentifierNode{Value: v.Name}
		(*node).SetLocation(at)
	}
}

func constant(n ast.Node) (path.Part, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return path.Part{Name: n.Value}, true
	case *ast.IntegerNode:
		return path.Part{Index: n.Value, Listed: true}, true
	case *ast.UnaryNode:
		if i, ok := n.Node.(*ast.IntegerNode); ok && n.Operator == "-" {
			return path.Part{Index: -i.Value, Listed: true}, true
		}
	}
	return path.Part{}, false
}

// reader finds the names that are left once paths are bound, in order. Those
// that the expression declares itself, and those of functions, are none.
type reader struct {
	seen   map[string]bool
	own    map[string]bool
	nodes  []*ast.IdentifierNode
	calls  []*ast.IdentifierNode // of functions
	fields []*ast.MemberNode     // of names
}

func newReader() *reader { return &reader{seen: map[string]bool{}, own: map[string]bool{}} }

func (r *reader) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.VariableDeclaratorNode:
		r.own[n.Name] = true
	case *ast.CallNode:
		if id, ok := n.Callee.(*ast.IdentifierNode); ok {
			r.own[id.Value] = true
			r.calls = append(r.calls, id)
		}
	case *ast.MemberNode:
		if _, ok := n.Node.(*ast.IdentifierNode); ok {
			r.fields = append(r.fields, n)
		}
	case *ast.IdentifierNode:
		if !r.seen[n.Value] {
			r.nodes = append(r.nodes, n)
		}
		r.seen[n.Value] = true
	}
}

// names are those that were found.
func (r *reader) names() []*ast.IdentifierNode {
	return slices.DeleteFunc(r.nodes, func(id *ast.IdentifierNode) bool { return r.own[id.Value] })
}

// strangers are functions and fields that are not there: beside an operator of
// ours the checker would take them for null.
func (r *reader) strangers(code string, functions map[string]bool, env map[string]any) (problems []Problem) {
	for _, id := range r.calls {
		if !functions[id.Value] {
			known := types.Map{}
			for name := range functions {
				known[name] = types.Any
			}
			text, next := noName(id.Value, known)
			if strings.HasPrefix(next, "in scope") { // the library's own are none of them
				next = ""
			}
			problems = append(problems, place(code, found{id.Location().From, text, next}))
		}
	}
	for _, n := range r.fields {
		fields, known := env[n.Node.(*ast.IdentifierNode).Value].(map[string]any)
		name, constant := n.Property.(*ast.StringNode)
		if !known || !constant {
			continue
		}
		if _, there := fields[name.Value]; !there {
			text, next := noName(name.Value, typesOf(fields).(types.Map))
			problems = append(problems, place(code, found{n.Property.Location().From, text, next}))
		}
	}
	return problems
}

// exactNumber is the type that decimals have for the checker: none of expr's.
type exactNumber struct{}

// typeFor is a type in expr's words.
func typeFor(t catalog.Type) types.Type {
	switch t.Kind {
	case catalog.KindBool:
		return types.Bool
	case catalog.KindInt:
		return types.Int64
	case catalog.KindDecimal:
		return types.TypeOf(exactNumber{})
	case catalog.KindFloat:
		return types.Float64
	case catalog.KindText, catalog.KindUUID, catalog.KindTime, catalog.KindOther:
		return types.String
	case catalog.KindBytes:
		return types.TypeOf([]byte{})
	case catalog.KindDate, catalog.KindTimestamp:
		return types.TypeOf(time.Time{})
	case catalog.KindList:
		return types.TypeOf([]any{})
	}
	return types.Any
}

// typesOf are the types of values that do not change: inputs and env.
func typesOf(v any) types.Type {
	switch v := v.(type) {
	case nil:
		return types.Any
	case map[string]any:
		m := types.Map{}
		for name, e := range v {
			m[name] = typesOf(e)
		}
		return m
	case record.Decimal:
		return types.TypeOf(exactNumber{})
	}
	return types.TypeOf(v)
}
