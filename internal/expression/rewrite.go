package expression

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/convert"
	"godwit/internal/nearest"
	"godwit/internal/record"

	"github.com/expr-lang/expr/ast"
)

// rewriter puts the functions of operator.go in place of the operators, exact
// numbers in place of float literals, and checks what the types of both sides
// already tell.
type rewriter struct {
	code     []rune
	names    map[string]string // function by sign
	tables   map[string]map[string]string
	problems []found
}

// found is a problem at a character of the code.
type found struct {
	at   int
	text string
	next string
}

func newRewriter(code string, tables map[string]map[string]string) *rewriter {
	r := &rewriter{code: []rune(code), names: map[string]string{}, tables: tables}
	for _, o := range operators {
		r.names[o.sign] = o.name
	}
	return r
}

func call(name string, args ...ast.Node) *ast.CallNode {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: args}
}

var (
	boolType  = reflect.TypeFor[bool]()
	exactType = reflect.TypeFor[exactNumber]()
)

func (r *rewriter) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.FloatNode:
		ast.Patch(node, &ast.ConstantNode{Value: r.literal(n)})
		(*node).SetType(exactType)
	case *ast.BinaryNode:
		r.binary(node, n)
	case *ast.UnaryNode:
		if _, literal := n.Node.(*ast.IntegerNode); !literal && (n.Operator == "-" || n.Operator == "+") {
			name := "$negate"
			if k := kindOf(n.Node); k != "" && k != "number" && k != "duration" {
				r.problem(n, "- of "+article[k]+" is not possible")
			}
			if n.Operator == "+" {
				*node = n.Node
				return
			}
			t := n.Node.Type()
			ast.Patch(node, call(name, n.Node))
			(*node).SetType(t)
		}
	case *ast.CallNode:
		r.lookup(n)
	case *ast.BuiltinNode:
		if n.Name == "sum" {
			list := n.Arguments[0]
			if len(n.Arguments) == 2 {
				m := &ast.BuiltinNode{Name: "map", Arguments: n.Arguments}
				m.SetLocation(n.Location())
				list = m
			}
			ast.Patch(node, call("$sum", list))
		}
	case *ast.MemberNode:
		if name, ok := n.Property.(*ast.StringNode); ok && n.Method && (name.Value == "Local" || name.Value == "In") {
			r.problem(n, "the zone of the machine is not known here: clock(time, ZONE) is what clocks show")
		}
	case *ast.PredicateNode:
		ast.Walk(&n.Node, limiter{})
	}
}

// limiter counts the turns of loops that stand inside another loop.
type limiter struct{}

func (limiter) Visit(node *ast.Node) {
	p, ok := (*node).(*ast.PredicateNode)
	if !ok {
		return
	}
	if c, ok := p.Node.(*ast.CallNode); ok {
		if id, ok := c.Callee.(*ast.IdentifierNode); ok && id.Value == "$tick" {
			return
		}
	}
	t := p.Node.Type()
	c := call("$tick", &ast.IdentifierNode{Value: stepsName}, p.Node)
	c.SetLocation(p.Node.Location())
	c.SetType(t)
	p.Node = c
}

// lookup finds names of lookups that are not there.
func (r *rewriter) lookup(n *ast.CallNode) {
	id, ok := n.Callee.(*ast.IdentifierNode)
	if !ok || id.Value != "lookup" || len(n.Arguments) == 0 {
		return
	}
	name, ok := n.Arguments[0].(*ast.StringNode)
	if !ok || r.tables[name.Value] != nil {
		return
	}
	next := ""
	if near := nearest.Name(name.Value, slices.Sorted(maps.Keys(r.tables))); near != "" {
		next = near + "?"
	}
	r.problems = append(r.problems, found{name.Location().From, fmt.Sprintf("there is no lookup %q", name.Value), next})
}

func (r *rewriter) problem(n ast.Node, text string) {
	r.problems = append(r.problems, found{at: n.Location().From, text: text})
}

// literal is a number as it is written: 0.1 is one tenth.
func (r *rewriter) literal(n *ast.FloatNode) record.Decimal {
	at := n.Location()
	if at.From >= 0 && at.From <= at.To && at.To <= len(r.code) {
		v, ok := convert.Number(strings.ReplaceAll(string(r.code[at.From:at.To]), "_", ""))
		if d, isDecimal := v.(record.Decimal); ok && isDecimal && toFloat(d) == n.Value {
			return d
		}
	}
	return record.Decimal(record.Decimal(strconv.FormatFloat(n.Value, 'f', -1, 64)).Plain())
}

func (r *rewriter) binary(node *ast.Node, n *ast.BinaryNode) {
	name, ok := r.names[n.Operator]
	if !ok {
		return
	}
	a, b := kindOf(n.Left), kindOf(n.Right)
	if text := impossible(n.Operator, a, b); text != "" {
		r.problem(n, text)
	}
	var t reflect.Type
	switch n.Operator {
	case "==", "!=", "<", "<=", ">", ">=", "in":
		t = boolType
	default:
		t = result(n.Operator, a, b)
	}
	ast.Patch(node, call(name, n.Left, n.Right))
	if t != nil {
		(*node).SetType(t)
	}
}

func result(op, a, b string) reflect.Type {
	switch {
	case a == "number" && b == "number":
		return exactType
	case a == "text" && b == "text":
		return reflect.TypeFor[string]()
	case a == "time" && b == "duration", a == "duration" && b == "time":
		return reflect.TypeFor[time.Time]()
	case a == "time" && b == "time", a == "duration" && b == "duration":
		return reflect.TypeFor[time.Duration]()
	}
	return nil
}

var article = map[string]string{
	"text": "a text", "number": "a number", "bool": "a truth value", "time": "a time", "duration": "a duration",
	"list": "a list", "document": "a document", "bytes": "bytes",
}

// impossible says why an operator never works on two kinds of values.
func impossible(op, a, b string) string {
	if a == "" || b == "" {
		return ""
	}
	fine := a == b
	switch op {
	case "in":
		if b == "list" || b == "document" {
			return ""
		}
		return "in wants a list or a document, not " + article[b]
	case "+":
		fine = a == b && (a == "number" || a == "text" || a == "duration") || a == "time" && b == "duration" || a == "duration" && b == "time"
	case "-":
		fine = a == b && (a == "number" || a == "time" || a == "duration") || a == "time" && b == "duration"
	case "*":
		fine = a == "number" && b == "number" || a == "duration" && b == "number"
	case "/", "%", "**", "^":
		fine = a == "number" && b == "number"
	case "<", "<=", ">", ">=":
		fine = a == b && a != "list" && a != "document" && a != "bool"
	}
	if fine {
		return ""
	}
	return fmt.Sprintf("%s %s %s is not possible", article[a], op, article[b])
}

// kindOf is what the checker found a node to be; "" when it does not know, or
// when it is null.
func kindOf(n ast.Node) string {
	if _, isNil := n.(*ast.NilNode); isNil {
		return ""
	}
	t := n.Type()
	switch t {
	case exactType, reflect.TypeFor[record.Decimal]():
		return "number"
	case reflect.TypeFor[time.Time]():
		return "time"
	case reflect.TypeFor[time.Duration]():
		return "duration"
	case reflect.TypeFor[[]byte]():
		return "bytes"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Float64:
		return "number"
	case reflect.Bool:
		return "bool"
	case reflect.Slice, reflect.Array:
		return "list"
	case reflect.Map:
		return "document"
	}
	return ""
}
