package plan

import (
	"encoding/json"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

func (t *turn) pushItems(in *instance, g gate) {
	l, e := in.loop, in.node.Each
	if !l.known {
		t.freeze(in)
		if !l.known {
			return
		}
	}
	if l.grows && !g.shut && !g.stop {
		t.grow(in)
	}
	for _, k := range append([]*instance(nil), l.open...) {
		if k.phase == entered || l.active < e.Width() {
			t.advance(k, g)
		}
	}
	for l.active < e.Width() && !in.exhausted() && !g.shut && !g.stop {
		fresh := &instance{node: in.node, id: in.sub(l.next), up: in, item: true, value: l.items.At(l.next)}
		t.enter(fresh)
		if last := l.open[len(l.open)-1:]; len(last) > 0 {
			t.advance(last[0], g)
		}
	}
}

// freeze takes the items from the loop's query once it is done.
func (t *turn) freeze(in *instance) {
	if in.step == nil || in.step.N(Done) == 0 {
		return
	}
	items, f := in.node.Each.List(in.id, in.step.Facts)
	t.take(in, items, f)
}

// take stores the items that are not there yet, or fails the loop.
func (t *turn) take(in *instance, items []json.RawMessage, f *fault.Error) {
	keys := []string(nil)
	if f == nil {
		keys, f = in.node.Each.KeysOf(in.id, items)
	}
	if f != nil {
		t.leave(in, OutcomeFailed, &f.Fault)
		return
	}
	have := map[string]bool{}
	for i := range in.loop.names.Len() {
		have[string(in.loop.names.At(i))] = true
	}
	b := unit.Entered{Answer: true}
	for i, key := range keys {
		if !have[unit.Segment(key)] {
			b.Items, b.Keys = append(b.Items, items[i]), append(b.Keys, key)
		}
	}
	t.propose(unit.Event{Kind: unit.NodeEntered, Node: in.id, Body: unit.Body(b)})
}

// grow asks for the items again that are made of what other nodes left behind,
// after a resume in which one of those was opened again: what it achieves now
// is not lost. What is there stays as it was read.
func (t *turn) grow(in *instance) {
	items, f := t.m.elements(in)
	t.take(in, items, f)
}
