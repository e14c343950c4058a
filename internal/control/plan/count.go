package plan

import (
	"godwit/internal/unit"

	"godwit/internal/control/plan/pool"
)

// Count says how far the units of one class of one step are. Items of a
// for_each count together; those that were never opened are not in it.
type Count struct {
	Step    string
	Class   string
	Units   int
	Done    int
	Failed  int
	Running int
	Waiting int // for their next try
	Weight  int64
	Moved   int64 // weight done
}

// tallies are the counts in the order in which they came up, and what the
// finished units tell about speed.
type tallies struct {
	order []*Count
	by    map[[2]string]*Count
	pace  map[string]*pace
}

// Counts gives the counts of all steps in the order of the flow.
func (m *Machine) Counts() []Count {
	all := make([]Count, len(m.tallies.order))
	for i, c := range m.tallies.order {
		all[i] = *c
	}
	return all
}

func (m *Machine) tally(w *pool.Work) *Count {
	key := [2]string{w.Pool.Node, w.Unit.Class}
	c := m.tallies.by[key]
	if c == nil {
		if m.tallies.by == nil {
			m.tallies.by = map[[2]string]*Count{}
		}
		c = &Count{Step: key[0], Class: key[1]}
		m.tallies.by[key] = c
		m.tallies.order = append(m.tallies.order, c)
	}
	return c
}

func (m *Machine) countNew(w *pool.Work) {
	c := m.tally(w)
	c.Units++
	c.Weight += weigh(w.Unit)
}

// countMove moves a unit from its state to another.
func (m *Machine) countMove(w *pool.Work, to State) {
	c := m.tally(w)
	if n := c.of(w.State); n != nil {
		*n--
	}
	if n := c.of(to); n != nil {
		*n++
	}
	if w.State == Done && to != Done {
		c.Moved -= weigh(w.Unit)
	}
	if to == Done && w.State != Done {
		c.Moved += weigh(w.Unit)
	}
}

func (c *Count) of(s State) *int {
	switch s {
	case Done:
		return &c.Done
	case Failed:
		return &c.Failed
	case Running:
		return &c.Running
	case Waiting:
		return &c.Waiting
	}
	return nil
}

// weigh is a unit's weight; one without any counts as one.
func weigh(u *unit.Unit) int64 { return max(u.Weight, 1) }
