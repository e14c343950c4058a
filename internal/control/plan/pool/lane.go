package pool

import (
	"fmt"
	"strings"
	"time"
)

// Limit is a number of units that may run at the same time.
type Limit struct {
	Name string
	Node string // that declares it, "" = the graph
	Max  int
	Used int
}

// lane is the ready units of a step that use the same limits.
type lane struct {
	key    string
	limits []*Limit
	ready  queue
}

func (l *lane) take(n int) {
	for _, c := range l.limits {
		c.Used += n
	}
}

// head is the first ready unit, nil if there is none.
func (l *lane) head() *Work {
	for len(l.ready) > 0 {
		w := l.ready[0].w
		if w.State == Ready {
			return w
		}
		l.ready.pop().w.queued = false
	}
	return nil
}

// laneOf finds or makes the lane of a set of limits.
func (p *Pool) laneOf(uses []string) *lane {
	key := strings.Join(uses, "\x00")
	for _, l := range p.lanes {
		if l.key == key {
			return l
		}
	}
	l := &lane{key: key}
	for _, name := range uses {
		l.limits = append(l.limits, p.limits(name)...)
	}
	p.lanes = append(p.lanes, l)
	return l
}

// Limits are those that the unit shares.
func (w *Work) Limits() []*Limit { return w.lane.limits }

// Room reports whether the unit's limits let it start.
func (w *Work) Room() bool {
	for _, c := range w.lane.limits {
		if c.Used >= c.Max {
			return false
		}
	}
	return true
}

// Full says in words which limits keep the unit from starting.
func (w *Work) Full() (names, texts []string) {
	for _, c := range w.lane.limits {
		if used := c.Used + w.Pool.away[c]; used >= c.Max {
			names = append(names, c.Name)
			texts = append(texts, fmt.Sprintf("%d of %d %s in use", used, c.Max, c.Name))
		}
	}
	return names, texts
}

// First is the ready unit to start next, nil if none has room.
func (p *Pool) First() (best *Work) {
	for _, l := range p.lanes {
		if w := l.head(); w != nil && p.room(l) && (best == nil || w.index < best.index) {
			best = w
		}
	}
	return best
}

// room reports whether a lane's next ready unit may start. Units that wait for
// a system to come back count as if they ran: an outage must not make all
// the others start and fail one after the other.
func (p *Pool) room(l *lane) bool {
	for _, c := range l.limits {
		if c.Used+p.away[c] >= c.Max {
			return false
		}
	}
	return true
}

// wait counts a unit that waits for a system to come back.
func (p *Pool) wait(w *Work, n int) {
	if p.away == nil {
		p.away = map[*Limit]int{}
	}
	for _, c := range w.lane.limits {
		p.away[c] += n
	}
}

// Due puts the waiting units whose time has come among the ready ones. It
// returns when the next one's time comes, zero if none waits.
func (p *Pool) Due(now time.Time) time.Time {
	for len(p.delayed) > 0 {
		e := p.delayed[0]
		if e.w.State == Waiting && e.w.Past.Due == e.at {
			if e.at > now.UnixMilli() {
				return time.UnixMilli(e.at).UTC()
			}
			p.Offer(e.w)
		}
		p.delayed.pop()
	}
	return time.Time{}
}
