package order

import (
	"slices"
	"strings"

	"godwit/internal/control/flow"
)

// Outer is a step that holds others.
type Outer struct {
	Step  flow.Step
	loops int // around it, of which each item has its own
}

// Around are steps of a kind by the ids of those that they are around, the outermost
// first. Each of them is around itself.
type Around map[string][]Outer

// NewAround finds those of a flow.
func NewAround(b *flow.Bound, are func(flow.Step) bool) Around {
	all := Around{}
	var add func(steps []flow.Step, outer []Outer, loops int)
	add = func(steps []flow.Step, outer []Outer, loops int) {
		for _, s := range steps {
			outer, loops := outer, loops
			if are(s) {
				outer = append(slices.Clone(outer), Outer{s, loops})
			}
			if len(outer) > 0 {
				all[s.ID] = outer
			}
			if s.Each != nil {
				loops++
			}
			add(s.Steps, outer, loops)
			add(s.Finally, outer, loops)
		}
	}
	add(b.Steps, nil, 0)
	add(b.Finally, nil, 0)
	return all
}

// Node names what is around an instance of a step: one that has items itself as the
// node that holds them all.
func (o Outer) Node(step string) string { return o.named(step, o.loops) }

// Item is Node, of one that has items itself the one around the instance.
func (o Outer) Item(step string) string {
	if o.Step.Each != nil {
		return o.named(step, o.loops+1)
	}
	return o.Node(step)
}

func (o Outer) named(step string, loops int) string {
	keys := strings.SplitAfter(strings.TrimPrefix(step, flow.StepOf(step)), "]")
	return o.Step.ID + strings.Join(keys[:min(loops, len(keys))], "")
}
