package plan

import (
	"strings"
	"time"

	"godwit/internal/control/plan/pool"
	"godwit/internal/unit"
)

// State is where a unit stands, as package pool has it.
type State = pool.State

// The states of a unit.
const (
	Blocked = pool.Blocked
	Ready   = pool.Ready
	Running = pool.Running
	Waiting = pool.Waiting
	Done    = pool.Done
	Failed  = pool.Failed
)

// at is the instance that a unit belongs to.
func (m *Machine) at(w *pool.Work) *instance { return m.places[w.Pool.Name] }

// units gives an instance its units. The slice is kept.
func (m *Machine) add(in *instance, units []unit.Unit) {
	for _, w := range in.step.Add(units, in.base) {
		m.units[w.Unit.ID] = w
		m.undoes = m.undoes || w.Unit.Undo != nil
		m.tallies.Add(w)
	}
}

// newPool makes the pool of an instance. Every enclosing node that names a
// limit counts its units, and so does the graph.
func (m *Machine) newPool(in *instance) *pool.Pool {
	return m.poolOf(in, in.must)
}

func (m *Machine) poolOf(in *instance, must bool) *pool.Pool {
	return pool.New(in.id, in.node.ID, must, func(name string) (list []*pool.Limit) {
		if strings.HasPrefix(name, unit.Alone) && in.limits[name] == nil {
			if in.limits == nil {
				in.limits = map[string]*pool.Limit{}
			}
			in.limits[name] = &pool.Limit{Name: name, Node: in.node.ID, Max: 1}
		}
		for up := in; up != nil; up = up.up {
			if c := up.limits[name]; c != nil {
				list = append(list, c)
			}
		}
		return list
	}, m.tallies.Move)
}

func (m *Machine) start(w *pool.Work, attempt int, at time.Time) {
	w.Pool.Start(w, attempt, at)
	m.touch(w)
	m.running = append(m.running, w)
}

// stop takes a running unit off the list and gives its limits back.
func (m *Machine) stop(w *pool.Work) {
	for i, r := range m.running {
		if r == w {
			m.running = append(m.running[:i], m.running[i+1:]...)
			break
		}
	}
	w.Pool.Stop(w)
}

// settle folds the end of an attempt that was stopped.
func (m *Machine) settle(w *pool.Work, kind string, b unit.Ended, at time.Time) {
	switch kind {
	case unit.UnitDone:
		if m.guess == nil {
			m.tallies.Learn(w.Unit, b.Seconds, at)
		}
		m.effect(w, 1)
		w.Pool.Finish(w, b.Facts, b.Open)
		if w.Of != nil {
			w.Of.Touched = false
		}
		if b.Blocked != nil {
			m.run.blocked = *b.Blocked
		}
		m.startOver(m.at(w))
	case unit.UnitFailed:
		w.Pool.Fail(w, b.Fault)
		m.startOver(m.at(w))
	case unit.UnitRetry:
		w.Pool.Delay(w, b.Due, b.Fault, at)
	case unit.UnitYielded:
		w.Pool.Yield(w, b.Position)
	}
}

// renew gives a unit a fresh start.
func (m *Machine) renew(w *pool.Work) {
	if w.State == Done {
		m.effect(w, -1)
	}
	w.Pool.Renew(w)
}

// effect counts the done units that may have changed something.
func (m *Machine) effect(w *pool.Work, n int) {
	if w.Unit.Kind != looks {
		m.worked += n
	}
}
