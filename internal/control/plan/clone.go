package plan

import (
	"maps"

	"godwit/internal/control/plan/pool"
	"godwit/internal/control/plan/tally"
)

// cloner copies a Machine to look ahead with. What is over is shared with the
// original: looking ahead never goes back.
type cloner struct {
	m      *Machine
	limits map[*pool.Limit]*pool.Limit
}

func (m *Machine) clone() *Machine {
	c := &cloner{limits: map[*pool.Limit]*pool.Limit{}}
	copied := *m
	c.m = &copied
	c.m.places = make(map[string]*instance, len(m.places))
	c.m.units = make(map[string]*pool.Work, len(m.units))
	c.m.running = nil
	c.m.tuned = maps.Clone(m.tuned)
	c.m.tallies = tally.Tally{}
	c.m.root = c.instance(m.root, nil)
	for _, w := range m.running {
		if w.Of == nil { // what is taken back is not looked ahead to
			c.m.running = append(c.m.running, c.m.units[w.Unit.ID])
		}
	}
	return c.m
}

func (c *cloner) list(list []*instance, up *instance) []*instance {
	if list == nil {
		return nil
	}
	copied := make([]*instance, len(list))
	for i, in := range list {
		if in.phase == left {
			copied[i] = in
			continue
		}
		copied[i] = c.instance(in, up)
	}
	return copied
}

func (c *cloner) instance(in, up *instance) *instance {
	n := *in
	n.up = up
	n.life.again = false // starting over would reach what is shared
	c.m.places[n.id] = &n
	if in.limits != nil {
		n.limits = make(map[string]*pool.Limit, len(in.limits))
		for name, l := range in.limits {
			copied := *l
			n.limits[name], c.limits[l] = &copied, &copied
		}
	}
	if in.step != nil {
		n.step = c.step(in.step)
	}
	n.kids = c.list(in.kids, &n)
	n.finally = c.list(in.finally, &n)
	if in.loop != nil {
		l := *in.loop
		l.open = c.list(l.open, &n)
		l.kept = append([]*instance(nil), l.kept...)
		l.ended = append([]byte(nil), l.ended...)
		n.loop = &l
	}
	return &n
}

func (c *cloner) step(s *pool.Pool) *pool.Pool {
	n, live := s.Clone(c.limits, c.m.tallies.Move)
	for _, w := range live {
		c.m.tallies.Of(w)
		c.m.units[w.Unit.ID] = w
	}
	return n
}
