package plan

import (
	"encoding/json"
	"fmt"
	"sort"

	"godwit/internal/control/plan/pool"
	"godwit/internal/control/plan/texts"
	"godwit/internal/unit"
)

// loop is what a for_each knows: its frozen items, how far it is, and the
// instances that are still of interest. Items that ended well are forgotten:
// a byte each and their text remain.
type loop struct {
	known  bool
	items  texts.List // JSON
	names  texts.List // the items' keys, escaped
	ended  []byte     // by index: 0 or one of the marks below
	next   int        // the first item never opened
	open   []*instance
	kept   []*instance // left, but failed, cancelled, with a failure inside, records not loaded or what may be taken back
	active int         // entered and not left
	lost   int         // failed
	grows  bool        // results that the items are made of may have become more
	seen   int32       // highest attempt of forgotten units
}

const (
	markDone = iota + 1
	markFailed
	markSkipped
	markCancelled
)

// freeze takes items in: all of them, or those that came since.
func (l *loop) freeze(items []json.RawMessage, keys []string) error {
	if len(items) != len(keys) {
		return fmt.Errorf("%d items with %d keys", len(items), len(keys))
	}
	for i, item := range items {
		l.items.Add(string(item))
		l.names.Add(unit.Segment(keys[i]))
	}
	l.ended = append(l.ended, make([]byte, len(items))...)
	l.known, l.grows = true, false
	return nil
}

// broken reports whether more items failed than are tolerated.
func (in *instance) broken() bool {
	return in.loop.lost > in.node.Each.Tolerates(in.loop.items.Len())
}

// exhausted reports whether the loop opens no further item.
func (in *instance) exhausted() bool {
	return in.loop.next == in.loop.items.Len() || in.node.Each.StopEarly && in.broken()
}

// sub is the id of a loop's item.
func (in *instance) sub(i int) string {
	return in.id + "[" + string(in.loop.names.At(i)) + "]"
}

// open makes the instance of item i and puts it in its place.
func (m *Machine) open(in *instance, i int, base int32) *instance {
	item := m.makeItem(in, i, base)
	in.loop.insert(item)
	return item
}

func (l *loop) insert(item *instance) {
	at := sort.Search(len(l.open), func(k int) bool { return l.open[k].place > item.place })
	l.open = append(l.open, nil)
	copy(l.open[at+1:], l.open[at:])
	l.open[at] = item
	l.ended[item.place] = 0
}

// closeItem settles an item that was left.
func (m *Machine) closeItem(item *instance) {
	l := item.up.loop
	l.active--
	l.open = without(l.open, item)
	switch item.outcome {
	case OutcomeFailed:
		l.lost++
		l.ended[item.place] = markFailed
	case OutcomeDone:
		l.ended[item.place] = markDone
	case OutcomeSkipped:
		l.ended[item.place] = markSkipped
	default:
		l.ended[item.place] = markCancelled
	}
	if item.life.marred || item.outcome != OutcomeDone && item.outcome != OutcomeSkipped || m.exits(item) != 0 || m.holds(item) {
		l.kept = append(l.kept, item)
		return
	}
	l.seen = max(l.seen, m.forget(item))
}

// reopenItem takes back what closeItem did, as far as the item is kept.
func (l *loop) reopenItem(item *instance) {
	if l.ended[item.place] == markFailed {
		l.lost--
	}
	l.kept = without(l.kept, item)
	l.insert(item)
}

func without(list []*instance, in *instance) []*instance {
	for i, k := range list {
		if k == in {
			return append(list[:i], list[i+1:]...)
		}
	}
	return list
}

// forget drops an instance with everything below it and returns the highest
// attempt of its units.
func (m *Machine) forget(in *instance) (seen int32) {
	in.each(func(k *instance) {
		delete(m.places, k.id)
		if k.loop != nil {
			seen = max(seen, k.loop.seen)
		}
		for _, p := range []*pool.Pool{k.step, k.back} {
			if p == nil {
				continue
			}
			for _, w := range p.Units() {
				delete(m.units, w.Unit.ID)
				seen = max(seen, w.Attempt)
			}
		}
	})
	return seen
}
