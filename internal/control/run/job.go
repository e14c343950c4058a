package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/control/run/nodes"
	"godwit/internal/fault"
)

// frozen is what a run keeps of its flow, without secrets: they stand in it by
// reference or not at all.
type frozen struct {
	Version string          `json:"version"`
	Flow    json.RawMessage `json:"flow"` // flow.Bound
	Graph   plan.Graph      `json:"graph"`
	Cores   int             `json:"cores"`
	New     bool            `json:"new,omitempty"` // --new: what it adds is meant, whatever others have left
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
	maker := nodes.Maker{Verb: r.Verb, Cores: r.Cores}
	if f.Graph.Steps, err = maker.Nodes(b.Steps); err == nil {
		f.Graph.Finally, err = maker.Nodes(b.Finally)
	}
	return f, digest(b.Meaning()), err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// thaw reads a frozen flow back into the verbs' and connectors' own types.
func (r *Runs) thaw(f frozen) (*flow.Bound, error) {
	return flow.Thaw(f.Flow, r.Language)
}
