// Package pool holds the units of one step while it runs: which are ready,
// which wait for others by their tags, which limits they share, which wait for
// another try. It knows no nodes, no journal and no clock; package plan moves
// it, one event at a time. Start at Pool and Work.
package pool

import (
	"encoding/json"
	"slices"

	"godwit/internal/unit"
)

// Pool is the units of a step. Not safe for concurrent use. All changes of a
// Work's State go through its methods.
type Pool struct {
	Name  string // of the step
	Node  string // of the step without its items
	Must  bool   // all its units run after cancel, too
	Begun bool   // some unit was started since the step was made fresh
	Facts json.RawMessage
	Owed  []*Work // those with MustRun
	Shaky []*Work // those whose owner died, to be looked at once

	units   []*Work
	tags    map[string]*tag
	lanes   []*lane
	delayed queue // Waiting units by due time
	away    map[*Limit]int
	n       [states]int
	open    int // done units that left records which were not loaded
	limits  func(name string) []*Limit
	watch   func(*Work, State)
}

// tag counts the units that carry it and are not done.
type tag struct {
	left    int
	waiting []*Work // whose After names it, whatever their state
}

// New makes an empty pool. Limits gives what a unit that uses a name has to
// share; watch is told of every change of a unit's state before it takes effect.
func New(name, node string, must bool, limits func(string) []*Limit, watch func(*Work, State)) *Pool {
	return &Pool{Name: name, Node: node, Must: must, limits: limits, watch: watch}
}

// Units gives all units in the order of their expansion. The slice is the
// pool's own.
func (p *Pool) Units() []*Work { return p.units }

// N is the number of units in a state.
func (p *Pool) N(s State) int { return p.n[s] }

// Open reports whether a done unit left records that were not loaded.
func (p *Pool) Open() bool { return p.open > 0 }

// Add makes units part of the pool; attempt is the number of the last attempt
// that earlier units of the same names have had. The slice is kept.
func (p *Pool) Add(units []unit.Unit, attempt int32) []*Work {
	room := make([]Work, len(units))
	for i := range units {
		w := &room[i]
		*w = Work{Unit: &units[i], Pool: p, Attempt: attempt, index: int32(len(p.units))}
		w.lane = p.laneOf(w.Unit.Uses)
		p.units = append(p.units, w)
		p.n[Blocked]++
		if w.Unit.MustRun {
			p.Owed = append(p.Owed, w)
		}
		for _, name := range w.Unit.Tags {
			p.raise(p.tag(name))
		}
	}
	added := p.units[len(p.units)-len(units):]
	for _, w := range added {
		for _, name := range w.Unit.After {
			t := p.tag(name)
			t.waiting = append(t.waiting, w)
			if t.left > 0 {
				w.missing++
			}
		}
		p.Offer(w)
	}
	return added
}

func (p *Pool) tag(name string) *tag {
	t := p.tags[name]
	if t == nil {
		if p.tags == nil {
			p.tags = map[string]*tag{}
		}
		t = &tag{}
		p.tags[name] = t
	}
	return t
}

// raise counts one more unit of a tag that is not done.
func (p *Pool) raise(t *tag) {
	t.left++
	if t.left > 1 {
		return
	}
	for _, w := range t.waiting {
		w.missing++
		if w.State == Ready || w.State == Waiting {
			p.turn(w, Blocked)
		}
	}
}

// lower counts one unit of a tag as done and frees those who waited for it.
func (p *Pool) lower(t *tag) {
	t.left--
	if t.left > 0 {
		return
	}
	for _, w := range t.waiting {
		w.missing--
		if w.State == Blocked {
			p.Offer(w)
		}
	}
}

// Missing gives the units of a tag that are not done. It looks through all
// units: for people, not for every turn.
func (p *Pool) Missing(name string) (list []*Work) {
	if t := p.tags[name]; t == nil || t.left == 0 {
		return nil
	}
	for _, w := range p.units {
		if w.State != Done && slices.Contains(w.Unit.Tags, name) {
			list = append(list, w)
		}
	}
	return list
}
