package flow

import (
	"encoding/json"
	"slices"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/input"
	"godwit/internal/control/flow/scalar"
)

// Bound is a flow with its inputs and environment filled in: what a run
// freezes when it starts. As JSON it holds no secret, only where each is to be
// fetched; Thaw reads it again.
type Bound struct {
	Flow        string                     `json:"flow"`
	Help        string                     `json:"help,omitempty"`
	Inputs      map[string]string          `json:"inputs,omitempty"` // as Bind takes them, one text for one value
	Env         string                     `json:"env,omitempty"`
	Protected   bool                       `json:"protected,omitempty"`
	Rehearsal   bool                       `json:"rehearsal,omitempty"`
	Full        bool                       `json:"full,omitempty"` // what is read incrementally is read whole
	Steps       []Step                     `json:"steps"`
	Finally     []Step                     `json:"finally,omitempty"`
	Connections map[string]BoundConnection `json:"connections"`     // that the steps use
	Files       map[string]string          `json:"files,omitempty"` // sha256 in hex by path in the project
	Late        *Late                      `json:"late,omitempty"`  // nil: nothing is filled in or evaluated in the run
	Owners      map[string]Owner           `json:"owners,omitempty"`
	Known       []Known                    `json:"known,omitempty"`
	Issues      *IssueTable                `json:"issues,omitempty"`
	Alarms      *alarm.Set                 `json:"alarms,omitempty"` // nil: nobody is told of anything
	Overlap     *Overlap                   `json:"overlap,omitempty"`
	// Referred are the entities that maps of the project refer to.
	Referred []string `json:"referred,omitempty"`
	Stubbed  []string `json:"stubbed,omitempty"` // those that they make stubs of

	from from
}

// from is what a flow was bound from, as far as it was in this process.
type from struct {
	unknown bool                   // its inputs are: it cannot be run, only looked at
	again   func(Rows) Diagnostics // binds it once more, with what is known of loops
}

// InputsText is the inputs as one text, the same for the same ones; "" without any.
func (b *Bound) InputsText() string {
	if len(b.Inputs) == 0 {
		return ""
	}
	text, _ := json.Marshal(b.Inputs) // texts always encode, in the order of their names
	return string(text)
}

// All lists the steps with all inside them: each before what it holds.
func (b *Bound) All() []Step {
	var all []Step
	var add func([]Step)
	add = func(steps []Step) {
		for _, s := range steps {
			all = append(all, s)
			add(s.Steps)
			add(s.Finally)
		}
	}
	add(b.Steps)
	add(b.Finally)
	return all
}

// Work lists the steps that look at systems before the run: those with a spec
// of which all is known.
func (b *Bound) Work() []Step {
	return slices.DeleteFunc(b.All(), func(s Step) bool { return s.Spec == nil || s.Late != "" || s.Verb == Calls || s.Waits() })
}

// Late is what steps are filled in with, and expressions evaluated over, when
// the run is under way: the flow as it was written.
type Late struct {
	Path  string            `json:"path"`           // of the flow's file in Texts
	Texts map[string]string `json:"texts"`          // files by path in the project
	Vars  Vars              `json:"vars"`           // of the environment
	Hash  string            `json:"hash,omitempty"` // of all files, where one of them is named by data
}

// Vars are an environment's: text, int, bool or nil.
type Vars = scalar.Vars

// BoundConnection is a connection with its settings: the struct of its
// connector, by pointer.
type BoundConnection struct {
	System   string `json:"system"`
	Settings any    `json:"settings"`
}

// Bind types the inputs (--set NAME=TEXT), fills in defaults and evaluates
// every ${...}; then all is decoded and checked by the verbs. Env may be empty
// when the project has at most one. A flow or project with diagnostics is not
// bound: they are returned again. It may be called again.
func (f *Flow) Bind(inputs map[string]string, env string) (*Bound, Diagnostics) {
	return f.bind(inputs, env, nil, nil)
}

// bind is Bind; what uses one of the names that are unknown is left for the run, and
// connections that do are left out.
func (f *Flow) bind(inputs map[string]string, env string, unknown []string, rows Rows) (*Bound, Diagnostics) {
	if wrong := append(slices.Clone(f.project.wrong), f.wrong...); len(wrong) > 0 {
		return nil, wrong.Sorted()
	}
	d := newDecoder(decode.Decoder{Dir: f.project.Dir, Files: f.files.Clone()})
	e, wrong := f.project.environment(env)
	if wrong != nil {
		d.List = append(d.List, *wrong)
	}
	values, texts := map[string]any{}, map[string]string{}
	if d.unknown, d.rows = unknown, rows; unknown == nil {
		values, texts = input.Given(d.Decoder, f.Inputs, inputs)
	}
	if len(d.List) > 0 {
		return nil, d.List.Sorted()
	}
	d.Scope = f.project.types(nonNil(f.Inputs))
	d.Scope.Values = map[string]any{"inputs": values, "env": variables(e.Name, e.Rehearsal, e.Vars)}
	own := d.Scope
	d.Referred, d.Stubbed = d.Files.Referred()
	d.Known, d.Used = f.declared, map[string]bool{}
	b := &Bound{Flow: f.Name, Help: f.Help, Inputs: texts, Env: e.Name, Protected: e.Protected, Rehearsal: e.Rehearsal, Referred: d.Referred, Stubbed: d.Stubbed,
		Connections: map[string]BoundConnection{}, Files: d.Files.Sums, Owners: f.project.Owners, Known: f.project.Known, Issues: f.project.Issues}
	b.Steps, b.Finally = d.steps(f)
	if needsLate(b.Steps) || needsLate(b.Finally) {
		b.Late = d.freeze(f, e)
	}
	if d.Later.HasPlace() { // which of them is known in the run
		for name := range f.Connections {
			d.Used[name] = true
		}
	}
	d.Scope, d.Later = own, nil
	if b.Issues != nil {
		d.Used[b.Issues.At] = true
	}
	for _, name := range decode.SortedKeys(d.Used) {
		if unknown != nil {
			d.Later = &decode.Later{Names: unknown, Open: true}
		}
		c := f.Connections[name]
		if settings := d.settings(f.project, c); !d.Later.Waits() {
			b.Connections[name] = BoundConnection{c.System, settings}
		}
	}
	if b.from.unknown = unknown != nil; unknown == nil {
		b.Alarms, b.Overlap = d.told(f.project, e), d.overlap(f)
	}
	if len(d.List) > 0 {
		return nil, d.List.Sorted()
	}
	b.from.again = func(rows Rows) Diagnostics { _, wrong := f.bind(inputs, env, unknown, rows); return wrong }
	return b, nil
}
