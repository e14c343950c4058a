package plan

import (
	"fmt"
	"strings"

	"godwit/internal/control/plan/pool"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Apply folds one event of the journal. Kinds that are not folded are
// ignored. An unknown kind of run, node or unit and an event that cannot
// follow what came before are errors that name the event; what people ask of
// a run that is already over is ignored, since they may be late.
func (m *Machine) Apply(e unit.Event) error {
	if !unit.Folded(e.Kind) {
		family, _, _ := strings.Cut(e.Kind, ".")
		if family == "run" || family == "node" || family == "unit" {
			return fault.New(fault.Config, "journal.unknown",
				"event %d: unknown kind %q: written by a newer godwit", e.Seq, e.Kind)
		}
		return nil
	}
	if e.Seq != 0 && e.Seq <= m.run.last {
		return impossible(e, "after event %d", m.run.last)
	}
	if err := m.fold(e); err != nil {
		return err
	}
	m.run.last = max(m.run.last, e.Seq)
	m.run.folded++
	return nil
}

func impossible(e unit.Event, format string, args ...any) error {
	name := e.Kind
	if e.Unit != "" {
		name += " of " + e.Unit
	} else if e.Node != "" {
		name += " of " + e.Node
	}
	return fault.New(fault.Internal, "journal.impossible",
		"event %d: %s: %s", e.Seq, name, fmt.Sprintf(format, args...)).
		Hint("godwit ledger check")
}

func (m *Machine) fold(e unit.Event) error {
	if !m.run.started && e.Kind != unit.RunStarted {
		return impossible(e, "before run.started")
	}
	switch e.Kind {
	case unit.NodeEntered:
		return m.enter(e)
	case unit.NodeEnding:
		return m.ending(e)
	case unit.NodeLeft:
		return m.leave(e)
	case unit.UnitExpanded:
		return m.expand(e)
	case unit.UnitUndone:
		return m.undone(e)
	case unit.UnitStarted, unit.UnitDone, unit.UnitRetry, unit.UnitFailed, unit.UnitYielded:
		w := m.units[e.Unit]
		if w == nil {
			return impossible(e, "there is no such unit")
		}
		return m.moveUnit(w, e)
	}
	return m.moveRun(e)
}

func (m *Machine) moveRun(e unit.Event) error {
	switch e.Kind {
	case unit.RunStarted:
		if m.run.started {
			return impossible(e, "it has been started")
		}
		m.run.started, m.root.phase = true, entered
	case unit.RunPaused:
		m.run.paused = !m.run.finished && !m.run.cancelled
		m.run.pausedBy = e
	case unit.RunCancelled:
		if e := m.root.life.ending; !m.run.finished && (e == nil || takesBack(e.outcome)) {
			m.run.cancelled, m.run.paused = true, false
		}
	case unit.RunApproved:
		return m.approved(e)
	case unit.RunTuned:
		return m.retune(e)
	case unit.RunResumed:
		return m.resume(e)
	case unit.RunAmended:
		return impossible(e, "this version cannot change the flow of a run")
	case unit.RunFinished:
		return m.end(e)
	}
	return nil
}

func (m *Machine) end(e unit.Event) error {
	f, err := unit.Decode[unit.Finished](e)
	if err != nil {
		return err
	}
	if m.run.finished {
		return impossible(e, "it is finished")
	}
	if len(m.running) > 0 {
		return impossible(e, "%s is running", m.running[0].Unit.ID)
	}
	m.run.finished, m.run.outcome, m.run.exit = true, f.Outcome, f.Exit
	m.root.phase, m.root.life.ending = left, nil
	return nil
}

func (m *Machine) retune(e unit.Event) error {
	t, err := unit.Decode[unit.Tuned](e)
	if err != nil {
		return err
	}
	for name, n := range t.Limits {
		if n < 0 {
			return impossible(e, "limit %s is %d", name, n)
		}
		m.tuned[name] = n
	}
	m.root.each(func(in *instance) {
		for _, c := range in.limits {
			m.tune(c)
		}
	})
	return nil
}

// enter folds node.entered: a node begins, an item of a loop is opened, or
// the query of a loop has given its items.
func (m *Machine) enter(e unit.Event) error {
	b, err := unit.Decode[unit.Entered](e)
	if err != nil {
		return err
	}
	in := m.places[e.Node]
	if in == nil {
		if in = m.nextItem(e.Node); in == nil {
			return impossible(e, "there is no such node")
		}
	}
	late := in.loop != nil && in.phase == entered && (!in.loop.known || in.loop.grows)
	if in.phase != idle && !late {
		return impossible(e, "it has been entered")
	}
	if in.up.phase != entered {
		return impossible(e, "%s has not been entered", in.up.id)
	}
	if in.loop != nil && (late || !in.loop.known && in.node.Each.Query == nil && (in.node.If == "" || b.Answer)) {
		if err := in.loop.freeze(b.Items, b.Keys); err != nil {
			return impossible(e, "%s", err)
		}
		if late && in.step != nil {
			in.step.Facts = nil
		}
		if late {
			return nil
		}
	}
	in.phase = entered
	in.life.due = b.Due
	in.answer = in.node.If == "" || in.item || b.Answer
	in.life.asked = true
	if in.item {
		in.up.loop.active++
	}
	return nil
}

// nextItem opens the item with this id if it is its loop's next.
func (m *Machine) nextItem(id string) *instance {
	at := strings.LastIndexByte(id, '[')
	if at < 0 {
		return nil
	}
	in := m.places[id[:at]]
	if in == nil || in.loop == nil || !in.loop.known || in.loop.next == in.loop.items.Len() ||
		in.sub(in.loop.next) != id {
		return nil
	}
	in.loop.next++
	return m.open(in, in.loop.next-1, 0)
}

func (m *Machine) leave(e unit.Event) error {
	b, err := unit.Decode[unit.Left](e)
	if err != nil {
		return err
	}
	in := m.places[e.Node]
	switch {
	case in == nil:
		return impossible(e, "there is no such node")
	case in.phase != entered:
		return impossible(e, "it has not been entered")
	case in.step != nil && in.step.N(Running) > 0:
		return impossible(e, "a unit of it is running")
	}
	in.phase, in.outcome, in.life.fault, in.life.ending = left, b.Outcome, b.Fault, nil
	if b.Outcome == OutcomeEnded {
		m.run.ending = true
	}
	if b.Outcome == OutcomeFailed || b.Outcome == OutcomeCancelled {
		for up := in; up != nil; up = up.up {
			up.life.marred = true
		}
	}
	if in.item {
		m.closeItem(in)
	} else {
		m.startOver(in.up)
	}
	return nil
}

func (m *Machine) expand(e unit.Event) error {
	b, err := unit.Decode[unit.Expanded](e)
	if err != nil {
		return err
	}
	in := m.places[e.Node]
	if w := m.units[e.Unit]; w != nil {
		in = m.at(w)
	}
	if in == nil || in.step == nil {
		return impossible(e, "there is no such unit")
	}
	if err := m.fits(in, b.Units); err != nil {
		return impossible(e, "%s", err)
	}
	fresh := b.Units[:0]
	for _, u := range b.Units {
		if m.units[u.ID] == nil { // a unit that is done again finds the same
			u.Step = in.id
			fresh = append(fresh, u)
		}
	}
	if len(fresh) == 1 && m.partner(in, fresh[0]) {
		return nil
	}
	m.add(in, fresh)
	return nil
}

// fits checks units that were found during the run.
func (m *Machine) fits(in *instance, units []unit.Unit) error {
	seen := map[string]bool{}
	for _, u := range units {
		switch {
		case !strings.HasPrefix(u.ID, in.id+"/"):
			return fmt.Errorf("unit %q is not of step %s", u.ID, in.id)
		case seen[u.ID]:
			return fmt.Errorf("unit %s comes twice", u.ID)
		}
		if w := m.units[u.ID]; w != nil && m.at(w) != in {
			return fmt.Errorf("unit %s is of another step", u.ID)
		}
		seen[u.ID] = true
		for _, name := range u.Uses {
			if !in.limited(name) && !strings.HasPrefix(name, unit.Alone) {
				return fmt.Errorf("unit %s uses %q, which is no limit", u.ID, name)
			}
		}
	}
	return nil
}

func (in *instance) limited(name string) bool {
	for up := in; up != nil; up = up.up {
		if up.limits[name] != nil {
			return true
		}
	}
	return false
}

func (m *Machine) moveUnit(w *pool.Work, e unit.Event) error {
	b, err := unit.Decode[unit.Ended](e)
	if err != nil {
		return err
	}
	if m.at(w).phase != entered && w.Of == nil {
		return impossible(e, "its step has not been entered")
	}
	switch {
	case e.Kind == unit.UnitStarted:
		if w.State == Running || w.State == Done || w.State == Failed {
			return impossible(e, "it is %s", w.State)
		}
		if e.Attempt != int(w.Attempt)+1 {
			return impossible(e, "attempt %d after %d", e.Attempt, w.Attempt)
		}
		m.start(w, e.Attempt, e.At)
		return nil
	case e.Kind == unit.UnitFailed && w.State != Running && w.State != Done && w.State != Failed:
		m.settle(w, e.Kind, b, e.At) // it waited, or its owners died with it
		return nil
	case w.State != Running:
		return impossible(e, "it is %s", w.State)
	case e.Attempt != int(w.Attempt):
		return impossible(e, "attempt %d, running is %d", e.Attempt, w.Attempt)
	}
	m.stop(w)
	m.settle(w, e.Kind, b, e.At)
	return nil
}
