package nodes

import (
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// around makes the node of a verb that works before and behind other steps. What
// its first unit does may be known only when it begins; the last one undoes what
// that did, whatever it was.
func (m Maker) around(n *plan.Node, s flow.Step, verb unit.Verb) (err error) {
	units, err := verb.Plan(s.ID, s.Spec, catalog.Facts{})
	if err != nil || len(units) != 2 {
		return fault.New(fault.Internal, "verb.plan", "step %s: %s plans %d units around steps: %w", s.ID, s.Verb, len(units), err)
	}
	spec, err := json.Marshal(s.Spec)
	if err != nil {
		return fault.Wrap(err, "freeze step %s", s.ID)
	}
	units[0].Spec = unit.Body(Inspect{s.Verb, spec, s.Late != ""})
	n.Kind, n.Hash, n.Limits = plan.Settings, digest(spec), verb.Limits(s.Spec, m.Cores)
	n.Guard = &plan.Guard{Open: units[0], Close: units[1]}
	n.Steps, err = m.nodes(s.Steps, true)
	return err
}
