package nodes

import (
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// waits makes the node of a step that waits instead of working.
func waits(n *plan.Node, verb unit.Verb, s flow.Step, spec json.RawMessage) error {
	n.Hash = digest(spec)
	switch own := s.Spec.(type) {
	case *flow.Wait:
		n.Kind, n.Wait = plan.Wait, &plan.Pause{For: own.Time.For, Until: own.Time.Until, Expr: own.Expr}
		return nil
	case *flow.Ask:
		n.Kind, n.Approve = plan.Approve, &plan.Ask{Text: own.Text, Role: own.Role, Timeout: own.Timeout}
		return nil
	}
	units, err := verb.Plan(s.ID, s.Spec, catalog.Facts{})
	if err != nil || len(units) != 1 {
		return fault.New(fault.Internal, "verb.unknown", "step %s: %s asks by %d units", s.ID, s.Verb, len(units))
	}
	w := verb.Waits(s.Spec)
	probe := units[0]
	probe.Spec = unit.Body(Inspect{s.Verb, spec, s.Late != ""})
	n.Kind, n.WaitFor = plan.WaitFor, &plan.Probe{Unit: probe, Every: w.Every, Timeout: w.Timeout, Otherwise: w.Otherwise}
	return nil
}
