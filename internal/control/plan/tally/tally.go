// Package tally counts the units of a run by step and class, and learns from
// those that ended how fast a class is. It knows no nodes and no journal. Start
// at Tally.
package tally

import (
	"godwit/internal/control/plan/pool"
	"godwit/internal/unit"
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

// Tally is the counts in the order in which they came up, and what the
// finished units tell about speed. The zero value is ready; not safe for
// concurrent use.
type Tally struct {
	order []*Count
	by    map[[2]string]*Count
	pace  map[string]*pace
}

// Counts gives the counts of all steps in the order of the flow.
func (t *Tally) Counts() []Count {
	all := make([]Count, len(t.order))
	for i, c := range t.order {
		all[i] = *c
	}
	return all
}

// Of is the count that a unit belongs to; it is made when there is none.
func (t *Tally) Of(w *pool.Work) *Count {
	key := [2]string{w.Pool.Node, w.Unit.Class}
	c := t.by[key]
	if c == nil {
		if t.by == nil {
			t.by = map[[2]string]*Count{}
		}
		c = &Count{Step: key[0], Class: key[1]}
		t.by[key] = c
		t.order = append(t.order, c)
	}
	return c
}

// Add counts a new unit.
func (t *Tally) Add(w *pool.Work) {
	c := t.Of(w)
	c.Units++
	c.Weight += Weight(w.Unit)
}

// Move counts a unit as being in another state than its own.
func (t *Tally) Move(w *pool.Work, to pool.State) {
	c := t.Of(w)
	if n := c.of(w.State); n != nil {
		*n--
	}
	if n := c.of(to); n != nil {
		*n++
	}
	if w.State == pool.Done && to != pool.Done {
		c.Moved -= Weight(w.Unit)
	}
	if to == pool.Done && w.State != pool.Done {
		c.Moved += Weight(w.Unit)
	}
}

func (c *Count) of(s pool.State) *int {
	switch s {
	case pool.Done:
		return &c.Done
	case pool.Failed:
		return &c.Failed
	case pool.Running:
		return &c.Running
	case pool.Waiting:
		return &c.Waiting
	}
	return nil
}

// Weight is a unit's weight; one without any counts as one.
func Weight(u *unit.Unit) int64 { return max(u.Weight, 1) }
