package plan

import "maps"

// cloner copies a Machine to look ahead with. What is over is shared with the
// original: looking ahead never goes back.
type cloner struct {
	m      *Machine
	limits map[*limit]*limit
}

func (m *Machine) clone() *Machine {
	c := &cloner{limits: map[*limit]*limit{}}
	copied := *m
	c.m = &copied
	c.m.places = make(map[string]*instance, len(m.places))
	c.m.units = make(map[string]*work, len(m.units))
	c.m.running = nil
	c.m.tuned = maps.Clone(m.tuned)
	c.m.tallies = tallies{}
	c.m.root = c.instance(m.root, nil)
	for _, w := range m.running {
		c.m.running = append(c.m.running, c.m.units[w.unit.ID])
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
		n.limits = make(map[string]*limit, len(in.limits))
		for name, l := range in.limits {
			copied := *l
			n.limits[name], c.limits[l] = &copied, &copied
		}
	}
	if in.step != nil {
		n.step = c.step(in.step, &n)
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

func (c *cloner) step(s *step, in *instance) *step {
	n := *s
	n.units = make([]*work, len(s.units))
	room := make([]work, 0, len(s.units)-s.n[Done])
	lanes := make(map[*lane]*lane, len(s.lanes))
	n.lanes = make([]*lane, len(s.lanes))
	for i, l := range s.lanes {
		copied := &lane{key: l.key}
		for _, limit := range l.limits {
			copied.limits = append(copied.limits, c.limits[limit])
		}
		n.lanes[i], lanes[l] = copied, copied
	}
	for i, w := range s.units {
		if w.state == Done {
			n.units[i] = w
			continue
		}
		room = append(room, *w)
		k := &room[len(room)-1]
		k.in, k.lane = in, lanes[w.lane]
		if w.past != nil {
			past := *w.past
			k.past = &past
		}
		k.count = c.m.tally(k)
		n.units[i] = k
		c.m.units[k.unit.ID] = k
	}
	for i, l := range s.lanes {
		n.lanes[i].ready = c.queue(l.ready, &n)
	}
	n.delayed = c.queue(s.delayed, &n)
	c.tags(s, &n)
	return &n
}

func (c *cloner) queue(q queue, s *step) queue {
	copied := make(queue, 0, len(q))
	for _, e := range q {
		if e.w.state != Done {
			copied.push(entry{at: e.at, w: s.units[e.w.index]})
		}
	}
	return copied
}

func (c *cloner) tags(s, n *step) {
	n.tags = make(map[string]*tag, len(s.tags))
	for name, t := range s.tags {
		copied := &tag{left: t.left}
		for _, w := range t.waiting {
			if w.state != Done {
				copied.waiting = append(copied.waiting, n.units[w.index])
			}
		}
		n.tags[name] = copied
	}
	n.must = nil
	for _, w := range s.must {
		n.must = append(n.must, n.units[w.index])
	}
	n.shaky = nil
	n.away = make(map[*limit]int, len(s.away))
	for l, k := range s.away {
		n.away[c.limits[l]] = k
	}
}
