package expression

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/nearest"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
)

// Compile checks an expression against what is in scope and makes it ready to
// run. Wanted is the type that its value must be able to become; of kind "" any
// will do.
func Compile(code string, s Scope, wanted catalog.Kind) (*Program, []Problem) {
	env := types.Map{stepsName: types.TypeOf(new(int64))}
	for name, t := range s.Names {
		env[name] = typeFor(t)
	}
	for name, v := range s.Env {
		env[name] = typesOf(v)
	}
	for name := range s.Roots {
		if env[name] = types.TypeOf(map[string]any{}); s.Lists[name] {
			env[name] = types.Any
		}
	}
	options := functions(s)
	b := &binder{roots: s.Roots, lists: s.Lists, bound: map[string]Var{}}
	names, strange, err := read(code, s, append(options[:len(options):len(options)], expr.Env(env)), b)
	if err != nil {
		return nil, []Problem{explain(err, code, env)}
	}
	p := &Program{Code: code, Uses: map[string]bool{}}
	problems := append(p.bind(code, s, b, names, env), strange...)
	if len(problems) > 0 {
		return nil, problems
	}
	r := newRewriter(code, s.Lookups)
	options = append(options, expr.Env(env), expr.Patch(b), expr.Patch(r))
	if wanted == catalog.KindBool {
		options = append(options, expr.AsBool())
	}
	p.program, err = expr.Compile(code, options...)
	for _, f := range r.problems {
		problems = append(problems, place(code, f))
	}
	if len(problems) == 0 && err != nil {
		problems = append(problems, explain(err, code, env))
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return p, nil
}

// read parses an expression and gives the names in it, with its paths bound, and
// what is wrong with others.
func read(code string, s Scope, options []expr.Option, b *binder) ([]*ast.IdentifierNode, []Problem, error) {
	config := conf.CreateNew()
	for _, o := range options {
		o(config)
	}
	tree, err := parser.ParseWithConfig(code, config)
	if err != nil {
		return nil, nil, err
	}
	ast.Walk(&tree.Node, b)
	r := newReader()
	ast.Walk(&tree.Node, r)
	functions := map[string]bool{}
	for name := range config.Functions {
		functions[name] = true
	}
	return r.names(), r.strangers(code, functions, s.Env), nil
}

// bind declares the paths that are read and reports those that lead nowhere.
func (p *Program) bind(code string, s Scope, b *binder, names []*ast.IdentifierNode, env types.Map) []Problem {
	var problems []Problem
	for _, id := range names {
		if s.Roots[id.Value] != nil {
			p.Vars = append(p.Vars, Var{Name: id.Value, Root: id.Value})
			p.Uses[id.Value] = true
			continue
		}
		v, ok := b.bound[id.Value]
		if !ok {
			if _, known := env[id.Value]; known || id.Value == "$env" {
				p.Uses[id.Value] = true
				continue
			}
			// beside an operator of ours the checker would take it for null
			text, next := noName(id.Value, env)
			problems = append(problems, place(code, found{id.Location().From, text, next}))
			continue
		}
		t, problem, next := s.Roots[v.Root](v.Path)
		if problem != "" {
			problems = append(problems, place(code, found{id.Location().From, problem, next}))
			continue
		}
		env[v.Name] = typeFor(t)
		p.Vars = append(p.Vars, v)
		p.Uses[v.Root] = true
	}
	// the checker sees the parts of a path before the binder does
	for name := range b.bound {
		if env[name] == nil {
			env[name] = types.Any
		}
	}
	return problems
}

// place turns a character of the code into line and column.
func place(code string, f found) Problem {
	before := []rune(code)
	before = before[:max(0, min(f.at, len(before)))]
	line, column := 1, 1
	for _, r := range before {
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
	}
	return Problem{Line: line, Column: column, Text: f.text, Next: f.next}
}

var (
	unknownName  = regexp.MustCompile(`unknown name (.+)$`)
	unknownField = regexp.MustCompile(`unknown field (.+)$`)
)

// explain turns the library's error into words for people.
func explain(err error, code string, env types.Map) Problem {
	var e *file.Error
	if !errors.As(err, &e) {
		text, _, _ := strings.Cut(err.Error(), "\n")
		return Problem{Line: 1, Column: 1, Text: plain(text)}
	}
	p := Problem{Line: e.Line, Column: e.Column + 1, Text: plain(e.Message)}
	if m := unknownField.FindStringSubmatch(e.Message); m != nil {
		p.Text = "there is no " + m[1]
	}
	if m := unknownName.FindStringSubmatch(e.Message); m != nil {
		p.Text, p.Next = noName(m[1], env)
	}
	return p
}

func noName(name string, env types.Map) (text, next string) {
	text = "there is no " + name
	if name == "now" || name == "timezone" {
		return text, "expressions have no clock: the same values always give the same; inputs may bring a time"
	}
	var names []string
	for _, n := range slices.Sorted(maps.Keys(env)) {
		if !strings.ContainsAny(n, "$.[") {
			names = append(names, n)
		}
	}
	if near := nearest.Name(name, names); near != "" {
		return text, near + "?"
	}
	return text, fmt.Sprintf("in scope: %s", strings.Join(names, ", "))
}
