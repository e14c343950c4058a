// Package expression compiles and runs the expressions of maps: expr-lang with
// paths that pass over what is not there, checked whole numbers, exact
// decimals, no clock and no I/O. The same values always give the same result.
// It knows neither maps nor records. Start reading at Compile.
package expression

import (
	"godwit/internal/catalog"
	"godwit/internal/expression/path"

	"github.com/expr-lang/expr/vm"
)

// Root says what a path below one of the documents in scope (doc, item, parent,
// record) leads to: its type, of kind "" when that is not known. A path that
// leads nowhere is a problem, with a next step.
type Root func(p path.Path) (t catalog.Type, problem, next string)

// Scope is what an expression may name.
type Scope struct {
	Roots   map[string]Root
	Lists   map[string]bool         // of Roots, those that may be lists: a path may begin with a number
	Names   map[string]catalog.Type // single values: op, key, value, index
	Env     map[string]any          // inputs and env, whose values do not change
	Lookups map[string]map[string]string
}

// Problem is why an expression does not compile. Line and Column are from 1,
// within the expression, in characters.
type Problem struct {
	Line, Column int
	Text         string
	Next         string
}

// Var is a path that an expression reads: Env must hold its value under Name
// when the expression runs, null for what is not there.
type Var struct {
	Name string
	Root string
	Path path.Path // empty: the whole document
}

// Program is a compiled expression. It does not change and may be used by any
// number of goroutines, each with its own Machine.
type Program struct {
	Code    string
	Vars    []Var
	Uses    map[string]bool // names of the scope that are read
	program *vm.Program
}

// memory and steps are what one run of an expression may use: elements of
// lists made, and turns of loops inside loops.
const (
	memory = 1_000_000
	steps  = 1_000_000
	length = 16 << 20 // bytes of a text that is put together
)

// stepsName is where a machine keeps the turns that are left.
const stepsName = "$steps"

// Machine runs programs. Not safe for concurrent use.
type Machine struct {
	Env  map[string]any // by the names of Vars and of the scope
	vm   vm.VM
	left int64
}

// NewMachine makes a machine whose Env holds inputs and env.
func NewMachine(env map[string]any) *Machine {
	m := &Machine{Env: map[string]any{}}
	for name, v := range env {
		m.Env[name] = v
	}
	m.Env[stepsName] = &m.left
	m.vm.MemoryBudget = memory
	return m
}

// Run gives an expression's value, as records hold values. An error says why
// there is none, in words for people, without values; what fail says is its
// whole text.
func (m *Machine) Run(p *Program) (any, error) {
	m.left = steps
	v, err := m.vm.Run(p.program, m.Env)
	if err != nil {
		return nil, reworded(err)
	}
	v, err = normal(v)
	if err != nil {
		return nil, err
	}
	return v, nil
}
