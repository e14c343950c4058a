package plan

import (
	"slices"
	"strings"

	"godwit/internal/unit"
)

// resume folds run.resumed. Attempts of the owner before have no end in the
// journal: they are to be done again, without counting as tries. What failed
// gets a fresh chance, and the nodes around it are entered again with the
// answers and items they had.
func (m *Machine) resume(e unit.Event) error {
	b, err := unit.Decode[unit.Resumed](e)
	if err != nil {
		return err
	}
	if m.run.finished && m.run.cancelled {
		return impossible(e, "the run was cancelled")
	}
	open := !m.run.finished
	m.run.paused = false
	m.orphan(b.Crashed, b.Progressed)
	if m.run.cancelled {
		return nil
	}
	var all []*instance
	m.root.each(func(in *instance) { all = append(all, in) })
	for _, in := range all {
		if m.places[in.id] != in {
			continue // dropped by the reset of a finally
		}
		if in.takenBack() {
			continue // its verdict stands; it is begun anew when that is over
		}
		m.retryBack(in)
		if in.phase == left && (in.outcome == OutcomeDone || in.outcome == OutcomeSkipped) {
			continue
		}
		fresh := in.step != nil && m.revive(in, open && b.Crashed)
		if fresh || in.phase == left {
			m.stir(in)
		}
	}
	for _, in := range all {
		if m.places[in.id] == in && in.outdated() {
			in.loop.grows = true
			m.stir(in)
		}
	}
	if m.run.finished {
		m.reopenRoot()
	}
	return nil
}

// outdated reports whether the items of a loop are made of what a node left
// behind that is open again.
func (in *instance) outdated() bool {
	if in.loop == nil || !in.loop.known || in.phase == idle && !in.life.asked {
		return false
	}
	return slices.ContainsFunc(in.node.Each.Reads, func(id string) bool {
		k := in.earlier(id)
		return k != nil && k.phase != left
	})
}

// orphan takes back the running attempts.
func (m *Machine) orphan(crashed bool, progressed []string) {
	m.root.each(func(in *instance) {
		if in.step != nil {
			in.step.Shaky = nil
		}
	})
	for len(m.running) > 0 {
		w := m.running[0]
		m.stop(w)
		w.Pool.Orphan(w, crashed, slices.Contains(progressed, w.Unit.ID))
	}
}

// revive renews the failed units of a step. One that keeps killing its owner
// is left alone while owners only follow each other.
func (m *Machine) revive(in *instance, automatic bool) (any bool) {
	if in.step.N(Failed) == 0 {
		return false
	}
	if in.guarded() && in.step.Units()[1].Begun {
		return true // both are renewed when the close unit is over
	}
	for _, w := range in.step.Units() {
		if w.State != Failed {
			continue
		}
		if automatic && w.Past != nil && w.Past.Fault != nil && w.Past.Fault.Code == CodeKillsOwner {
			continue
		}
		m.renew(w)
		any = true
	}
	return any
}

// stir tells an instance that there is work below it again.
func (m *Machine) stir(in *instance) {
	switch {
	case in == m.root && m.run.finished:
		m.reopenRoot()
	case in.phase == left:
		m.reopen(in)
	case in.phase == entered:
		if e := in.life.ending; e != nil && !takesBack(e.outcome) {
			in.life.ending = nil // there is more to do
		}
		in.life.again = in.life.again || in.closing() || in.guarded() && in.step.Units()[1].Begun
		m.startOver(in)
	}
}

// reopen makes a left node one to be entered again. What runs at its end runs
// at its end again.
func (m *Machine) reopen(in *instance) {
	if in.phase != left {
		return
	}
	if in.item {
		in.up.loop.reopenItem(in)
	}
	if in.life.fault != nil {
		m.askAgain(in)
	}
	in.phase, in.outcome = idle, ""
	in.life.fault, in.life.approved, in.life.again = nil, false, false
	m.resetAll(in.finally)
	if in.step != nil {
		for _, w := range in.step.Units() {
			if in.guarded() || w.Unit.MustRun || in.node.Kind == WaitFor && in.loop == nil {
				m.renew(w)
			}
		}
	}
	if in.up.phase == left || !slices.Contains(in.up.finally, in) {
		m.stir(in.up)
	}
}

// askAgain forgets answers that failed the node itself.
func (m *Machine) askAgain(in *instance) {
	in.life.asked = in.life.asked && in.answer
	if in.loop == nil || in.loop.items.Len() > 0 {
		return
	}
	in.loop = &loop{seen: in.loop.seen}
	if in.step != nil {
		for _, w := range in.step.Units() {
			m.renew(w)
		}
	}
}

func (m *Machine) reopenRoot() {
	m.run.finished, m.run.ending, m.run.outcome, m.run.exit = false, false, "", 0
	m.root.phase = entered
	m.resetAll(m.root.finally)
}

// startOver makes what runs at the end of a node fresh, if there was new work
// for the node in the meantime, as soon as it is over.
func (m *Machine) startOver(in *instance) {
	if !in.life.again || in.closing() && !allLeft(in.finally) {
		return
	}
	if in.guarded() {
		last := in.step.Units()[1]
		if last.Begun && last.State != Done && last.State != Failed {
			return
		}
		if last.Begun {
			m.renew(in.step.Units()[0])
			m.renew(last)
		}
	}
	in.life.again = false
	m.resetAll(in.finally)
}

func (in *instance) guarded() bool {
	return in.node.Kind == Settings && in.loop == nil
}

// resetAll makes nodes fresh: nothing of them has happened, but the numbers of
// attempts go on.
func (m *Machine) resetAll(list []*instance) {
	for _, in := range list {
		m.reset(in)
	}
}

func (m *Machine) reset(in *instance) {
	in.phase, in.outcome, in.life = idle, "", life{}
	if in.step != nil {
		in.step.Begun, in.step.Facts = false, nil
		for _, w := range in.step.Units() {
			m.renew(w)
		}
	}
	m.resetAll(in.kids)
	m.resetAll(in.finally)
	if l := in.loop; l != nil {
		seen := l.seen
		for _, item := range slices.Concat(l.open, l.kept) {
			seen = max(seen, m.forget(item))
		}
		in.loop = &loop{seen: seen}
		in.base = max(in.base, seen)
	}
}

// undone folds unit.undone: what a verb's unit did is gone from its target.
// Queries, probes and guards leave nothing there that could go; for them the
// event is ignored.
func (m *Machine) undone(e unit.Event) error {
	w := m.units[e.Unit]
	if w == nil {
		return m.undoneItem(e)
	}
	in := m.at(w)
	if in.loop != nil || len(in.node.Units) == 0 {
		return nil
	}
	if w.State != Done {
		return impossible(e, "it is %s", w.State)
	}
	m.renew(w)
	m.stir(in)
	return nil
}

// undoneItem opens the item of a unit that is forgotten: all its units are
// done again, and find what they did. If there is no such item any more, it
// is done again in any case.
func (m *Machine) undoneItem(e unit.Event) error {
	id, _, _ := strings.Cut(e.Unit, "/")
	name, keys, _ := strings.Cut(id, "[")
	path, ok := m.pathTo(name)
	if !ok {
		return impossible(e, "there is no such unit")
	}
	brackets := ""
	for _, n := range path {
		if n.Each == nil {
			continue
		}
		key, rest, _ := strings.Cut(keys, "]")
		shell := m.places[n.ID+brackets]
		brackets += "[" + key + "]"
		keys = strings.TrimPrefix(rest, "[")
		if m.places[n.ID+brackets] == nil {
			m.reopenForgotten(shell, n.ID+brackets, int32(e.Attempt))
			return nil
		}
	}
	if brackets != "" {
		return nil // found by a unit that is done again, and not found again yet
	}
	return impossible(e, "there is no such unit")
}

func (m *Machine) reopenForgotten(shell *instance, id string, attempt int32) {
	if shell == nil || shell.loop == nil {
		return
	}
	for i := range shell.loop.next {
		if shell.loop.ended[i] != 0 && shell.sub(i) == id {
			m.open(shell, i, max(attempt, shell.loop.seen))
			m.stir(shell)
			return
		}
	}
}

// pathTo finds the nodes from the top down to the one with this id.
func (m *Machine) pathTo(id string) ([]*Node, bool) {
	var find func(list []Node) ([]*Node, bool)
	find = func(list []Node) ([]*Node, bool) {
		for i := range list {
			n := &list[i]
			if n.ID == id {
				return []*Node{n}, true
			}
			for _, below := range [][]Node{n.Steps, n.Finally} {
				if path, ok := find(below); ok {
					return append([]*Node{n}, path...), true
				}
			}
		}
		return nil, false
	}
	if path, ok := find(m.graph.Steps); ok {
		return path, ok
	}
	return find(m.graph.Finally)
}
