// Package expression compiles and evaluates the expressions of the flow
// language: expr-lang without a clock, whole numbers checked, and the pieces of
// texts with ${...}. It knows neither files nor runs. Start at Compile.
package expression

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// Names are what an expression may use, with their types.
type Names map[string]types.Type

// Compile checks an expression's names and types. It knows no clock and lets no
// number overflow.
func Compile(code string, names Names) (*vm.Program, error) {
	env := types.Map{}
	for name, t := range names {
		env[name] = t
	}
	options := []expr.Option{expr.Env(env), expr.MaxNodes(1000),
		expr.DisableBuiltin("now"), expr.DisableBuiltin("date"), expr.DisableBuiltin("timezone")}
	return expr.Compile(code, append(options, arithmetic...)...)
}

// Run evaluates a compiled expression.
func Run(p *vm.Program, values map[string]any) (any, error) { return expr.Run(p, values) }

// Reads lists the names that an expression uses, and the first fields of them:
// inputs.wave, steps.stage, item.id, sorted.
func Reads(p *vm.Program) []string {
	r := &reader{}
	node := p.Node()
	ast.Walk(&node, r)
	slices.Sort(r.paths)
	return slices.Compact(r.paths)
}

type reader struct{ paths []string }

// Visit is ast.Visitor's.
func (r *reader) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		r.paths = append(r.paths, n.Value)
	case *ast.MemberNode:
		of, ok := n.Node.(*ast.IdentifierNode)
		field, named := n.Property.(*ast.StringNode)
		if ok && named {
			r.paths = append(r.paths, of.Value+"."+field.Value)
		}
	}
}

// TypeName is a type as an error calls it.
func TypeName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "duration"
	case t.Kind() == reflect.Slice:
		return "list"
	case t.Kind() == reflect.String:
		return "text"
	case t.Kind() == reflect.Bool:
		return "truth value"
	case t.Kind() == reflect.Float64:
		return "decimal number"
	case t.Kind() == reflect.Map:
		return "mapping"
	}
	return "whole number"
}

// arithmetic replaces the operators on whole numbers, and the division, by
// ones that fail instead of wrapping round or giving infinity.
var arithmetic = []expr.Option{
	integers("+", "add", func(a, b int) (int, bool) { c := a + b; return c, (c > a) == (b > 0) }),
	integers("-", "subtract", func(a, b int) (int, bool) { c := a - b; return c, (c < a) == (b > 0) }),
	integers("*", "multiply", func(a, b int) (int, bool) {
		c := a * b
		return c, a == 0 || c/a == b && !(a == -1 && b == math.MinInt)
	}),
	expr.Operator("+", "checked_add"), expr.Operator("-", "checked_subtract"), expr.Operator("*", "checked_multiply"),
	expr.Function("checked_divide", func(v ...any) (any, error) {
		a, b := float(v[0]), float(v[1])
		if b == 0 {
			return nil, errors.New("division by zero")
		}
		return a / b, nil
	}, new(func(int, int) float64), new(func(float64, float64) float64), new(func(int, float64) float64), new(func(float64, int) float64)),
	expr.Operator("/", "checked_divide"),
}

func float(v any) float64 {
	if i, ok := v.(int); ok {
		return float64(i)
	}
	return v.(float64)
}

func integers(sign, name string, do func(a, b int) (int, bool)) expr.Option {
	return expr.Function("checked_"+name, func(v ...any) (any, error) {
		a, b := v[0].(int), v[1].(int)
		c, ok := do(a, b)
		if !ok {
			return nil, fmt.Errorf("%d %s %d is too large", a, sign, b)
		}
		return c, nil
	}, new(func(int, int) int))
}
