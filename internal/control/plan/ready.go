package plan

import (
	"time"

	"godwit/internal/unit"
)

// startIn starts the units of a step that may run now: those that are due for
// another try, then the ready ones in the order of their expansion, as far as
// the limits allow.
func (t *turn) startIn(in *instance, g gate) {
	if in.guarded() {
		t.startGuard(in, g)
		return
	}
	if !g.shut && !g.stop {
		t.retryDue(in.step)
		for w := in.step.first(); w != nil; w = in.step.first() {
			t.start(w)
		}
	}
	if in.step.begun && !t.m.run.paused {
		t.startMust(in, g)
	}
}

// first is the ready unit to start next, nil if none has room.
func (s *step) first() (best *work) {
	for _, l := range s.lanes {
		if w := l.head(); w != nil && s.room(l) && (best == nil || w.index < best.index) {
			best = w
		}
	}
	return best
}

// retryDue puts the waiting units whose time has come among the ready ones.
func (t *turn) retryDue(s *step) {
	for len(s.delayed) > 0 {
		e := s.delayed[0]
		switch {
		case e.w.state != Waiting || e.w.past.due != e.at:
			s.delayed.pop()
		case e.at > t.now.UnixMilli():
			t.wakeAt(time.UnixMilli(e.at).UTC())
			return
		default:
			s.delayed.pop()
			t.m.offer(e.w)
		}
	}
}

// startMust starts units that run whatever happened, once nothing else of
// their step runs or may run: even if what they come after never will.
func (t *turn) startMust(in *instance, g gate) {
	s := in.step
	if len(s.must) == 0 {
		return
	}
	others := s.n[Running]
	if !g.stop {
		others += s.n[Ready] + s.n[Waiting]
	}
	for _, w := range s.must {
		if w.state == Running || !g.stop && (w.state == Ready || w.state == Waiting) {
			others--
		}
	}
	for _, w := range s.must {
		if w.state == Blocked && others > 0 {
			continue
		}
		t.try(w)
	}
}

// startGuard opens a settings node, and closes it when its steps are over.
func (t *turn) startGuard(in *instance, g gate) {
	first, last := in.step.units[0], in.step.units[1]
	switch {
	case last.begun || first.begun && t.inner(in, g):
		if !t.m.run.paused {
			t.try(last)
		}
	case !g.shut && !g.stop && first.state != Done:
		t.try(first)
	}
}

// try starts a unit if its time has come and its limits have room.
func (t *turn) try(w *work) {
	switch w.state {
	case Running, Done, Failed:
		return
	case Waiting:
		if due := time.UnixMilli(w.past.due).UTC(); due.After(t.now) {
			t.wakeAt(due)
			return
		}
	}
	if w.lane.room() {
		t.start(w)
	}
}

func (t *turn) start(w *work) {
	t.propose(unit.Event{Kind: unit.UnitStarted, Node: w.in.id, Unit: w.unit.ID, Attempt: int(w.attempt) + 1})
}

// result is the turn as the engine gets it.
func (t *turn) result() Turn {
	m := t.m
	r := Turn{Seq: m.run.folded, Wake: t.wake, Done: m.run.finished, Exit: m.run.exit}
	if r.Done {
		r.Wake = time.Time{}
		return r
	}
	r.Running = make([]Ref, len(m.running))
	for i, w := range m.running {
		r.Running[i] = Ref{Unit: w.unit.ID, Attempt: int(w.attempt), Drain: t.drains(w)}
		if w.past != nil {
			r.Running[i].From = w.past.from
		}
	}
	t.shed(r.Running)
	return r
}

// drains reports whether a running unit should stop at its next border.
func (t *turn) drains(w *work) bool {
	if w.must() {
		return false
	}
	if t.m.run.paused {
		return true
	}
	for in := w.in; in != nil; in = in.up {
		if in.window == nil {
			continue
		}
		if open, _ := in.window.At(t.now); !open {
			return true
		}
	}
	return false
}

// shed drains as many units, latest first, as a limit that was lowered is
// exceeded by.
func (t *turn) shed(running []Ref) {
	over := map[*limit]int{}
	for i := len(running) - 1; i >= 0; i-- {
		w := t.m.running[i]
		if w.must() {
			continue
		}
		for _, c := range w.lane.limits {
			if c.used-over[c] > c.max && !running[i].Drain {
				running[i].Drain = true
			}
		}
		if running[i].Drain {
			for _, c := range w.lane.limits {
				over[c]++
			}
		}
	}
}
