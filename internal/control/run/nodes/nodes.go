// Package nodes makes the Machine's nodes of a flow's steps: which units each
// begins with, what holds for all inside. Start at Maker.
package nodes

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/control/run/scope"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Maker makes nodes of steps.
type Maker struct {
	Verb  func(name string) (unit.Verb, bool)
	Cores int
}

// Inspect is the spec of the unit that a step begins with.
type Inspect struct {
	Verb string          `json:"verb"`
	Spec json.RawMessage `json:"spec"`
	Late bool            `json:"late,omitempty"` // filled in when the step begins
}

// Nodes makes those of a flow's list.
func (m Maker) Nodes(steps []flow.Step) ([]plan.Node, error) { return m.nodes(steps, false) }

func (m Maker) nodes(steps []flow.Step, inside bool) (list []plan.Node, err error) {
	for _, s := range steps {
		n, err := m.node(s, inside)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}

// node is a step in the Machine's words. What it says of retry holds for all
// inside; inside of another one nothing said is that one's.
func (m Maker) node(s flow.Step, inside bool) (n plan.Node, err error) {
	n = plan.Node{ID: s.ID, If: s.If, Each: each(s), Timeout: s.Timeout}
	switch s.Verb {
	case flow.InOrder, flow.AtOnce:
		n.Kind = map[string]string{flow.InOrder: plan.Steps, flow.AtOnce: plan.Parallel}[s.Verb]
		if n.Steps, err = m.nodes(s.Steps, true); err != nil {
			return n, err
		}
	default:
		if err := m.work(&n, s); err != nil {
			return n, err
		}
	}
	if n.Finally, err = m.nodes(s.Finally, true); err != nil {
		return n, err
	}
	if s.OnError == plan.Continue {
		n.OnError = plan.Continue
	}
	switch t := s.Retry; {
	case t != nil:
		n.Retry = &plan.Retry{For: t.For, Attempts: t.Attempts, Wait: t.Wait, Factor: t.Factor, MaxWait: t.MaxWait, Only: kinds(t.Only)}
	case !inside:
		n.Retry = &plan.Retry{For: 30 * time.Minute, MaxWait: time.Minute}
	}
	if w := s.Window; w != nil {
		n.Window = &plan.Window{Opens: w.Opens.String(), For: w.For, Zone: w.Zone}
	}
	return n, nil
}

// work makes the units that a verb's step begins with.
func (m Maker) work(n *plan.Node, s flow.Step) error {
	verb, ok := m.Verb(s.Verb)
	if !ok {
		return fault.New(fault.Internal, "verb.unknown", "step %s: no verb %q", s.ID, s.Verb)
	}
	if s.Verb == flow.Calls {
		n.Kind, n.Units = plan.Flow, []unit.Unit{{ID: unit.ID(s.ID, "flow", "all", 1), Step: s.ID, Kind: "flow", Class: "flow", Weight: 1, Spec: unit.Body(s.Spec)}}
		n.Hash = digest(n.Units[0].Spec)
		return nil
	}
	if verb.Holds {
		return m.around(n, s, verb)
	}
	spec, err := json.Marshal(s.Spec)
	if err != nil {
		return fault.Wrap(err, "freeze step %s", s.ID)
	}
	if verb.Waits != nil {
		return waits(n, verb, s, spec)
	}
	n.Kind, n.Hash, n.Limits = plan.Step, digest(spec), verb.Limits(s.Spec, m.Cores)
	n.Units = []unit.Unit{root(s, spec)}
	return nil
}

// each is a step's for_each in the Machine's words. Items that are not made of
// results are read by a unit.
func each(s flow.Step) *plan.Each {
	e := s.Each
	if e == nil {
		return nil
	}
	n := &plan.Each{
		Items: e.Items, Reads: e.Reads, As: e.As, Key: e.Key, Parallel: e.Parallel, Tolerate: e.Tolerate.Items, Share: e.Tolerate.Share, StopEarly: e.StopEarly,
	}
	if e.Items == "" {
		n.Query = &unit.Unit{
			ID: unit.ID(s.ID, "items", "all", 1), Step: s.ID, Kind: "items", Class: "define", Weight: 1, Spec: unit.Body(scope.Items{Rows: e.Rows}),
		}
	}
	return n
}

func kinds(names []string) []fault.Kind {
	var list []fault.Kind
	for _, n := range names {
		list = append(list, fault.Kind(n))
	}
	return list
}

// root is the unit that a verb's step begins with: it looks at both sides and
// expands into all others.
func root(s flow.Step, spec json.RawMessage) unit.Unit {
	return unit.Unit{
		ID: unit.ID(s.ID, "inspect", "all", 1), Step: s.ID, Kind: "inspect", Class: "define", Weight: 1,
		Spec: unit.Body(Inspect{s.Verb, spec, s.Late != ""}),
	}
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
