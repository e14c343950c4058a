package flow

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
	"godwit/internal/expression/pieces"
	"godwit/internal/fault"
)

// Reached is a flow that a step may run, bound as far as it is known before the run.
type Reached struct {
	Step  Step // that calls it
	Name  string
	Sure  bool   // the step names it; else data chooses among several
	Whole bool   // its inputs are known; else what uses them, connections too, is left out
	Bound *Bound // nil when it cannot be bound
	Err   error  // why
}

// Reached lists the flows that the steps of this one may run. Where data names them
// these are all flows of the project that fit the call.
func (b *Bound) Reached(lang Language) (list []Reached, err error) {
	if !slices.ContainsFunc(b.All(), func(s Step) bool { return s.Verb == Calls }) {
		return nil, nil
	}
	f, err := b.Filler(lang)
	if err != nil {
		return nil, err
	}
	for _, s := range b.All() {
		if s.Verb == Calls {
			list = append(list, f.reached(s)...)
		}
	}
	return list, nil
}

func (f *Filler) reached(s Step) (list []Reached) {
	if s.Late == "" {
		b, err := f.Call(s.ID, nil)
		return []Reached{{Step: s, Name: s.Spec.(*Call).Name, Sure: true, Whole: true, Bound: b, Err: err}}
	}
	name, given, known := f.words(s)
	p, sure := f.project(), !strings.Contains(name, "${")
	fits, err := pieces.Pattern(name)
	if err != nil {
		return []Reached{{Step: s, Name: name, Sure: true, Err: err}}
	}
	missed := fault.New(fault.Config, "flow.missing", "step %s, %s: no flow of the project has a name as %s and takes these inputs", s.ID, s.Pos, source.Quote(name))
	for _, one := range p.Flows {
		if !fits.MatchString(one) {
			continue
		}
		r := Reached{Step: s, Name: one, Sure: sure}
		called, wrong := p.Flow(one)
		if called != nil && known {
			unfit := called.takes(given)
			if len(unfit) > 0 && !sure { // data does not choose it for this
				if slices.ContainsFunc(called.Inputs, func(in Input) bool { return slices.Contains(given, in.Name) }) {
					missed = missed.Hint("%s", unfit[0].Text)
				}
				continue
			}
			wrong = append(wrong, unfit...)
		}
		if called != nil && len(wrong) == 0 {
			r.Bound, wrong = called.bind(nil, f.bound.Env, []string{"inputs"}, nil)
		}
		if len(wrong) > 0 {
			r.Err = refused(s.ID, wrong)
		}
		list = append(list, r)
	}
	if len(list) == 0 {
		list = []Reached{{Step: s, Name: name, Sure: true, Err: missed.Hint("%s", decode.Choice(name, p.Flows, "flows"))}}
	}
	return list
}

// words are the name that a call gives its flow, as it is written, and the names of
// the inputs, if these are known.
func (f *Filler) words(s Step) (name string, given []string, known bool) {
	n := f.nodes[s.ID].Field(Calls).Value
	if n.Shape != source.Mapping {
		return n.Text, nil, true
	}
	if at := n.Field("name"); at != nil {
		name = at.Value.Text
	}
	in := n.Field("inputs")
	if in == nil {
		return name, nil, true
	}
	for _, one := range in.Value.Fields {
		given = append(given, one.Name)
	}
	return name, given, in.Value.Shape == source.Mapping
}

// takes says why a flow cannot be given inputs of these names.
func (f *Flow) takes(given []string) (wrong Diagnostics) {
	var names []string
	for _, in := range f.Inputs {
		names = append(names, in.Name)
		if in.Default == nil && !slices.Contains(given, in.Name) {
			wrong = append(wrong, Diagnostic{Pos: in.Pos, Code: "input.missing", Text: fmt.Sprintf("flow %s: input %s must be given", f.Name, in.Name), Next: []string{"inputs: {" + in.Name + ": ...} in the call; null is no value"}})
		}
	}
	for _, name := range given {
		if !slices.Contains(names, name) {
			wrong = append(wrong, Diagnostic{Pos: Pos{File: f.path}, Code: "input.unknown", Text: fmt.Sprintf("flow %s has no input %s", f.Name, source.Quote(name)), Next: []string{decode.Choice(name, names, "inputs")}})
		}
	}
	return wrong
}
