package flow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/tag"
	"godwit/internal/nearest"
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
	for _, word := range verbNames(lang) {
		v := unit.Forms(lang.Verbs, word)[0]
		l.keys = append(l.keys, Key{Name: word, Kind: Group, Help: v.Help, Of: tag.Struct(v.Spec())})
	}
	return l
}

func (d *decoder) steps(f *Flow) []Step {
	if f.steps == nil || f.steps.Shape == source.Invalid {
		return nil
	}
	if f.steps.Shape != source.List {
		d.Add(f.steps.Spot, "flow.type", "steps is a list, not "+described(f.steps), "write - copy: {...}")
		return nil
	}
	if len(f.steps.Items) == 0 {
		d.Add(f.steps.Spot, "flow.required", "steps holds no step", "write - copy: {...}")
	}
	l := stepLevel(f.project.lang, f.level)
	var out []Step
	ids := map[string]Pos{}
	for _, n := range f.steps.Items {
		if s, ok := d.step(n, f.project.lang, l); ok {
			out = append(out, s)
			d.unique(n, s, ids)
		}
	}
	return numbered(out, f.project.lang)
}

func (d *decoder) unique(n *Node, s Step, ids map[string]Pos) {
	if s.ID == "" {
		return
	}
	at := n.At("id")
	if !plainName.MatchString(s.ID) {
		d.Add(at, "flow.value", source.Quote(s.ID)+" is no id of a step", "use letters, digits, _ and -, and begin with a letter")
	}
	if first, ok := ids[s.ID]; ok {
		d.Add(at, "flow.value", fmt.Sprintf("step %s is there already, at %s", s.ID, first), "give it another id")
	}
	ids[s.ID] = s.Pos
}

// numbered names the steps that have no id.
func numbered(steps []Step, lang Language) []Step {
	taken := map[string]bool{}
	for _, s := range steps {
		taken[s.ID] = true
	}
	for i := range steps {
		if steps[i].ID != "" {
			continue
		}
		word := lang.verb(steps[i].Verb).Called()
		id := word
		for n := 2; taken[id]; n++ {
			id = fmt.Sprintf("%s-%d", word, n)
		}
		steps[i].ID, taken[id] = id, true
	}
	return steps
}

func (d *decoder) step(n *Node, lang Language, l *level) (Step, bool) {
	if n.Shape == source.Invalid {
		return Step{}, false
	}
	if n.Shape != source.Mapping {
		d.Add(n.Spot, "flow.type", "a step is a verb with its keys, not "+described(n), "verbs: "+strings.Join(verbNames(lang), ", "))
		return Step{}, false
	}
	// The verb's mapping is taken out; what remains are the attributes.
	rest := *n
	rest.Fields = nil
	var verbs []source.Field
	for _, f := range n.Fields {
		if slices.Contains(verbNames(lang), f.Name) {
			verbs = append(verbs, f)
			continue
		}
		rest.Fields = append(rest.Fields, f)
	}
	var a attributes
	d.group(&rest, elem(&a), l, n.Spot)
	s := Step{ID: a.ID, Pos: n.Spot.Pos, Retry: a.Retry, Window: a.Window, OnError: a.OnError, Timeout: a.Timeout}
	d.limits(s, &rest)
	switch {
	case len(verbs) == 0:
		if !slices.ContainsFunc(rest.Fields, func(f source.Field) bool {
			return slices.Contains(l.planned, f.Name) || nearest.Name(f.Name, verbNames(lang)) != ""
		}) {
			d.Add(n.Spot, "flow.required", "a step needs a verb", "verbs: "+strings.Join(verbNames(lang), ", "))
		}
		return Step{}, false
	case len(verbs) > 1:
		d.Add(verbs[1].Spot, "flow.value", fmt.Sprintf("a step has one verb: %s or %s", verbs[0].Name, verbs[1].Name), "make two steps of it")
		return Step{}, false
	}
	forms := unit.Forms(lang.Verbs, verbs[0].Name)
	verb := slices.MinFunc(forms, func(a, b unit.Verb) int { // the first of those to which the fewest keys are unknown
		return tag.Strangers(verbs[0].Value, Keys(a.Spec())) - tag.Strangers(verbs[0].Value, Keys(b.Spec()))
	})
	s.Verb = verb.Name
	s.Spec = d.spec(verbs[0], verb, forms, l)
	return s, true
}

func (d *decoder) spec(f source.Field, verb unit.Verb, forms []unit.Verb, up *level) any {
	spec := verb.Spec()
	before := len(d.List)
	d.group(f.Value, elem(spec), &level{name: verb.Called(), keys: Keys(spec), planned: planned[verb.Called()], forms: forms, up: up}, f.Spot)
	if len(d.List) == before && d.scope.values != nil && verb.Check != nil {
		for _, p := range verb.Check(spec) {
			d.Add(f.Value.Find(p.Path, f.Spot, d.files.Roots), p.Code, p.Text, p.Next...)
		}
	}
	return spec
}

// verbNames are the words of the verbs.
func verbNames(lang Language) []string { return unit.Words(lang.Verbs) }
