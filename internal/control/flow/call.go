package flow

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/input"
	"godwit/internal/control/flow/source"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Calls is the verb that runs another flow.
const Calls = "flow"

// Call is the spec of a step that runs another flow of the project.
type Call struct {
	Name   string           `flow:"name,required,alone" help:"flow of the project"`
	Inputs map[string]Given `flow:"inputs" help:"values for its inputs"`
}

// Given is a value for an input, as --set takes it; empty with null is not given.
type Given struct {
	Text string
	Null bool
}

// ReadPlain is tag.PlainReader's.
func (g *Given) ReadPlain(v any) error {
	switch v := v.(type) {
	case nil:
		g.Null = true
	case string:
		g.Text = v
	case []any:
		texts := make([]string, 0, len(v))
		for _, one := range v {
			texts = append(texts, fmt.Sprint(one))
		}
		b, err := json.Marshal(texts)
		g.Text = string(b)
		return err
	case []unit.Pair:
		return fmt.Errorf("is a mapping, and an input is none")
	default:
		g.Text = fmt.Sprint(v)
	}
	return nil
}

// CallVerb is the verb for the language. What it does is the run's matter: it
// looks at no system of its own.
func CallVerb() unit.Verb {
	return unit.Verb{
		Name: Calls, Help: "Run another flow of the project; it has its own inputs and connections",
		Spec:   func() any { return &Call{} },
		Needs:  func(any) (unit.Needs, error) { return unit.Needs{}, nil },
		Limits: func(any, int) map[string]int { return nil },
	}
}

// called checks a call whose words are all known: its flow is there and takes
// these inputs.
func (d *decoder) called(s *Step, f source.Field, p *Project) {
	c, ok := s.Spec.(*Call)
	at := f.Value.At("name")
	if !ok || c.Name == "" || d.Later.Waits() || d.Told(at) || p == nil {
		return
	}
	if !slices.Contains(p.Flows, c.Name) {
		d.Add(at, "flow.missing", "there is no flow "+source.Quote(c.Name), decode.Choice(c.Name, p.Flows, "flows"))
		return
	}
	if d.Scope.Values == nil {
		return // what is given is known when it is bound
	}
	inner := newDecoder(decode.Decoder{Dir: p.Dir, Files: p.files.Clone()})
	root := inner.Files.YAML(inner.Problems, "flows/"+c.Name+".yaml")
	if root == nil || root.Field("inputs") == nil && len(c.Inputs) == 0 {
		return
	}
	var inputs *Node
	if in := root.Field("inputs"); in != nil {
		inputs = in.Value
	}
	declared := input.Declared(inner.Decoder, inputs, nil)
	if len(inner.List) > 0 {
		return // told when it is bound itself
	}
	input.Given(inner.Decoder, declared, c.texts())
	for _, wrong := range inner.List {
		spot := at
		if name, is := strings.CutPrefix(wrong.Pos.File, "--set "); is {
			spot = f.Value.At("inputs", name)
		}
		d.Add(spot, wrong.Code, fmt.Sprintf("flow %s: %s", c.Name, wrong.Text))
	}
}

func (c *Call) texts() map[string]string {
	texts := map[string]string{}
	for name, g := range c.Inputs {
		if !g.Null {
			texts[name] = g.Text
		}
	}
	return texts
}

// Call binds the flow that a step, named with its items, calls, with what is known
// when it begins, from the files that were frozen with the run.
func (f *Filler) Call(id string, late record.Object) (*Bound, error) {
	s, err := f.Step(id, late)
	if err != nil {
		return nil, err
	}
	c, ok := s.Spec.(*Call)
	if !ok {
		return nil, fault.New(fault.Internal, "flow.gone", "step %s calls no flow", id)
	}
	p := f.project()
	if !slices.Contains(p.Flows, c.Name) {
		return nil, fault.New(fault.Config, "flow.missing", "step %s, %s: there is no flow %s", id, s.Pos, source.Quote(c.Name)).
			Hint("%s", decode.Choice(c.Name, p.Flows, "flows")).
			Hint("files and items are those of when the run began: mend what names the flow, then start another run with --new; what is loaded is unchanged there")
	}
	called, wrong := p.Flow(c.Name)
	texts := c.texts()
	if len(wrong) == 0 {
		wrong = called.takes(decode.SortedKeys(texts))
	}
	if len(wrong) == 0 {
		var b *Bound
		if b, wrong = called.Bind(texts, f.bound.Env); len(wrong) == 0 {
			return b, nil
		}
	}
	return nil, refused(id, wrong)
}

// project is that of the files that were frozen with the run.
func (f *Filler) project() *Project {
	d := newDecoder(decode.Decoder{})
	p := &Project{lang: f.lang, files: f.files.Clone(), Environments: map[string]Environment{}, Connections: map[string]Connection{}}
	for path := range f.bound.Late.Texts {
		if name, ok := strings.CutPrefix(path, "flows/"); ok && strings.HasSuffix(name, ".yaml") {
			p.Flows = append(p.Flows, strings.TrimSuffix(name, ".yaml"))
		}
	}
	slices.Sort(p.Flows)
	d.Files = p.files
	if n := p.files.YAML(d.Problems, projectFile); n != nil {
		d.project(p, n)
	}
	p.wrong = d.List.Sorted()
	return p
}
