package expression

import (
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
)

// Possible reports whether a condition may be true when a name has this value, whatever
// else there is. Only what follows from the form alone is taken for impossible; what does
// not compile is possible.
func Possible(code, name, value string) bool {
	config := conf.CreateNew()
	for _, o := range functions(Scope{}) {
		o(config)
	}
	tree, err := parser.ParseWithConfig(code, config)
	return err != nil || given{name, value}.truth(tree.Node) != never
}

// certainty is what is known of a condition.
type certainty int

const (
	perhaps certainty = iota
	never
	always
)

func of(b bool) certainty {
	if b {
		return always
	}
	return never
}

func (t certainty) not() certainty {
	switch t {
	case never:
		return always
	case always:
		return never
	}
	return perhaps
}

// given is a name whose value is known.
type given struct{ name, value string }

func (g given) truth(n ast.Node) certainty {
	switch n := n.(type) {
	case *ast.BoolNode:
		return of(n.Value)
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return g.truth(n.Node).not()
		}
	case *ast.ConditionalNode:
		yes, no := g.truth(n.Exp1), g.truth(n.Exp2)
		switch is := g.truth(n.Cond); {
		case is == always || yes == no:
			return yes
		case is == never:
			return no
		}
	case *ast.BinaryNode:
		return g.binary(n)
	}
	return perhaps
}

func (g given) binary(n *ast.BinaryNode) certainty {
	switch n.Operator {
	case "and", "&&":
		return both(g.truth(n.Left), g.truth(n.Right))
	case "or", "||":
		return both(g.truth(n.Left).not(), g.truth(n.Right).not()).not()
	case "==", "!=":
		left, known := g.text(n.Left)
		right, too := g.text(n.Right)
		if known && too {
			return of((left == right) == (n.Operator == "=="))
		}
	case "in":
		return g.among(n)
	}
	return perhaps
}

func both(a, b certainty) certainty {
	switch {
	case a == never || b == never:
		return never
	case a == always && b == always:
		return always
	}
	return perhaps
}

// among is whether a text is in a list of texts.
func (g given) among(n *ast.BinaryNode) certainty {
	text, known := g.text(n.Left)
	list, is := n.Right.(*ast.ArrayNode)
	if !known || !is {
		return perhaps
	}
	var all []string
	for _, one := range list.Nodes {
		if t, known := g.text(one); known {
			all = append(all, t)
		}
	}
	if !slices.Contains(all, text) && len(all) < len(list.Nodes) {
		return perhaps
	}
	return of(slices.Contains(all, text))
}

func (g given) text(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.IdentifierNode:
		return g.value, n.Value == g.name
	}
	return "", false
}
