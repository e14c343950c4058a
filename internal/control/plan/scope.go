package plan

import (
	"encoding/json"
	"time"

	"godwit/internal/fault"
)

// Eval evaluates an expression. It must be pure: inputs, environment and the
// run's start come with it, everything that changes comes by the Scope. The
// Machine stores the answers in node.entered and never asks twice.
type Eval func(expr string, in Scope) (any, error)

// Scope is what an expression at a node can see of the run. It is valid until
// the Machine moves.
type Scope struct {
	m  *Machine
	in *instance
}

// Outcome is what a step left behind.
type Outcome struct {
	State  string            // done, failed, skipped, cancelled, "" = not over yet
	Facts  json.RawMessage   // of a step with one unit: its Result.Facts
	Done   []json.RawMessage // of a for_each: the items that ended well
	Failed []json.RawMessage // and those that did not
}

// Step gives the outcome of an earlier step of the same list, or of a list
// around the node.
func (s Scope) Step(id string) (Outcome, bool) {
	if k := s.in.earlier(id); k != nil {
		return k.result(), true
	}
	return Outcome{}, false
}

// earlier finds the node of this id before an instance in its list, or in a list
// around it.
func (in *instance) earlier(id string) *instance {
	for ; in != nil && in.up != nil; in = in.up {
		for _, k := range in.up.kids {
			if k == in {
				break
			}
			if k.node.ID == id {
				return k
			}
		}
	}
	return nil
}

// Items gives the current items of the loops around the node by their names.
func (s Scope) Items() map[string]json.RawMessage {
	items := map[string]json.RawMessage{}
	for in := s.in; in != nil; in = in.up {
		if in.item {
			items[in.node.Each.As] = in.value
		}
	}
	return items
}

// Fault gives, inside a finally, the first failure before it and the node it
// happened in; false if all went well.
func (s Scope) Fault() (fault.Fault, string, bool) {
	for in := s.in; in != nil && in.up != nil; in = in.up {
		for _, k := range in.up.finally {
			if k == in {
				return in.up.firstFault()
			}
		}
	}
	return fault.Fault{}, "", false
}

// Scope gives what the expressions of a node or unit can see; false for names
// that the run does not know (yet, or any more).
func (m *Machine) Scope(id string) (Scope, bool) {
	if in := m.places[id]; in != nil {
		return Scope{m, in}, true
	}
	if w := m.units[id]; w != nil {
		return Scope{m, m.at(w)}, true
	}
	return Scope{}, false
}

func (in *instance) result() Outcome {
	o := Outcome{State: in.outcome}
	if in.loop != nil {
		for i, mark := range in.loop.ended {
			switch mark {
			case markDone:
				o.Done = append(o.Done, in.loop.items.At(i))
			case markFailed:
				o.Failed = append(o.Failed, in.loop.items.At(i))
			}
		}
		return o
	}
	if in.step != nil {
		o.Facts = in.step.Facts
	}
	return o
}

func (in *instance) firstFault() (f fault.Fault, node string, found bool) {
	parts := in.kids
	if in.loop != nil {
		parts = in.loop.kept
	}
	for _, k := range parts {
		if f, node, found := k.firstFault(); found {
			return f, node, true
		}
	}
	if in.step != nil && in.step.N(Failed) > 0 {
		for _, w := range in.step.Units() {
			if w.State == Failed && w.Past != nil && w.Past.Fault != nil {
				return *w.Past.Fault, in.id, true
			}
		}
	}
	if in.life.fault != nil {
		return *in.life.fault, in.id, true
	}
	return fault.Fault{}, "", false
}

// truth asks an if.
func (m *Machine) truth(in *instance) (bool, *fault.Error) {
	v, err := m.eval(in.node.If, Scope{m, in})
	if m.guess != nil {
		answer, ok := v.(bool)
		return answer || err != nil || !ok, nil
	}
	if err != nil {
		return false, fault.New(fault.Config, "flow.expression", "if of %s: %w", in.id, err)
	}
	answer, ok := v.(bool)
	if !ok {
		return false, fault.New(fault.Config, "flow.expression", "if of %s gives %T, not true or false", in.id, v)
	}
	return answer, nil
}

// elements asks a for_each for its items.
func (m *Machine) elements(in *instance) ([]json.RawMessage, *fault.Error) {
	v, err := m.eval(in.node.Each.Items, Scope{m, in})
	if err != nil && m.guess != nil {
		m.guess.leave(in)
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Config, "flow.expression", "items of %s: %w", in.id, err)
	}
	if items, ok := v.([]json.RawMessage); ok {
		return items, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fault.New(fault.Config, "flow.expression", "items of %s: %w", in.id, err)
	}
	return in.node.Each.List(in.id, b)
}

// until asks a wait for its end.
func (m *Machine) until(in *instance, now time.Time) (time.Time, *fault.Error) {
	p := in.node.Wait
	var v any
	var err error
	if p.Expr != "" {
		v, err = m.eval(p.Expr, Scope{m, in})
	}
	if err == nil {
		var due time.Time
		if due, err = p.Due(v, now); err == nil {
			return due, nil
		}
	}
	return time.Time{}, fault.New(fault.Config, "flow.expression", "wait of %s: %w", in.id, err)
}
