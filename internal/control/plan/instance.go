package plan

import (
	"encoding/json"
	"strings"
	"time"

	"godwit/internal/control/plan/graph"
	"godwit/internal/control/plan/pool"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

type phase uint8

const (
	idle phase = iota // not entered, or to be entered again
	entered
	left
)

// Outcomes of a node.
const (
	OutcomeDone      = "done"
	OutcomeFailed    = "failed"
	OutcomeSkipped   = "skipped"
	OutcomeCancelled = "cancelled"
	OutcomeEnded     = "ended" // a wait_for whose otherwise is end: the run ends as skipped
)

// instance is a node in a run: the node itself, or, inside a for_each, the
// node for one item. A node with a for_each is its loop; the loop's items are
// instances of the same node again.
type instance struct {
	node    *Node
	id      string // the node's id and the keys of all items around it
	up      *instance
	item    bool            // an item of the loop up
	place   int             // of an item: its index
	value   json.RawMessage // of an item
	must    bool            // inside a finally: runs after cancel
	phase   phase
	answer  bool // of if, or none was asked
	outcome string
	life    life
	kids    []*instance
	finally []*instance
	loop    *loop
	step    *pool.Pool
	back    *pool.Pool // what takes back or keeps what units of step did; nil until it is wanted
	limits  map[string]*pool.Limit
	retry   *Retry
	window  *graph.Span
	base    int32 // attempts that forgotten units of these names have had
}

// life is what an instance went through beyond its phase.
type life struct {
	due      time.Time
	fault    *fault.Fault // of the node itself
	asked    bool         // if has been answered, never to be asked again
	approved bool
	again    bool    // reopened while its finally or close unit was at work
	marred   bool    // something inside failed, whatever the outcome
	ending   *ending // nil while its work goes on
}

// make builds an instance and everything below it that is known: all but the
// items of loops.
func (m *Machine) make(n *Node, up *instance, keys string, must bool) *instance {
	in := &instance{node: n, id: n.ID + keys, up: up, must: must}
	in.inherit()
	m.places[in.id] = in
	if n.Each != nil {
		in.loop = &loop{}
		m.fill(in, n.Each.Units())
	} else {
		m.furnish(in, keys)
	}
	for i := range n.Finally {
		in.finally = append(in.finally, m.make(&n.Finally[i], in, keys, true))
	}
	return in
}

// makeItem builds the instance of a loop's item.
func (m *Machine) makeItem(up *instance, i int, base int32) *instance {
	in := &instance{
		node: up.node, id: up.sub(i), up: up, item: true, place: i,
		value: up.loop.items.At(i), must: up.must,
	}
	in.inherit()
	in.base = max(in.base, base)
	m.places[in.id] = in
	m.furnish(in, strings.TrimPrefix(in.id, up.node.ID))
	return in
}

func (in *instance) inherit() {
	in.answer = in.node.If == "" || in.item
	in.retry = in.node.Retry
	if in.up != nil {
		in.base = in.up.base
		if in.retry == nil {
			in.retry = in.up.retry
		}
	}
	if in.node.Window != nil && !in.item {
		in.window, _ = in.node.Window.Read() // checked by New
	}
}

// furnish gives an instance its limits, children and units.
func (m *Machine) furnish(in *instance, keys string) {
	in.limits = m.limitsOf(in.node.Limits, in.node.ID)
	for i := range in.node.Steps {
		in.kids = append(in.kids, m.make(&in.node.Steps[i], in, keys, in.must))
	}
	m.fill(in, in.node.Templates())
}

// fill gives an instance its first units. Templates are used as they are where
// the names are the same.
func (m *Machine) fill(in *instance, templates []unit.Unit) {
	if len(templates) == 0 && in.node.Kind != Step && in.node.Kind != Flow {
		return
	}
	if in.loop != nil && len(templates) == 0 {
		return
	}
	in.step = m.newPool(in)
	m.add(in, in.named(templates))
}

// named gives templates the names of the instance.
func (in *instance) named(templates []unit.Unit) []unit.Unit {
	if in.id == in.node.ID {
		return templates
	}
	own := make([]unit.Unit, len(templates))
	for i, u := range templates {
		own[i] = in.called(u)
		if u.Undo != nil {
			own[i].Undo = &unit.Undo{Back: in.called(u.Undo.Back), Keep: in.called(u.Undo.Keep)}
		}
	}
	return own
}

func (in *instance) called(u unit.Unit) unit.Unit {
	u.ID, u.Step = in.id+strings.TrimPrefix(u.ID, in.node.ID), in.id
	return u
}

// closing reports whether the finally of an instance has begun.
func (in *instance) closing() bool {
	for _, k := range in.finally {
		if k.phase != idle {
			return true
		}
	}
	return false
}

func allLeft(list []*instance) bool {
	for _, k := range list {
		if k.phase != left {
			return false
		}
	}
	return true
}

// each calls f for an instance and everything below it that exists.
func (in *instance) each(f func(*instance)) {
	f(in)
	for _, k := range in.kids {
		k.each(f)
	}
	if in.loop != nil {
		for _, k := range in.loop.open {
			k.each(f)
		}
		for _, k := range in.loop.kept {
			k.each(f)
		}
	}
	for _, k := range in.finally {
		k.each(f)
	}
}
