package late

import (
	"slices"
	"strings"

	"godwit/internal/control/flow"
)

// Pin is a step that holds what is read of a connection inside it to one point in
// time.
type Pin struct {
	At    string // connection
	step  string
	loops int // around it, of which each item has its own
}

// Pins are the pins around steps, the outermost first, by the steps' ids.
type Pins map[string][]Pin

// NewPins finds those of a flow.
func NewPins(b *flow.Bound) Pins {
	pins := Pins{}
	var add func(steps []flow.Step, around []Pin, loops int)
	add = func(steps []flow.Step, around []Pin, loops int) {
		for _, s := range steps {
			around, loops := around, loops
			if s.Snapshot != "" && !slices.ContainsFunc(around, func(p Pin) bool { return p.At == s.Snapshot }) {
				around = append(slices.Clone(around), Pin{s.Snapshot, s.ID, loops})
			}
			if len(around) > 0 {
				pins[s.ID] = around
			}
			if s.Each != nil {
				loops++
			}
			add(s.Steps, around, loops)
			add(s.Finally, around, loops)
		}
	}
	add(b.Steps, nil, 0)
	add(b.Finally, nil, 0)
	return pins
}

// Of gives the nodes that pin connections around an instance of a step.
func (p Pins) Of(step string) map[string]string {
	nodes := map[string]string{}
	keys := strings.SplitAfter(strings.TrimPrefix(step, flow.StepOf(step)), "]")
	for _, pin := range p[flow.StepOf(step)] {
		nodes[pin.At] = pin.step + strings.Join(keys[:min(pin.loops, len(keys))], "")
	}
	return nodes
}
