package flow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/internal/unit"
)

// Step is one verb with its attributes.
type Step struct {
	ID      string        `json:"id"` // the user's, else VERB, VERB-2 ...
	Verb    string        `json:"verb"`
	Pos     Pos           `json:"pos"`
	Spec    any           `json:"spec"` // the verb's own struct, by pointer
	Retry   Retry         `json:"retry"`
	Window  *Window       `json:"window,omitempty"`
	OnError string        `json:"onError"` // fail, continue
	Timeout time.Duration `json:"timeout,omitempty"`
}

// attributes are the keys of a step besides its verb.
type attributes struct {
	ID      string        `flow:"id" help:"name of the step in units, reports and status; default is the verb, then verb-2"`
	Retry   Retry         `flow:"retry" help:"how errors that pass are tried again, per unit"`
	Window  *Window       `flow:"window" help:"when it may work; at the end it stops at chunk borders and goes on in the next window"`
	OnError string        `flow:"on_error" enum:"fail,continue" default:"fail" help:"whether the steps behind it still run; the run ends with exit 1 either way"`
	Timeout time.Duration `flow:"timeout" help:"longest time for the step"`
}

// stepLevel knows all keys of a step: its attributes and the verbs.
func stepLevel(lang Language, up *level) *level {
	l := &level{name: "the step", keys: Keys(attributes{}), up: up}
	l.planned = append(append(l.planned, planned["step"]...), planned["verb"]...)
	for _, v := range lang.Verbs {
		l.keys = append(l.keys, Key{Name: v.Name, Kind: Group, Help: v.Help, Keys: Keys(v.Spec())})
	}
	return l
}

func (d *decoder) steps(f *Flow) []Step {
	if f.steps == nil || f.steps.shape == invalid {
		return nil
	}
	if f.steps.shape != list {
		d.add(f.steps.spot, "flow.type", "steps is a list, not "+f.steps.describe(), "write - copy: {...}")
		return nil
	}
	if len(f.steps.items) == 0 {
		d.add(f.steps.spot, "flow.required", "steps holds no step", "write - copy: {...}")
	}
	l := stepLevel(f.project.lang, f.level)
	var out []Step
	ids := map[string]Pos{}
	for _, n := range f.steps.items {
		if s, ok := d.step(n, f.project.lang, l); ok {
			out = append(out, s)
			d.unique(n, s, ids)
		}
	}
	return number(out)
}

func (d *decoder) unique(n *Node, s Step, ids map[string]Pos) {
	if s.ID == "" {
		return
	}
	at := n.at("id")
	if !plainName.MatchString(s.ID) {
		d.add(at, "flow.value", quote(s.ID)+" is no id of a step", "use letters, digits, _ and -, and begin with a letter")
	}
	if first, ok := ids[s.ID]; ok {
		d.add(at, "flow.value", fmt.Sprintf("step %s is there already, at %s", s.ID, first), "give it another id")
	}
	ids[s.ID] = s.Pos
}

// number names the steps that have no id.
func number(steps []Step) []Step {
	taken := map[string]bool{}
	for _, s := range steps {
		taken[s.ID] = true
	}
	for i := range steps {
		if steps[i].ID != "" {
			continue
		}
		id := steps[i].Verb
		for n := 2; taken[id]; n++ {
			id = fmt.Sprintf("%s-%d", steps[i].Verb, n)
		}
		steps[i].ID, taken[id] = id, true
	}
	return steps
}

func (d *decoder) step(n *Node, lang Language, l *level) (Step, bool) {
	if n.shape == invalid {
		return Step{}, false
	}
	if n.shape != mapping {
		d.add(n.spot, "flow.type", "a step is a verb with its keys, not "+n.describe(), "verbs: "+strings.Join(verbNames(lang), ", "))
		return Step{}, false
	}
	// The verb's mapping is taken out; what remains are the attributes.
	rest := *n
	rest.fields = nil
	var verbs []field
	for _, f := range n.fields {
		if lang.verb(f.name) != nil {
			verbs = append(verbs, f)
			continue
		}
		rest.fields = append(rest.fields, f)
	}
	var a attributes
	d.group(&rest, elem(&a), l, n.spot)
	s := Step{ID: a.ID, Pos: n.spot.pos, Retry: a.Retry, Window: a.Window, OnError: a.OnError, Timeout: a.Timeout}
	d.limits(s, &rest)
	switch {
	case len(verbs) == 0:
		if !slices.ContainsFunc(rest.fields, func(f field) bool {
			return slices.Contains(l.planned, f.name) || nearest(f.name, verbNames(lang)) != ""
		}) {
			d.add(n.spot, "flow.required", "a step needs a verb", "verbs: "+strings.Join(verbNames(lang), ", "))
		}
		return Step{}, false
	case len(verbs) > 1:
		d.add(verbs[1].spot, "flow.value", fmt.Sprintf("a step has one verb: %s or %s", verbs[0].name, verbs[1].name), "make two steps of it")
		return Step{}, false
	}
	s.Verb = verbs[0].name
	s.Spec = d.spec(verbs[0], *lang.verb(s.Verb), l)
	return s, true
}

func (d *decoder) spec(f field, verb unit.Verb, up *level) any {
	spec := verb.Spec()
	before := len(d.list)
	d.group(f.value, elem(spec), &level{name: verb.Name, keys: Keys(spec), planned: planned[verb.Name], up: up}, f.spot)
	if len(d.list) == before && d.scope.values != nil && verb.Check != nil {
		for _, p := range verb.Check(spec) {
			d.add(f.value.find(p.Path, f.spot), p.Code, p.Text, p.Next...)
		}
	}
	return spec
}

func verbNames(lang Language) []string {
	var names []string
	for _, v := range lang.Verbs {
		names = append(names, v.Name)
	}
	return names
}

// at is the spot of the value behind keys, as far as they are there.
func (n *Node) at(keys ...string) spot {
	for _, key := range keys {
		f := n.field(key)
		if f == nil {
			break
		}
		n = f.value
	}
	return n.spot
}

// find is the spot of a problem's path: keys joined by dots, list entries as
// [N]. Without such a value it is the nearest one above.
func (n *Node) find(path string, at spot) spot {
	for _, key := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		if f := n.field(key); f != nil {
			n, at = f.value, f.value.spot
			continue
		}
		var i int
		if _, err := fmt.Sscanf(key, "%d", &i); err != nil || n.shape != list || i < 0 || i >= len(n.items) {
			break
		}
		n, at = n.items[i], n.items[i].spot
	}
	return at
}
