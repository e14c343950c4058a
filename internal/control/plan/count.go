package plan

import "godwit/internal/unit"

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

func (m *Machine) tally(w *work) *Count {
	key := [2]string{w.in.node.ID, w.unit.Class}
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

func (m *Machine) countNew(w *work) {
	w.count = m.tally(w)
	w.count.Units++
	w.count.Weight += weigh(w.unit)
}

// countMove moves a unit from its state to another.
func (m *Machine) countMove(w *work, to State) {
	c := w.count
	if n := c.of(w.state); n != nil {
		*n--
	}
	if n := c.of(to); n != nil {
		*n++
	}
	if w.state == Done && to != Done {
		c.Moved -= weigh(w.unit)
	}
	if to == Done && w.state != Done {
		c.Moved += weigh(w.unit)
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
