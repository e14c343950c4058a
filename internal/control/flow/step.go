package flow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/tag"
	"godwit/internal/nearest"
	"godwit/internal/unit"
)

// Step is one verb with its attributes.
type Step struct {
	ID      string        `json:"id"` // the user's, else VERB, VERB-2 ...; unique in the flow
	Verb    string        `json:"verb"`
	Pos     Pos           `json:"pos"`
	Spec    any           `json:"spec,omitempty"` // the verb's own struct, by pointer; nil of steps and parallel
	If      string        `json:"if,omitempty"`   // expression; "" = always
	Each    *Each         `json:"each,omitempty"`
	Retry   *Retry        `json:"retry,omitempty"` // nil = nothing is said
	Window  *Window       `json:"window,omitempty"`
	OnError string        `json:"onError"` // fail, continue
	Timeout time.Duration `json:"timeout,omitempty"`
	// Snapshot is the connection that is read at one point in time by all inside.
	Snapshot string `json:"snapshot,omitempty"`
	Steps    []Step `json:"steps,omitempty"` // of steps and parallel
	Finally  []Step `json:"finally,omitempty"`
	// Late is the hash of what the step says when part of it is only known when
	// the step, or an item of its for_each, begins: see Filler. Spec is then
	// filled as far as it was known.
	Late string `json:"late,omitempty"`
}

// Verbs that hold other steps.
const (
	InOrder = "steps"
	AtOnce  = "parallel"
)

// attributes are the keys of a step besides its verb.
type attributes struct {
	ID      string        `flow:"id" help:"name of the step in units, reports and status; default is the verb, then verb-2"`
	If      string        `flow:"if,expr" help:"asked once, before the step begins; false: it is skipped"`
	Each    *eachKeys     `flow:"for_each" help:"the step once for each of some items; they are read once, when it begins"`
	Retry   *Retry        `flow:"retry" help:"how errors that pass are tried again, per unit"`
	Window  *Window       `flow:"window" help:"when it may work; at the end it stops at chunk borders and goes on in the next window"`
	OnError string        `flow:"on_error" enum:"fail,continue" default:"fail" help:"whether the steps behind it still run; the run ends with exit 1 either way"`
	Timeout time.Duration `flow:"timeout" help:"longest time for the step"`
	Finally *Node         `flow:"finally" help:"steps that run at its end, however that was"`

	Snapshot string `flow:"snapshot,name" help:"connection of which everything inside the step reads the same point in time"`
}

// holders are the verbs that hold other steps.
var holders = []Key{
	{Name: InOrder, Kind: raw, Help: "several steps as one, one after the other"},
	{Name: AtOnce, Kind: raw, Help: "several steps at the same time"},
}

// stepLevel knows all keys of a step: its attributes and the verbs.
func stepLevel(lang Language, up *decode.Level) *decode.Level {
	l := &decode.Level{Name: "the step", Keys: Keys(attributes{}), Up: up}
	l.Planned = append(append(l.Planned, decode.Planned["step"]...), decode.Planned["verb"]...)
	for _, word := range unit.Words(lang.Verbs) {
		v := unit.Forms(lang.Verbs, word)[0]
		l.Keys = append(l.Keys, Key{Name: word, Kind: Group, Help: v.Help, Of: tag.Struct(v.Spec())})
	}
	l.Keys = append(l.Keys, holders...)
	return l
}

// verbNames lists the names of all verbs.
func verbNames(lang Language) []string {
	return append(unit.Words(lang.Verbs), InOrder, AtOnce)
}

// steps reads the steps of a flow and those at its end.
func (d *decoder) steps(f *Flow) (steps, finally []Step) {
	l := stepLevel(f.project.lang, f.level)
	d.ids = d.identify(f.project.lang, f.steps, f.finally)
	w := within{scope: d.Scope, lang: f.project.lang, project: f.project, level: l}
	if f.steps != nil {
		steps = d.list(f.steps, "steps", w)
	}
	if f.finally != nil {
		w.before, w.ends = steps, true
		finally = d.list(f.finally, "finally", w)
	}
	return steps, finally
}

// list reads a list of steps.
func (d *decoder) list(n *Node, name string, w within) []Step {
	if n.Shape == source.Invalid {
		return nil
	}
	if n.Shape != source.List {
		d.Add(n.Spot, "flow.type", name+" is a list, not "+decode.Described(n), "write - copy: {...}")
		return nil
	}
	if len(n.Items) == 0 {
		d.Add(n.Spot, "flow.required", name+" holds no step", "write - copy: {...}")
	}
	var out []Step
	for _, item := range n.Items {
		s, ok := d.step(item, w)
		if !ok {
			continue
		}
		out = append(out, s)
		if name != AtOnce { // of those at the same time none is over when another begins
			w.before = append(slices.Clone(w.before), s)
		}
	}
	return out
}

func (d *decoder) step(n *Node, w within) (Step, bool) {
	if n.Shape == source.Invalid {
		return Step{}, false
	}
	if n.Shape != source.Mapping {
		d.Add(n.Spot, "flow.type", "a step is a verb with its keys, not "+decode.Described(n), "verbs: "+strings.Join(verbNames(w.lang), ", "))
		return Step{}, false
	}
	// The verb's mapping is taken out; what remains are the attributes.
	rest := *n
	rest.Fields = nil
	var verbs []source.Field
	for _, f := range n.Fields {
		if slices.Contains(verbNames(w.lang), f.Name) {
			verbs = append(verbs, f)
			continue
		}
		rest.Fields = append(rest.Fields, f)
	}
	var a attributes
	d.enter(w)
	d.Group(&rest, elem(&a), w.level, n.Spot)
	s := Step{ID: d.ids[n], Pos: n.Spot.Pos, If: a.If, Retry: a.Retry, Window: a.Window, OnError: a.OnError, Timeout: a.Timeout, Snapshot: a.Snapshot}
	d.limits(s, &rest)
	if f := rest.Field("if"); f != nil && a.If != "" && !d.filling {
		d.expression(f.Value, a.If, "if in the step", Bool)
	}
	switch {
	case len(verbs) == 0:
		if !slices.ContainsFunc(rest.Fields, func(f source.Field) bool {
			return slices.Contains(w.level.Planned, f.Name) || nearest.Name(f.Name, verbNames(w.lang)) != ""
		}) {
			d.Add(n.Spot, "flow.required", "a step needs a verb", "verbs: "+strings.Join(verbNames(w.lang), ", "))
		}
		return Step{}, false
	case len(verbs) > 1:
		d.Add(verbs[1].Spot, "flow.value", fmt.Sprintf("a step has one verb: %s or %s", verbs[0].Name, verbs[1].Name), apart(verbs, w.lang))
		return Step{}, false
	}
	s.Verb = verbs[0].Name
	inner := w
	if f := rest.Field("for_each"); f != nil && a.Each != nil && f.Value.Shape == source.Mapping {
		inner.items = d.loop(&s, f.Value, a.Each, w.items)
	}
	if a.Snapshot != "" {
		inner.pinned = a.Snapshot
	}
	d.work(&s, verbs[0], inner)
	if s.Waits() {
		d.waiting(&s, verbs[0].Value, &rest)
	}
	if a.Finally != nil && !d.filling {
		inner.before, inner.ends = append(slices.Clone(inner.before), s.Steps...), true
		s.Finally = d.list(a.Finally, "finally", inner)
	}
	return s, true
}

// work reads what the step does.
func (d *decoder) work(s *Step, f source.Field, w within) {
	if s.Verb == InOrder || s.Verb == AtOnce {
		if !d.filling {
			s.Steps = d.list(f.Value, s.Verb, w)
		}
		return
	}
	forms := unit.Forms(w.lang.Verbs, s.Verb)
	verb := slices.MinFunc(forms, func(a, b unit.Verb) int { // the first of those to which the fewest keys are unknown
		return tag.Strangers(f.Value, Keys(a.Spec())) - tag.Strangers(f.Value, Keys(b.Spec()))
	})
	s.Verb = verb.Name
	whole := f
	if verb.Holds {
		f = withoutSteps(f)
	}
	d.enter(w)
	s.Spec = d.spec(f, verb, forms, w.level)
	if w.ends && verb.Undoes != nil && verb.Undoes(s.Spec) {
		d.Add(f.Value.At("undo"), "flow.value", "undo in a finally: what stands there runs at the end, and nothing behind it can fail", "take the key away, or move the step to steps")
	}
	if s.Verb == Calls && !d.filling {
		if w.pinned != "" {
			d.Add(f.Spot, "flow.value", "a called flow reads at its own points in time: snapshot: "+w.pinned+" around it would not hold for it", "take snapshot away, or write the called flow's steps here")
		}
		d.calls = true
		d.called(s, f, w.project)
	}
	if d.Later != nil && d.Later.Used {
		s.Late = d.said(f.Value)
	}
	if verb.Holds && !d.filling {
		s.Steps = d.around(whole, w)
	}
}

func (d *decoder) spec(f source.Field, verb unit.Verb, forms []unit.Verb, up *decode.Level) any {
	spec := verb.Spec()
	before := len(d.List)
	value := f.Value
	if short := (decode.Key{Of: tag.Struct(spec)}).Short(); short != "" && value.Shape == source.Scalar {
		value = &Node{Shape: source.Mapping, Fields: []source.Field{{Name: short, Value: value, Spot: value.Spot}}, Spot: value.Spot}
	}
	d.Group(value, elem(spec), &decode.Level{Name: verb.Called(), Keys: Keys(spec), Planned: decode.Planned[verb.Called()], Forms: forms, Up: up, Fills: true}, f.Spot)
	check := verb.Check
	if d.Later.Waits() {
		check = verb.Early
	}
	if len(d.List) == before && d.Scope.Values != nil && check != nil {
		for _, p := range check(spec) {
			d.Add(f.Value.Find(p.Path, f.Spot, d.Files.Roots), p.Code, p.Text, p.Next...)
		}
	}
	return spec
}
