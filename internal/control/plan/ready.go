package plan

import (
	"time"

	"godwit/internal/control/plan/pool"
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
		t.wakeAt(in.step.Due(t.now))
		for w := in.step.First(); w != nil; w = in.step.First() {
			t.start(w)
		}
	}
	if in.step.Begun && !t.last().shut {
		t.startMust(in, g)
	}
}

// startMust starts units that run whatever happened, once nothing else of
// their step runs or may run: even if what they come after never will.
func (t *turn) startMust(in *instance, g gate) {
	s := in.step
	if len(s.Owed) == 0 {
		return
	}
	others := s.N(Running)
	if !g.stop {
		others += s.N(Ready) + s.N(Waiting)
	}
	for _, w := range s.Owed {
		if w.State == Running || !g.stop && (w.State == Ready || w.State == Waiting) {
			others--
		}
	}
	for _, w := range s.Owed {
		if w.State == Blocked && others > 0 {
			continue
		}
		t.try(w)
	}
}

// startGuard opens a settings node, and closes it when its steps are over.
func (t *turn) startGuard(in *instance, g gate) {
	first, last := in.step.Units()[0], in.step.Units()[1]
	switch {
	case last.Begun || first.Begun && t.inner(in, g):
		if !t.last().shut {
			t.try(last)
		}
	case !g.shut && !g.stop && first.State != Done:
		t.try(first)
	}
}

// try starts a unit if its time has come and its limits have room.
func (t *turn) try(w *pool.Work) {
	switch w.State {
	case Running, Done, Failed:
		return
	case Waiting:
		if due := time.UnixMilli(w.Past.Due).UTC(); due.After(t.now) {
			t.wakeAt(due)
			return
		}
	}
	if w.Room() {
		t.start(w)
	}
}

func (t *turn) start(w *pool.Work) {
	t.propose(unit.Event{Kind: unit.UnitStarted, Node: w.Pool.Name, Unit: w.Unit.ID, Attempt: int(w.Attempt) + 1})
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
		r.Running[i] = Ref{Unit: w.Unit.ID, Attempt: int(w.Attempt), Drain: t.drains(w)}
		if w.Past != nil {
			r.Running[i].From = w.Past.From
		}
	}
	t.shed(r.Running)
	return r
}

// drains reports whether a running unit should stop at its next border.
func (t *turn) drains(w *pool.Work) bool {
	if w.Must() {
		return false
	}
	if t.m.run.paused {
		return true
	}
	for in := t.m.at(w); in != nil; in = in.up {
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
	over := map[*pool.Limit]int{}
	for i := len(running) - 1; i >= 0; i-- {
		w := t.m.running[i]
		if w.Must() {
			continue
		}
		for _, c := range w.Limits() {
			if c.Used-over[c] > c.Max && !running[i].Drain {
				running[i].Drain = true
			}
		}
		if running[i].Drain {
			for _, c := range w.Limits() {
				over[c]++
			}
		}
	}
}
