package flow

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/scalar"
	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/tag"

	"github.com/expr-lang/expr/types"
)

// Input is a value that a flow asks for.
type Input struct {
	Name    string
	Type    string // text, int, bool, date, duration, list
	Default any    // nil: it must be given
	Choices []any
	Help    string
	Pos     Pos
}

// declaration is an input as a flow file writes it.
type declaration struct {
	Type    string  `flow:"type" enum:"text,int,bool,date,duration,list" default:"text" help:"what it is"`
	Default *Node   `flow:"default" help:"its value when it is not given; without one it must be given"`
	Choices []*Node `flow:"choices" help:"the only values it may have"`
	Help    string  `flow:"help" help:"what it is for, shown by run FLOW --help"`
}

// inputs reads the declarations of a flow.
func (d *decoder) inputs(n *Node, up *decode.Level) []Input {
	if n == nil || n.Shape == source.Invalid {
		return nil
	}
	if n.Shape != source.Mapping {
		d.Add(n.Spot, "flow.type", "inputs is a mapping of names, not "+decode.Described(n))
		return nil
	}
	var out []Input
	for _, f := range n.Fields {
		if !identifier.MatchString(f.Name) {
			d.Add(f.Spot, "flow.value", fmt.Sprintf("input %s is no name", source.Quote(f.Name)), "use letters, digits and _, and begin with a letter")
			continue
		}
		var decl declaration
		v := reflect.ValueOf(&decl).Elem()
		before := len(d.List)
		d.Group(f.Value, v, &decode.Level{Name: "input " + f.Name, Keys: tag.KeysOf(v.Type()), Up: up}, f.Spot)
		if len(d.List) > before {
			out = append(out, Input{Name: f.Name, Type: "any", Pos: f.Spot.Pos})
			continue
		}
		out = append(out, d.input(f, decl))
	}
	return out
}

func (d *decoder) input(f source.Field, decl declaration) Input {
	in := Input{Name: f.Name, Type: decl.Type, Help: decl.Help, Pos: f.Spot.Pos}
	for _, c := range decl.Choices {
		if v, ok := d.typed(c, in, "a choice of "+in.Name); ok {
			in.Choices = append(in.Choices, v)
		}
	}
	if decl.Default == nil {
		return in
	}
	if v, ok := d.typed(decl.Default, in, "default of "+in.Name); ok {
		in.Default = v
		d.chosen(decl.Default.Spot, in, v, "flow.value", "default of "+in.Name)
	}
	return in
}

// key is the input as a key that holds its value.
func (in Input) key(name string) Key {
	k := Key{Name: name, Kind: Text}
	switch in.Type {
	case "int":
		k.Kind = Int
	case "bool":
		k.Kind = Bool
	case "duration":
		k.Kind = Duration
	case "list":
		k.List = true
	}
	return k
}

// typed reads a value of the file as the input's type.
func (d *decoder) typed(n *Node, in Input, what string) (any, bool) {
	v := in.zero()
	before := len(d.List)
	inner := newDecoder(decode.Decoder{Problems: d.Problems})
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

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

func (in Input) zero() reflect.Value {
	zero := map[string]any{"int": 0, "bool": false, "duration": time.Duration(0), "list": []string{}}[in.Type]
	if zero == nil {
		zero = ""
	}
	return reflect.New(reflect.TypeOf(zero)).Elem()
}

// kind is the input's type in expressions.
func (in Input) kind() types.Type {
	if in.Type == "any" {
		return types.Any
	}
	return types.TypeOf(in.zero().Interface())
}

// parse reads a text given for the input: --set NAME=TEXT. A list is written
// a,b or ["a", "b"].
func (in Input) parse(text string) (any, error) {
	v := in.zero()
	k := in.key(in.Name)
	switch {
	case in.Type == "date" && !isDate(text):
		return nil, fmt.Errorf("%s is no date", source.Quote(text))
	case !k.List:
		err := scalar.Set(v, k, text)
		return v.Interface(), err
	case strings.HasPrefix(text, "["):
		var items []string
		if err := json.Unmarshal([]byte(text), &items); err != nil {
			return nil, fmt.Errorf("%s is no list of texts", source.Quote(text))
		}
		return items, nil
	case text == "":
		return []string{}, nil
	}
	return strings.Split(text, ","), nil
}

// format is the text that parse reads as v: one text for one value.
func (in Input) format(v any) string {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v)
	case []string:
		b, err := json.Marshal(v)
		if err != nil {
			panic("encode a list of texts: " + err.Error())
		}
		return string(b)
	}
	return decode.TextOf(v)
}

// chosen refuses a value that is not among the choices.
func (d *decoder) chosen(at source.Spot, in Input, v any, code, what string) {
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
