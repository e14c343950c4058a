package call

import (
	"container/heap"
	"time"

	"godwit/internal/unit/calls"
)

// task is a record in memory.
type task struct {
	*calls.Item
	calls.Standing
	since   time.Time // that it is known of what became of its requests no sooner
	tries   int       // in a row that did not come through
	lost    lost
	looks   int  // at it, while another run was at work with it
	claimed bool // nobody else makes calls for it
	begun   bool // it had a turn
	deleted bool // just now: what a look-up still shows of it is not there
	group   *group
}

// name is what a record is ordered by: its group, or its key alone.
type name struct {
	grouped bool
	text    string
}

func nameOf(i *calls.Item) name {
	if i.Group != "" {
		return name{true, i.Group}
	}
	return name{false, i.Key}
}

// group are records in order: one of them is under way at a time.
type group struct {
	name  name
	queue []*task
	busy  bool
	due   time.Time // of its first, while it waits
}

// order holds the records in memory by their groups. Not safe for concurrent use.
type order struct {
	groups map[name]*group
	ready  []*group
	later  delays
	items  int
	bytes  int
}

func newOrder() *order { return &order{groups: map[name]*group{}} }

// add puts a record behind those of its group.
func (o *order) add(t *task) {
	of := nameOf(t.Item)
	g := o.groups[of]
	if g == nil {
		g = &group{name: of}
		o.groups[of] = g
	}
	t.group, g.queue = g, append(g.queue, t)
	o.items, o.bytes = o.items+1, o.bytes+t.Size
	if len(g.queue) == 1 {
		o.ready = append(o.ready, g)
	}
}

// held is how many records of a record's group are in memory.
func (o *order) held(i *calls.Item) int {
	if g := o.groups[nameOf(i)]; g != nil {
		return len(g.queue)
	}
	return 0
}

// next is a record that may be begun, nil when there is none. Its group is busy
// until done or delay.
func (o *order) next() *task {
	if len(o.ready) == 0 {
		return nil
	}
	g := o.ready[0]
	o.ready = o.ready[1:]
	g.busy = true
	return g.queue[0]
}

// done ends a record: the next of its group may be begun.
func (o *order) done(t *task) {
	g := t.group
	g.busy, g.queue = false, g.queue[1:]
	o.items, o.bytes = o.items-1, o.bytes-t.Size
	if len(g.queue) == 0 {
		delete(o.groups, g.name)
		return
	}
	o.ready = append(o.ready, g)
}

// delay has a record wait, and its group with it.
func (o *order) delay(t *task, due time.Time) {
	g := t.group
	g.busy, g.due = false, due
	heap.Push(&o.later, g)
}

// wake makes those ready whose time has come, and tells when the next one's does;
// zero when none waits.
func (o *order) wake(now time.Time) time.Time {
	for len(o.later) > 0 && !o.later[0].due.After(now) {
		o.ready = append(o.ready, heap.Pop(&o.later).(*group))
	}
	if len(o.later) == 0 {
		return time.Time{}
	}
	return o.later[0].due
}

// delays is a heap of groups by when they are due.
type delays []*group

func (d delays) Len() int           { return len(d) }
func (d delays) Less(i, j int) bool { return d[i].due.Before(d[j].due) }
func (d delays) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *delays) Push(x any)        { *d = append(*d, x.(*group)) }

func (d *delays) Pop() any {
	last := len(*d) - 1
	g := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	return g
}
