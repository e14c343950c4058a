package pool

// Clone copies a pool to look ahead with: to is the copy of each limit. Done
// units are shared with the original, since looking ahead never goes back;
// live are the copies of all others.
func (p *Pool) Clone(to map[*Limit]*Limit, watch func(*Work, State)) (n *Pool, live []*Work) {
	copied := *p
	n = &copied
	n.watch = watch
	n.units = make([]*Work, len(p.units))
	room := make([]Work, 0, len(p.units)-p.n[Done])
	lanes := make(map[*lane]*lane, len(p.lanes))
	n.lanes = make([]*lane, len(p.lanes))
	for i, l := range p.lanes {
		k := &lane{key: l.key}
		for _, c := range l.limits {
			k.limits = append(k.limits, to[c])
		}
		n.lanes[i], lanes[l] = k, k
	}
	for i, w := range p.units {
		if w.State == Done {
			n.units[i] = w
			continue
		}
		room = append(room, *w)
		k := &room[len(room)-1]
		k.Pool, k.lane = n, lanes[w.lane]
		if w.Past != nil {
			past := *w.Past
			k.Past = &past
		}
		n.units[i] = k
		live = append(live, k)
	}
	for i, l := range p.lanes {
		n.lanes[i].ready = n.own(l.ready)
	}
	n.delayed = n.own(p.delayed)
	n.cloneTags(p, to)
	return n, live
}

func (p *Pool) own(q queue) queue {
	mine := make(queue, 0, len(q))
	for _, e := range q {
		if e.w.State != Done {
			mine.push(entry{at: e.at, w: p.units[e.w.index]})
		}
	}
	return mine
}

func (p *Pool) cloneTags(from *Pool, to map[*Limit]*Limit) {
	p.tags = make(map[string]*tag, len(from.tags))
	for name, t := range from.tags {
		k := &tag{left: t.left}
		for _, w := range t.waiting {
			if w.State != Done {
				k.waiting = append(k.waiting, p.units[w.index])
			}
		}
		p.tags[name] = k
	}
	p.Owed, p.Shaky = nil, nil
	for _, w := range from.Owed {
		p.Owed = append(p.Owed, p.units[w.index])
	}
	p.away = make(map[*Limit]int, len(from.away))
	for l, n := range from.away {
		p.away[to[l]] = n
	}
}
