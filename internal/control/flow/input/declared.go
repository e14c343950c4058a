package input

import (
	"fmt"
	"reflect"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/tag"
)

// Declaration is an input as a flow file writes it.
type Declaration struct {
	Type    string         `flow:"type" enum:"text,int,bool,date,duration,list" default:"text" help:"what it is"`
	Default *source.Node   `flow:"default" help:"its value when it is not given; without one it must be given"`
	Choices []*source.Node `flow:"choices" help:"the only values it may have"`
	Help    string         `flow:"help" help:"what it is for, shown by run FLOW --help"`
}

// Declared reads the declarations of a flow.
func Declared(d *decode.Decoder, n *source.Node, up *decode.Level) []Input {
	if n == nil || n.Shape == source.Invalid {
		return nil
	}
	if n.Shape != source.Mapping {
		d.Add(n.Spot, "flow.type", "inputs is a mapping of names, not "+decode.Described(n))
		return nil
	}
	var out []Input
	for _, f := range n.Fields {
		if !source.IsName(f.Name) {
			d.Add(f.Spot, "flow.value", fmt.Sprintf("input %s is no name", source.Quote(f.Name)), "use letters, digits and _, and begin with a letter")
			continue
		}
		var decl Declaration
		v := reflect.ValueOf(&decl).Elem()
		before := len(d.List)
		d.Group(f.Value, v, &decode.Level{Name: "input " + f.Name, Keys: tag.KeysOf(v.Type()), Up: up}, f.Spot)
		if len(d.List) > before {
			out = append(out, Input{Name: f.Name, Type: "any", Pos: f.Spot.Pos})
			continue
		}
		out = append(out, declared(d, f, decl))
	}
	return out
}

func declared(d *decode.Decoder, f source.Field, decl Declaration) Input {
	in := Input{Name: f.Name, Type: decl.Type, Help: decl.Help, Pos: f.Spot.Pos}
	for _, c := range decl.Choices {
		if v, ok := typed(d, c, in, "a choice of "+in.Name); ok {
			in.Choices = append(in.Choices, v)
		}
	}
	if decl.Default == nil {
		return in
	}
	if v, ok := typed(d, decl.Default, in, "default of "+in.Name); ok {
		in.Default = v
		chosen(d, decl.Default.Spot, in, v, "flow.value", "default of "+in.Name)
	}
	return in
}

// typed reads a value of the file as the input's type.
func typed(d *decode.Decoder, n *source.Node, in Input, what string) (any, bool) {
	v := in.zero()
	before := len(d.List)
	inner := decode.Decoder{Problems: d.Problems}
	inner.Into(n, v, in.key(what), &decode.Level{Name: "input " + in.Name}, n.Spot)
	if len(d.List) > before {
		return nil, false
	}
	if in.Type == "date" && !isDate(v.String()) {
		d.Add(n.Spot, "flow.type", fmt.Sprintf("%s: %s is no date", what, source.Quote(v.String())), "write it as 2026-01-31")
		return nil, false
	}
	return v.Interface(), true
}

// chosen refuses a value that is not among the choices.
func chosen(d *decode.Decoder, at source.Spot, in Input, v any, code, what string) {
	if len(in.Choices) == 0 {
		return
	}
	var choices []string
	for _, c := range in.Choices {
		if reflect.DeepEqual(c, v) {
			return
		}
		choices = append(choices, in.format(c))
	}
	d.Add(at, code, fmt.Sprintf("%s: %s is none of its choices", what, source.Quote(in.format(v))), decode.Choice(in.format(v), choices, "choices"))
}
