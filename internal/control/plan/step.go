package plan

import (
	"encoding/json"
	"strings"
	"time"

	"godwit/internal/control/plan/graph"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// State is where a unit stands.
type State uint8

// The states of a unit. Blocked: a tag of its After is not done, or its step
// has not begun. Waiting: it is tried again later.
const (
	Blocked State = iota
	Ready
	Running
	Waiting
	Done
	Failed
	states
)

func (s State) String() string {
	return [...]string{"blocked", "ready", "running", "waiting", "done", "failed"}[s]
}

// work is a unit and what happened to it.
type work struct {
	unit    *unit.Unit
	in      *instance
	lane    *lane
	count   *Count
	past    *past // nil while nothing went wrong
	began   int64 // of the running attempt, ms
	attempt int32 // the last one started
	index   int32 // order of expansion in its step
	missing int32 // tags of After that are not done
	state   State
	away    bool // it waits for a system to come back
	queued  bool // it stands in its lane's queue
	begun   bool // some attempt was started since the step was entered (again)
}

// past is what an unfinished unit has gone through.
type past struct {
	from    json.RawMessage // where it yielded
	fault   *fault.Fault    // of the last try
	since   int64           // first failure without progress, ms; 0 = none
	due     int64           // of the next try, ms
	times   int32           // tries that ended with a fault
	broken  int32           // tries that ended with an internal fault
	crashes int32           // owners that died with it, in a row
}

// tries is the past as the rules for another try want to know it.
func (p *past) tries(w *work) graph.Tries {
	t := graph.Tries{Unit: w.unit.ID, Attempt: int(w.attempt), Before: int(p.times), Broken: int(p.broken)}
	if p.since != 0 {
		t.Since = time.UnixMilli(p.since).UTC()
	}
	return t
}

func (w *work) history() *past {
	if w.past == nil {
		w.past = &past{}
	}
	return w.past
}

// must reports whether the unit runs after cancel, too.
func (w *work) must() bool { return w.unit.MustRun || w.in.must }

// step is the units of one node: a verb's, a probe, a guard's two, a query.
type step struct {
	units   []*work
	tags    map[string]*tag
	lanes   []*lane
	delayed queue // Waiting units by due time
	away    map[*limit]int
	must    []*work // those with MustRun
	shaky   []*work // those whose owner died, to be looked at once
	n       [states]int
	facts   json.RawMessage // of the unit, if the step has only one
	begun   bool            // some unit was started
}

// tag counts the units that carry it and are not done.
type tag struct {
	left    int
	waiting []*work // whose After names it, whatever their state
}

// lane is the ready units of a step that use the same limits.
type lane struct {
	key    string
	limits []*limit
	ready  queue
}

// limit is a number of units that may run at the same time.
type limit struct {
	name string
	node string // "" = of the graph
	max  int
	used int
}

func (l *lane) room() bool {
	for _, c := range l.limits {
		if c.used >= c.max {
			return false
		}
	}
	return true
}

// room reports whether a lane's next ready unit may start. Units that wait for
// a system to come back count as if they ran: an outage must not make all
// the others start and fail one after the other.
func (s *step) room(l *lane) bool {
	for _, c := range l.limits {
		if c.used+s.away[c] >= c.max {
			return false
		}
	}
	return true
}

func (l *lane) take(n int) {
	for _, c := range l.limits {
		c.used += n
	}
}

// head is the first ready unit, nil if there is none.
func (l *lane) head() *work {
	for len(l.ready) > 0 {
		w := l.ready[0].w
		if w.state == Ready {
			return w
		}
		l.ready.pop().w.queued = false
	}
	return nil
}

// add makes units part of an instance's step. The slice is kept.
func (m *Machine) add(in *instance, units []unit.Unit) {
	s := in.step
	room := make([]work, len(units))
	for i := range units {
		w := &room[i]
		*w = work{unit: &units[i], in: in, index: int32(len(s.units)), attempt: in.base}
		w.lane = m.laneOf(in, w.unit.Uses)
		s.units = append(s.units, w)
		m.units[w.unit.ID] = w
		s.n[Blocked]++
		m.countNew(w)
		if w.unit.MustRun {
			s.must = append(s.must, w)
		}
		for _, name := range w.unit.Tags {
			s.raise(m, s.tag(name))
		}
	}
	for i := range room {
		w := &room[i]
		for _, name := range w.unit.After {
			t := s.tag(name)
			t.waiting = append(t.waiting, w)
			if t.left > 0 {
				w.missing++
			}
		}
		m.offer(w)
	}
}

func (s *step) tag(name string) *tag {
	t := s.tags[name]
	if t == nil {
		if s.tags == nil {
			s.tags = map[string]*tag{}
		}
		t = &tag{}
		s.tags[name] = t
	}
	return t
}

// raise counts one more unit of a tag that is not done.
func (s *step) raise(m *Machine, t *tag) {
	t.left++
	if t.left > 1 {
		return
	}
	for _, w := range t.waiting {
		w.missing++
		if w.state == Ready || w.state == Waiting {
			m.turnTo(w, Blocked)
		}
	}
}

// lower counts one unit of a tag as done and frees those who waited for it.
func (s *step) lower(m *Machine, t *tag) {
	t.left--
	if t.left > 0 {
		return
	}
	for _, w := range t.waiting {
		w.missing--
		if w.state == Blocked {
			m.offer(w)
		}
	}
}

// offer makes a unit that is not running ready, or blocked if tags are missing.
func (m *Machine) offer(w *work) {
	if w.missing > 0 {
		m.turnTo(w, Blocked)
		return
	}
	m.turnTo(w, Ready)
	if !w.queued {
		w.queued = true
		w.lane.ready.push(entry{at: int64(w.index), w: w})
	}
}

func (m *Machine) turnTo(w *work, s State) {
	w.in.step.n[w.state]--
	w.in.step.n[s]++
	m.countMove(w, s)
	w.state = s
	if w.away && s != Waiting {
		w.away = false
		w.in.step.wait(w, -1)
	}
}

// wait counts a unit that waits for a system to come back.
func (s *step) wait(w *work, n int) {
	if s.away == nil {
		s.away = map[*limit]int{}
	}
	for _, c := range w.lane.limits {
		s.away[c] += n
	}
}

func (m *Machine) start(w *work, attempt int, at time.Time) {
	w.lane.take(1)
	w.attempt = int32(attempt)
	w.begun, w.in.step.begun = true, true
	w.began = at.UnixMilli()
	m.turnTo(w, Running)
	m.running = append(m.running, w)
}

// stop takes a running unit off the list and gives its limits back.
func (m *Machine) stop(w *work) {
	for i, r := range m.running {
		if r == w {
			m.running = append(m.running[:i], m.running[i+1:]...)
			break
		}
	}
	w.lane.take(-1)
	w.began = 0
}

func (m *Machine) finish(w *work, e unit.Ended, at time.Time) {
	s := w.in.step
	w.past = nil
	m.turnTo(w, Done)
	m.learn(w.unit, e.Seconds, at)
	if len(s.units) == 1 {
		s.facts = e.Facts
	}
	if w.unit.Kind != "inspect" {
		m.worked++
	}
	for _, name := range w.unit.Tags {
		s.lower(m, s.tag(name))
	}
}

// undo makes a done unit one that has still to be done.
func (m *Machine) undo(w *work) {
	if w.unit.Kind != "inspect" {
		m.worked--
	}
	for _, name := range w.unit.Tags {
		w.in.step.raise(m, w.in.step.tag(name))
	}
	w.begun = false
	m.offer(w)
}

// renew gives a unit that is not running a fresh start: no tries, no crashes.
func (m *Machine) renew(w *work) {
	switch w.state {
	case Done:
		m.undo(w)
	case Failed, Waiting, Ready, Blocked:
		if w.past != nil {
			w.past = &past{from: w.past.from}
		}
		w.begun = false
		m.offer(w)
	}
}

// laneOf finds or makes the lane of a set of limits. Every enclosing node
// that names a limit counts the unit, and so does the graph.
func (m *Machine) laneOf(in *instance, uses []string) *lane {
	key := strings.Join(uses, "\x00")
	for _, l := range in.step.lanes {
		if l.key == key {
			return l
		}
	}
	l := &lane{key: key}
	for _, name := range uses {
		if strings.HasPrefix(name, unit.Alone) && in.limits[name] == nil {
			if in.limits == nil {
				in.limits = map[string]*limit{}
			}
			in.limits[name] = &limit{name: name, node: in.node.ID, max: 1}
		}
		for up := in; up != nil; up = up.up {
			if c := up.limits[name]; c != nil {
				l.limits = append(l.limits, c)
			}
		}
	}
	in.step.lanes = append(in.step.lanes, l)
	return l
}
