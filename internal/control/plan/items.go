package plan

import "godwit/internal/unit"

func (t *turn) pushItems(in *instance, g gate) {
	l, e := in.loop, in.node.Each
	if !l.known {
		t.freeze(in)
		if !l.known {
			return
		}
	}
	for _, k := range append([]*instance(nil), l.open...) {
		if k.phase == entered || l.active < e.Width() {
			t.advance(k, g)
		}
	}
	for l.active < e.Width() && !in.exhausted() && !g.shut && !g.stop {
		fresh := &instance{node: in.node, id: in.sub(l.next), up: in, item: true, value: l.items.at(l.next)}
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
	items, f := parseItems(in, in.step.Facts)
	var keys []string
	if f == nil {
		keys, f = in.node.Each.KeysOf(items)
	}
	if f != nil {
		t.leave(in, OutcomeFailed, &f.Fault)
		return
	}
	b := unit.Entered{Answer: true, Items: items, Keys: keys}
	t.propose(unit.Event{Kind: unit.NodeEntered, Node: in.id, Body: unit.Body(b)})
}
