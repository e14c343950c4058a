package flow

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strings"

	"godwit/internal/control/flow/source"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// scope holds the names that ${...} may use: their types, and their values
// once the flow is bound.
type scope struct {
	types  map[string]types.Map
	values map[string]map[string]any // nil: only types are known
}

var (
	errLater = errors.New("not known before the flow is bound")
	errTold  = errors.New("reported")
)

// eval checks an expression's names and types, and returns its value: nil for
// null, errLater while only types are known, errTold after a diagnostic.
func (s *scope) eval(d *decoder, n *Node, p piece, k Key, where string) (any, error) {
	at := n.Spot.Inside(n.Text, p.text, p.offset)
	program, err := s.compile(p.text)
	if err != nil {
		s.explain(d, at, p.text, where, err)
		return nil, errTold
	}
	t := program.Node().Type()
	if k.Kind != raw && !fits(k, t) {
		d.Add(at, "flow.type", fmt.Sprintf("%s is a %s, ${%s} is a %s", where, wanted(k), strings.TrimSpace(p.text), typeName(t)))
		return nil, errTold
	}
	if s.values == nil {
		return nil, errLater
	}
	env := map[string]any{}
	for name, v := range s.values {
		env[name] = v
	}
	v, err := expr.Run(program, env)
	if err != nil {
		s.explain(d, at, p.text, where, err)
		return nil, errTold
	}
	return v, nil
}

func wanted(k Key) string {
	if k.List {
		return "list"
	}
	return k.Kind.Word()
}

func typeName(t reflect.Type) string {
	switch {
	case t == durationType:
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

// compile knows no clock and lets no number overflow.
func (s *scope) compile(code string) (*vm.Program, error) {
	env := types.Map{}
	for name, fields := range s.types {
		env[name] = fields
	}
	options := []expr.Option{expr.Env(env), expr.MaxNodes(1000),
		expr.DisableBuiltin("now"), expr.DisableBuiltin("date"), expr.DisableBuiltin("timezone")}
	return expr.Compile(code, append(options, arithmetic...)...)
}

var unknownName = regexp.MustCompile(`unknown name (\w+)|unknown field (\w+)`)

// explain turns the library's error into a diagnostic with a next step.
func (s *scope) explain(d *decoder, at source.Spot, code, where string, err error) {
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
		for scope, fields := range s.types {
			if strings.Contains(code, scope+"."+m[2]) || strings.Contains(code, scope+"?."+m[2]) {
				d.Add(at, "flow.expr", fmt.Sprintf("%s: there is no %s.%s", where, scope, m[2]), choice(m[2], sortedKeys(fields), scope))
				return
			}
		}
		d.Add(at, "flow.expr", fmt.Sprintf("%s: %s: there is no %s", where, source.Quote(code), m[2]))
	case m[1] == "run" || m[1] == "steps":
		d.notBuilt(at, m[1]+" in ${...}", "in scope: "+strings.Join(sortedKeys(s.types), ", "))
	default:
		d.Add(at, "flow.expr", fmt.Sprintf("%s: there is no %s", where, m[1]), choice(m[1], sortedKeys(s.types), "in scope"))
	}
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
