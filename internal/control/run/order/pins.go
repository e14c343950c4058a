package order

import "godwit/internal/control/flow"

// Pins are the steps that hold what is read of a connection inside them to one
// point in time.
type Pins Around

// NewPins finds those of a flow.
func NewPins(b *flow.Bound) Pins {
	return Pins(NewAround(b, func(s flow.Step) bool { return s.Snapshot != "" }))
}

// Of gives the nodes that pin connections around an instance of a step.
func (p Pins) Of(step string) map[string]string {
	nodes := map[string]string{}
	for _, o := range p[flow.StepOf(step)] {
		if _, outer := nodes[o.Step.Snapshot]; !outer {
			nodes[o.Step.Snapshot] = o.Node(step)
		}
	}
	return nodes
}
