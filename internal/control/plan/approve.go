package plan

import (
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// approved folds run.approved. Without a node it is for the only one that
// waits. An approval that nobody waits for is ignored: it may be late.
func (m *Machine) approved(e unit.Event) error {
	if e.Node != "" {
		in := m.places[e.Node]
		if in == nil {
			return impossible(e, "there is no such node")
		}
		if in.asks() {
			in.life.approved = true
		}
		return nil
	}
	if asked := m.Asking(); len(asked) == 1 {
		m.places[asked[0].Node].life.approved = true
	}
	return nil
}

func (in *instance) asks() bool {
	return in.node.Kind == Approve && in.loop == nil && in.phase == entered && in.answer
}

// Asked is an approval that the run waits for.
type Asked struct {
	Node string
	Ask  Ask
	Due  time.Time // zero = no timeout
}

// Asking gives the approvals that the run waits for, in the flow's order.
func (m *Machine) Asking() (list []Asked) {
	m.root.each(func(in *instance) {
		if in.asks() && !in.life.approved {
			list = append(list, Asked{in.id, *in.node.Approve, in.life.due})
		}
	})
	return list
}

func (t *turn) ofApproval(in *instance) (bool, string, *fault.Fault) {
	due := in.life.due
	switch {
	case in.life.approved:
		return true, OutcomeDone, nil
	case !due.IsZero() && !due.After(t.now):
		return true, OutcomeFailed, &fault.Fault{Kind: fault.Cancelled, Code: "approve.timeout",
			Text: in.id + ": not approved in time"}
	}
	return false, "", nil
}

// ofProbe is the verdict on a wait_for: by its answer, or by what the flow
// says for the time after its timeout.
func (t *turn) ofProbe(in *instance, g gate) (bool, string, *fault.Fault) {
	n := in.step.N
	switch {
	case n(Done) > 0:
		return true, OutcomeDone, nil
	case n(Running) > 0:
		return false, "", nil
	case g.late == in && in.node.WaitFor.Otherwise == "continue":
		return true, OutcomeDone, nil
	case g.late == in && in.node.WaitFor.Otherwise == "end":
		return true, OutcomeEnded, nil
	case g.late == in:
		return true, OutcomeFailed, &fault.Fault{Kind: fault.Cancelled, Code: "wait.timeout",
			Text: in.id + ": the answer did not come in time"}
	case n(Failed) > 0 && in.trouble():
		return true, OutcomeFailed, nil
	}
	return g.stop, t.cut(g), nil
}
