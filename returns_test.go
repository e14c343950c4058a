package godwit

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// TestReturns: no return gives a variable beside a call that is handed its address. In
// which order the two are evaluated the language does not say.
func TestReturns(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t, ".") {
		for _, at := range unordered(f.ast) {
			p := f.set.Position(at)
			t.Errorf("%s:%d: a variable is returned beside a call that writes it: make the call a line before", f.name, p.Line)
		}
	}
}

// TestReturnsCatch: what the rule is about is found, and nothing else.
func TestReturnsCatch(t *testing.T) {
	t.Parallel()
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, "x.go", `package x
func f() (int, error) {
	return n, scan(&n)
	return n.a, scan(1, &n.b)
	return len(n), g(scan(&n[0]))
	return 0, scan(&n)
	return n, scan(&m)
	return n, scan(func() { p(&n) })
	return g(n, scan(&n)), nil
}`, 0)
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, at := range unordered(tree) {
		lines = append(lines, set.Position(at).Line)
	}
	if got := fmt.Sprint(lines); got != "[3 4 5]" {
		t.Errorf("lines %s", got)
	}
}

// unordered are returns of which one result names a variable and another one is a call
// that has its address.
func unordered(tree ast.Node) (found []token.Pos) {
	ast.Inspect(tree, func(n ast.Node) bool {
		r, is := n.(*ast.ReturnStmt)
		if !is {
			return true
		}
		for i, call := range r.Results {
			for _, name := range addressed(call) {
				others := slices.Concat(r.Results[:i], r.Results[i+1:])
				if slices.ContainsFunc(others, func(e ast.Expr) bool { return names(e, name) }) && !slices.Contains(found, r.Pos()) {
					found = append(found, r.Pos())
				}
			}
		}
		return true
	})
	return found
}

// addressed are the variables whose addresses a call is handed.
func addressed(e ast.Expr) (all []string) {
	ast.Inspect(e, func(n ast.Node) bool {
		if _, later := n.(*ast.FuncLit); later {
			return false
		}
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		for _, arg := range call.Args {
			if u, is := arg.(*ast.UnaryExpr); is && u.Op == token.AND {
				all = append(all, root(u.X))
			}
		}
		return true
	})
	return all
}

// root is the variable that an operand begins with, "" for none.
func root(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	}
	return ""
}

// names reports whether an expression reads a variable.
func names(e ast.Expr, name string) (yes bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		if s, is := n.(*ast.SelectorExpr); is { // its field is another name
			yes = yes || names(s.X, name)
			return false
		}
		id, is := n.(*ast.Ident)
		yes = yes || is && id.Name == name && name != ""
		return !yes
	})
	return yes
}
