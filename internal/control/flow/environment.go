package flow

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/expression"
	"godwit/internal/control/flow/source"

	"github.com/expr-lang/expr/types"
)

// Environment is where a flow runs: the values that differ between a test and
// production.
type Environment struct {
	Name      string
	Vars      map[string]any // text, int, bool or nil; the same names in all
	Protected bool           // asks before anything is changed
	Rehearsal bool
	Pos       Pos
}

type environmentKeys struct {
	Vars      map[string]*Node `flow:"vars" help:"values for ${env.NAME}; the same names in all environments"`
	Protected bool             `flow:"protected" default:"false" help:"asks before it changes anything"`
	Rehearsal bool             `flow:"rehearsal" default:"false" help:"runs here are rehearsals"`
}

func (d *decoder) environments(p *Project, n *Node, up *decode.Level) {
	spots := map[string]source.Spot{}
	for _, f := range d.named(n, "environments", plainName) {
		var keys environmentKeys
		d.Group(f.Value, elem(&keys), &decode.Level{Name: "environment " + f.Name, Keys: Keys(keys), Up: up}, f.Spot)
		e := Environment{Name: f.Name, Vars: map[string]any{}, Protected: keys.Protected, Rehearsal: keys.Rehearsal, Pos: f.Spot.Pos}
		for _, name := range decode.SortedKeys(keys.Vars) {
			e.Vars[name] = d.variable(keys.Vars[name], name)
		}
		p.Environments[f.Name] = e
		spots[f.Name] = f.Spot
	}
	for _, name := range decode.SortedKeys(p.Environments) {
		d.sameVars(p, name, spots[name])
	}
}

// variable reads a value of vars.
func (d *decoder) variable(n *Node, name string) any {
	switch {
	case !source.IsName(name) || name == "name" || name == "rehearsal":
		d.Add(n.Spot, "flow.value", fmt.Sprintf("%s cannot be the name of a var", source.Quote(name)), "use letters, digits and _; name and rehearsal are taken")
		return nil
	case n.Shape == source.Invalid:
		return nil
	case n.Shape != source.Scalar:
		d.Add(n.Spot, "flow.type", fmt.Sprintf("var %s is a text, a whole number, true, false or null, not %s", name, decode.Described(n)))
		return nil
	case strings.Contains(n.Text, "${"):
		d.Add(n.Spot, "flow.expr", fmt.Sprintf("var %s cannot use ${...}", name))
		return nil
	}
	switch n.Kind() {
	case "null":
		return nil
	case "bool":
		return n.Text == "true"
	case "number":
		i, err := strconv.Atoi(n.Text)
		if err != nil {
			d.Add(n.Spot, "flow.type", fmt.Sprintf("var %s: %s is no whole number", name, n.Text), fmt.Sprintf(`put it in quotes: "%s"`, n.Text))
		}
		return i
	}
	return n.Text
}

// sameVars says which vars an environment lacks that others have.
func (d *decoder) sameVars(p *Project, name string, at source.Spot) {
	told := map[string]bool{}
	for _, other := range decode.SortedKeys(p.Environments) {
		for _, v := range decode.SortedKeys(p.Environments[other].Vars) {
			if _, ok := p.Environments[name].Vars[v]; !ok && !told[v] {
				told[v] = true
				d.Add(at, "env.vars", fmt.Sprintf("environment %s has no var %s, %s has it", name, v, other), v+": null where it is not needed")
			}
		}
	}
}

// types is the scope of a flow with these inputs, before it is bound. A var
// that is null or of several types is only known in its environment.
func (p *Project) types(inputs []Input) *decode.Scope {
	env := types.Map{"name": types.String, "rehearsal": types.Bool}
	for _, e := range decode.SortedKeys(p.Environments) {
		for name, v := range p.Environments[e].Vars {
			var t types.Type = types.Any
			if v != nil {
				t = types.TypeOf(v)
			}
			if was, ok := env[name]; ok && reflect.TypeOf(was) != reflect.TypeOf(t) || ok && !was.Equal(t) {
				t = types.Any
			}
			env[name] = t
		}
	}
	s := &decode.Scope{Types: expression.Names{"env": env}}
	if inputs != nil {
		given := types.Map{}
		for _, in := range inputs {
			given[in.Name] = in.Kind()
		}
		s.Types["inputs"] = given
	}
	return s
}

// environment chooses: the only one when none is named.
func (p *Project) environment(name string) (Environment, *Diagnostic) {
	names := decode.SortedKeys(p.Environments)
	if e, ok := p.Environments[name]; ok {
		return e, nil
	}
	at := Pos{File: "--env"}
	switch {
	case name == "" && len(names) == 0:
		return Environment{}, nil
	case name == "" && len(names) == 1:
		return p.Environments[names[0]], nil
	case name == "":
		return Environment{}, &Diagnostic{Pos: at, Code: "env.missing", Text: "which environment?", Next: []string{"--env " + strings.Join(names, " or --env ")}}
	}
	return Environment{}, &Diagnostic{Pos: at, Code: "env.unknown", Text: "there is no environment " + source.Quote(name), Next: []string{decode.Choice(name, names, "environments")}}
}
