package plan

import (
	"cmp"
	"slices"

	"godwit/internal/control/plan/exit"
	"godwit/internal/control/plan/pool"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// ending is a node whose work is over, while what was done in it is taken back,
// or kept for good. Its verdict stands meanwhile.
type ending struct {
	outcome string
	fault   *fault.Fault
	works   []*pool.Work // what was done, in the order in which it is gone through
	next    int
}

// takesBack reports whether what was done in a list of this outcome is undone.
func takesBack(outcome string) bool {
	return outcome == OutcomeFailed || outcome == OutcomeCancelled
}

// end takes back what was done in a list that failed or was cancelled, the last
// first, one after the other; of a run that ends well it keeps everything. It
// reports whether that is over. Like a finally it asks no window and no cancel.
func (t *turn) end(in *instance, outcome string, f *fault.Fault) bool {
	m := t.m
	if !m.undoes || m.guess != nil || in.must {
		return true
	}
	if in.life.ending == nil {
		if !m.concludes(in, outcome) || len(m.owed(in, outcome)) == 0 {
			return true
		}
		t.propose(unit.Event{Kind: unit.NodeEnding, Node: in.id, Body: unit.Body(unit.Left{Outcome: outcome, Fault: f})})
	}
	for e := in.life.ending; e.next < len(e.works); e.next++ {
		w := t.join(e.works[e.next], e.outcome)
		if t.killer(w); w.Over() {
			continue
		}
		if !t.last().shut {
			t.try(w)
		}
		return false
	}
	return true
}

// concludes reports whether an outcome is the end of what was done in a node: a
// list's failure, or the whole run's success, behind which nobody goes on.
func (m *Machine) concludes(in *instance, outcome string) bool {
	list := in.loop == nil && (in.node.Kind == Steps || in.node.Kind == Parallel || in.node.Kind == Settings)
	if takesBack(outcome) {
		return list
	}
	code := m.code()
	return in == m.root && (code == 0 || code == exit.Open)
}

// owed lists what was done in a node and neither taken back nor kept, the last
// first. What could not be taken back is not tried again by the lists around.
func (m *Machine) owed(in *instance, outcome string) (works []*pool.Work) {
	in.each(func(k *instance) {
		if k.step == nil {
			return
		}
		for _, w := range k.step.Units() {
			if w.Unit.Undo == nil || !w.Touched {
				continue
			}
			if b := m.units[w.Unit.Undo.Back.ID]; b != nil && b.State == Failed && takesBack(outcome) {
				continue
			}
			works = append(works, w)
		}
	})
	slices.SortFunc(works, func(a, b *pool.Work) int { return cmp.Compare(b.Order, a.Order) })
	return works
}

// join gives the unit that takes a unit back, or keeps it; it joins the step.
func (t *turn) join(w *pool.Work, outcome string) *pool.Work {
	u := w.Unit.Undo.Keep
	if takesBack(outcome) {
		u = w.Unit.Undo.Back
	}
	if t.m.units[u.ID] == nil {
		t.propose(unit.Event{Kind: unit.UnitExpanded, Node: w.Pool.Name, Body: unit.Body(unit.Expanded{Units: []unit.Unit{u}})})
	}
	return t.m.units[u.ID]
}

// ending folds node.ending.
func (m *Machine) ending(e unit.Event) error {
	b, err := unit.Decode[unit.Left](e)
	if err != nil {
		return err
	}
	in := m.places[e.Node]
	if e.Node == "" {
		in = m.root
	}
	switch {
	case in == nil:
		return impossible(e, "there is no such node")
	case in.phase != entered || in.life.ending != nil:
		return impossible(e, "its work is not going on")
	}
	in.life.ending = &ending{outcome: b.Outcome, fault: b.Fault, works: m.owed(in, b.Outcome)}
	return nil
}

// partner adds a unit that takes back or keeps what another one of the instance
// did; false for any other.
func (m *Machine) partner(in *instance, u unit.Unit) bool {
	for _, w := range in.step.Units() {
		if w.Unit.Undo == nil || u.ID != w.Unit.Undo.Back.ID && u.ID != w.Unit.Undo.Keep.ID {
			continue
		}
		if in.back == nil {
			in.back = m.poolOf(in, true)
		}
		for _, b := range in.back.Add([]unit.Unit{u}, in.base) {
			b.Of = w
			m.units[u.ID] = b
			m.tallies.Add(b)
		}
		return true
	}
	return false
}

// touch notes that a unit may have an effect from now on, which it takes anew to
// take back.
func (m *Machine) touch(w *pool.Work) {
	w.Touched, w.Order = true, m.run.folded
	if w.Unit.Undo == nil {
		return
	}
	for _, id := range []string{w.Unit.Undo.Back.ID, w.Unit.Undo.Keep.ID} {
		if b := m.units[id]; b != nil && b.Over() {
			b.Pool.Renew(b)
		}
	}
}

// holds reports whether something in an item may still have to be taken back.
func (m *Machine) holds(item *instance) bool {
	return m.undoes && len(m.owed(item, OutcomeDone)) > 0
}

// takenBack reports whether a list around an instance is being undone.
func (in *instance) takenBack() bool {
	for ; in != nil; in = in.up {
		if e := in.life.ending; e != nil && takesBack(e.outcome) {
			return true
		}
	}
	return false
}

// retryBack gives what could not be taken back or kept a fresh chance, for the
// next time that it is wanted.
func (m *Machine) retryBack(in *instance) {
	if in.back == nil {
		return
	}
	for _, w := range in.back.Units() {
		if w.State == Failed {
			w.Pool.Renew(w)
		}
	}
}

// undoExits collects what it comes to that something could not be taken back, or
// not be kept.
func (m *Machine) undoExits() (c exit.Codes) {
	if !m.undoes {
		return 0
	}
	m.root.each(func(in *instance) {
		if in.back == nil {
			return
		}
		for _, w := range in.back.Units() {
			switch {
			case w.State != Failed:
			case w.Unit.ID == w.Of.Unit.Undo.Back.ID:
				c.Add(exit.Failed)
			default:
				c.Add(exit.Of(w.Past.Fault, m.worked > 0))
			}
		}
	})
	return c
}
