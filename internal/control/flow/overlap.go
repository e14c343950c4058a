package flow

import (
	"encoding/json"

	"godwit/internal/control/flow/expression"
)

// What becomes of a flow that is started while a run of it is at work.
const (
	Refuse = "refuse"
	Queue  = "queue"
	Join   = "join"
)

// Overlap says which runs of a flow are not at work at the same time: those of one
// key, in one environment.
type Overlap struct {
	Key  string `flow:"key,expr" help:"what tells runs apart that do not concern each other, as inputs.wave; without it all are the same" json:"key,omitempty"` // bound: the value as JSON, "" is any
	Then string `flow:"then" enum:"refuse,queue,join" default:"refuse" help:"what becomes of the one that comes second: it is refused, waits for its turn, or shows the run at work and ends as it does" json:"then"`
}

// overlap evaluates the key of an overlap over inputs and environment.
func (d *decoder) overlap(f *Flow) *Overlap {
	if f.overlap == nil {
		return nil
	}
	o := *f.overlap
	if o.Key == "" {
		return &o
	}
	program, err := expression.Compile(o.Key, d.Scope.Types)
	if err != nil {
		return &o // told when the flow was read
	}
	v, err := expression.Run(program, d.Scope.Values)
	if err == nil {
		var text []byte
		text, err = json.Marshal(v)
		o.Key = string(text)
	}
	if err != nil {
		d.Add(f.overlapAt, "flow.expression", "key in overlap: "+err.Error())
	}
	return &o
}
