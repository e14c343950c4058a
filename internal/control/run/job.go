package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// frozen is what a run keeps of its flow, without secrets: they stand in it by
// reference or not at all.
type frozen struct {
	Version string          `json:"version"`
	Flow    json.RawMessage `json:"flow"` // flow.Bound
	Graph   plan.Graph      `json:"graph"`
	Cores   int             `json:"cores"`
}

// full reports whether the run was started to read everything.
func (f frozen) full() bool {
	var b struct{ Full bool }
	return json.Unmarshal(f.Flow, &b) == nil && b.Full
}

// freeze makes a flow's frozen form and the key that tells two starts of the
// same thing: flow, inputs and environment.
func (r *Runs) freeze(b *flow.Bound) (f frozen, key string, err error) {
	f = frozen{Version: r.Version, Cores: r.Cores}
	if f.Flow, err = json.Marshal(b); err != nil {
		return f, "", fault.Wrap(err, "freeze %s", b.Flow)
	}
	for _, s := range b.Steps {
		node, err := r.node(s)
		if err != nil {
			return f, "", err
		}
		f.Graph.Steps = append(f.Graph.Steps, node)
	}
	return f, digest(b.Meaning()), nil
}

// node is a step in the Machine's words.
func (r *Runs) node(s flow.Step) (plan.Node, error) {
	verb, ok := r.verb(s.Verb)
	if !ok {
		return plan.Node{}, fault.New(fault.Internal, "verb.unknown", "step %s: no verb %q", s.ID, s.Verb)
	}
	spec, err := json.Marshal(s.Spec)
	if err != nil {
		return plan.Node{}, fault.Wrap(err, "freeze step %s", s.ID)
	}
	n := plan.Node{
		ID: s.ID, Kind: plan.Step, Hash: digest(spec), Timeout: s.Timeout,
		Limits: verb.Limits(s.Spec, r.Cores), Units: []unit.Unit{root(s, spec)},
	}
	if s.OnError == plan.Continue {
		n.OnError = plan.Continue
	}
	if t := s.Retry; t.For == 0 { // made by a command: as a flow that says nothing
		n.Retry = &plan.Retry{For: 30 * time.Minute, MaxWait: time.Minute}
	} else {
		n.Retry = &plan.Retry{For: t.For, Attempts: t.Attempts, Wait: t.Wait, Factor: t.Factor, MaxWait: t.MaxWait, Only: kinds(t.Only)}
	}
	if w := s.Window; w != nil {
		n.Window = &plan.Window{Opens: w.Opens.String(), For: w.For, Zone: w.Zone}
	}
	return n, nil
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
		Spec: unit.Body(inspectSpec{s.Verb, spec}),
	}
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// thaw reads a frozen flow back into the verbs' and connectors' own types.
func (r *Runs) thaw(f frozen) (*flow.Bound, error) {
	return flow.Thaw(f.Flow, flow.Language{Verbs: r.Verbs, Systems: r.Systems})
}
