package plan

import (
	"encoding/json"
	"fmt"
	"time"

	"godwit/internal/control/plan/pool"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Turn is what an engine has to do now. Running is the whole wanted set, not
// a difference: the engine first cancels what it runs and does not find there,
// and waits for its end, then starts what is missing.
type Turn struct {
	Seq     int64     `json:"seq"` // folded events: of two turns the higher is newer
	Running []Ref     `json:"running,omitempty"`
	Wake    time.Time `json:"wake,omitzero"` // when to ask again without an event
	Done    bool      `json:"done,omitempty"`
	Exit    int       `json:"exit,omitempty"` // with Done
}

// Ref is one attempt at a unit.
type Ref struct {
	Unit    string          `json:"unit"`
	Attempt int             `json:"attempt"`
	From    json.RawMessage `json:"from,omitempty"`  // where it yielded
	Drain   bool            `json:"drain,omitempty"` // it should stop at its next chunk border
}

// turn is one call of Next.
type turn struct {
	m      *Machine
	now    time.Time
	events []unit.Event
	wake   time.Time
	steps  []open
}

// open is a step whose units may be started.
type open struct {
	in   *instance
	gate gate
}

// gate is what holds a node from outside.
type gate struct {
	shut bool         // paused, or a window is closed: nothing starts
	stop bool         // nothing starts any more
	kill *fault.Fault // what runs is taken off, for this reason
	late *instance    // whose timeout is over
}

// Next proposes what follows at this time, and has applied it: the caller
// writes the events, with their times as they are, before it acts on the
// Turn. The same state and time give the same proposals.
func (m *Machine) Next(now time.Time) ([]unit.Event, Turn) {
	t := &turn{m: m, now: ms(now)}
	if m.run.started && !m.run.finished {
		for before := -1; before < len(t.events); {
			before = len(t.events)
			t.wake, t.steps = time.Time{}, t.steps[:0]
			t.round()
		}
		if !m.run.finished {
			for _, s := range t.steps {
				t.startIn(s.in, s.gate)
			}
		}
	}
	return t.events, t.result()
}

// round lets every open node take its next steps.
func (t *turn) round() {
	m := t.m
	if m.run.finished {
		return
	}
	g := t.outside()
	if m.root.life.ending == nil {
		t.inOrder(m.root.kids, g)
	}
	if over, outcome, f := t.verdict(m.root, g); !m.root.closing() && (!over || !t.end(m.root, outcome, f)) {
		return
	}
	t.lastly(m.root)
	if over, _, _ := t.verdict(m.root, g); over && allLeft(m.root.finally) {
		f := m.verdict()
		t.propose(unit.Event{Kind: unit.RunFinished, Body: unit.Body(f)})
	}
}

func (t *turn) outside() gate {
	switch r := t.m.run; {
	case r.cancelled:
		return gate{stop: true, kill: &fault.Fault{Kind: fault.Cancelled, Code: codeCancelled, Text: "the run was cancelled"}}
	case r.ending:
		return gate{stop: true, shut: r.paused || r.resting}
	default:
		return gate{shut: r.paused || r.resting}
	}
}

// last is the gate of what must run: only a pause holds it.
func (t *turn) last() gate { return gate{shut: t.m.run.paused || t.m.run.resting} }

// propose makes an event and folds it.
func (t *turn) propose(e unit.Event) {
	e.At = t.now
	if err := t.m.Apply(e); err != nil {
		panic("the Machine contradicts itself: " + err.Error())
	}
	t.events = append(t.events, e)
}

func (t *turn) wakeAt(at time.Time) {
	if at.After(t.now) {
		t.wake = sooner(t.wake, at)
	}
}

// advance lets one node take its next steps: be entered, work, run its
// finally, be left.
func (t *turn) advance(in *instance, g gate) {
	if in.phase == left {
		return
	}
	g = t.narrow(in, g)
	if in.phase == idle {
		if g.shut || g.stop {
			return
		}
		t.enter(in)
	}
	if in.phase != entered {
		return
	}
	if !in.answer {
		t.leave(in, OutcomeSkipped, nil)
		return
	}
	g = t.expire(in, g)
	if !in.closing() {
		t.push(in, g)
		if over, outcome, f := t.verdict(in, g); !over || !t.end(in, outcome, f) {
			return
		}
	}
	t.lastly(in)
	over, outcome, f := t.verdict(in, g)
	if !over || !allLeft(in.finally) {
		return
	}
	for _, k := range in.finally {
		if k.outcome == OutcomeFailed {
			outcome = OutcomeFailed
		}
	}
	t.leave(in, outcome, f)
}

// narrow adds the node's window to what holds it.
func (t *turn) narrow(in *instance, g gate) gate {
	if in.window == nil || in.must {
		return g
	}
	open, edge := in.window.At(t.now)
	if !g.stop {
		t.wakeAt(edge)
	}
	g.shut = g.shut || !open
	return g
}

// expire adds the node's own timeout.
func (t *turn) expire(in *instance, g gate) gate {
	if in.life.due.IsZero() {
		return g
	}
	t.wakeAt(in.life.due)
	if in.life.due.After(t.now) || in.loop == nil && (in.node.Kind == Wait || in.node.Kind == Approve) {
		return g
	}
	g.stop, g.late = true, in
	g.kill = &fault.Fault{Kind: fault.Cancelled, Code: codeTimeout,
		Text: fmt.Sprintf("%s: not done by %s", in.id, in.life.due.Format(time.RFC3339))}
	return g
}

func (t *turn) leave(in *instance, outcome string, f *fault.Fault) {
	t.propose(unit.Event{Kind: unit.NodeLeft, Node: in.id, Body: unit.Body(unit.Left{Outcome: outcome, Fault: f})})
}

// enter asks what has to be asked and enters the node. An answer that cannot
// be had fails it.
func (t *turn) enter(in *instance) {
	b, f := t.answers(in)
	if !in.life.asked {
		b.Units = in.named(in.roots())
	}
	t.propose(unit.Event{Kind: unit.NodeEntered, Node: in.id, Body: unit.Body(b)})
	if f != nil {
		t.leave(in, OutcomeFailed, &f.Fault)
	}
}

func (t *turn) answers(in *instance) (b unit.Entered, f *fault.Error) {
	n := in.node
	if n.If != "" && !in.item {
		b.Answer = in.answer
		if !in.life.asked {
			if b.Answer, f = t.m.truth(in); f != nil || !b.Answer {
				return b, f
			}
		}
	}
	if in.loop != nil && !in.loop.known && n.Each.Query == nil {
		if b.Items, f = t.m.elements(in); f == nil {
			b.Keys, f = n.Each.KeysOf(in.id, b.Items)
		}
		if f != nil {
			return unit.Entered{Answer: b.Answer}, f
		}
	}
	b.Due, f = t.dueOf(in)
	return b, f
}

// dueOf is when a wait is over, or patience with any other node. The patience
// with a node that has items is with all of them.
func (t *turn) dueOf(in *instance) (time.Time, *fault.Error) {
	n := in.node
	patience := n.Timeout
	switch {
	case in.loop != nil:
	case n.Kind == Wait && !in.life.due.IsZero():
		return in.life.due, nil // entered again: the clock is not started again
	case n.Kind == Wait:
		due, f := t.m.until(in, t.now)
		return ms(due), f
	case n.Kind == WaitFor:
		patience = n.WaitFor.Timeout
	case n.Kind == Approve:
		patience = n.Approve.Timeout
	case in.item:
		patience = 0
	}
	if patience <= 0 {
		return time.Time{}, nil
	}
	return t.now.Add(patience), nil
}

// push lets what is inside a node take its next steps.
func (t *turn) push(in *instance, g gate) {
	if in.step != nil {
		t.fail(in, g)
		t.steps = append(t.steps, open{in, g})
	}
	switch {
	case in.life.ending != nil: // nothing of it is begun any more
	case in.loop != nil:
		t.pushItems(in, g)
	case in.node.Kind == Parallel:
		t.all(in.kids, g)
	case in.node.Kind == Steps:
		t.inOrder(in.kids, g)
	case in.node.Kind == Settings:
		if u := in.step.Units(); u[0].State == Done && !u[1].Begun {
			t.inOrder(in.kids, g)
		}
	}
}

// all advances nodes that do not wait for each other.
func (t *turn) all(list []*instance, g gate) {
	for _, k := range list {
		t.advance(k, g)
	}
}

// lastly advances a finally: in order, and on after a failure, since what puts
// things right is tried in any case.
func (t *turn) lastly(in *instance) {
	free := true
	for _, k := range in.finally {
		if k.phase == entered || k.phase == idle && free {
			t.advance(k, t.last())
		}
		free = free && k.phase == left
	}
}

// inOrder advances a list: the next one starts when all before it are over
// and none of them failed the list. One that was entered when an earlier one
// was opened again waits for that.
func (t *turn) inOrder(list []*instance, g gate) {
	free, held := true, g
	for _, k := range list {
		if k.phase == entered || k.phase == idle && free {
			t.advance(k, held)
		}
		free = free && k.phase == left && !k.fatal()
		held.shut = held.shut || k.phase != left // of those entered before, nothing starts now
	}
}

// fatal reports whether a node keeps the later ones of its list from starting.
func (in *instance) fatal() bool {
	return in.outcome == OutcomeFailed && in.node.OnError != Continue ||
		in.outcome == OutcomeCancelled || in.outcome == OutcomeEnded
}

// fail takes off what may not go on: units that kill their owners, and those
// of a node that is being stopped.
func (t *turn) fail(in *instance, g gate) {
	for _, w := range in.step.Shaky {
		t.killer(w)
	}
	if g.kill == nil {
		return
	}
	var off []*pool.Work
	for _, w := range t.m.running {
		if w.Pool == in.step && !w.Unit.MustRun {
			off = append(off, w)
		}
	}
	for _, w := range off {
		t.failUnit(w, *g.kill)
	}
}

// killer gives a unit up that keeps killing its owner.
func (t *turn) killer(w *pool.Work) {
	if w.Past != nil && w.Past.Crashes >= mostCrashes && (w.State == Ready || w.State == Blocked) {
		t.failUnit(w, fault.Fault{Kind: fault.Internal, Code: CodeKillsOwner,
			Text: fmt.Sprintf("%s: %d owners in a row died with it", w.Unit.ID, w.Past.Crashes)})
	}
}

func (t *turn) failUnit(w *pool.Work, f fault.Fault) {
	t.propose(unit.Event{Kind: unit.UnitFailed, Node: w.Pool.Name, Unit: w.Unit.ID, Attempt: int(w.Attempt),
		Body: unit.Body(unit.Ended{Fault: &f})})
}
