package waiting

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"godwit/internal/control/plan"
	"godwit/internal/control/run/scope"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Any reports whether steps of a flow wait instead of working.
func Any(nodes []plan.Node) bool {
	return slices.ContainsFunc(nodes, func(n plan.Node) bool {
		return n.Wait != nil || n.WaitFor != nil || n.Approve != nil || Any(n.Steps) || Any(n.Finally)
	})
}

// Standing is Steps of a run as its journal has it, whoever owns it.
func (l Look) Standing(ctx context.Context, v *ledger.View, names *scope.Names, now time.Time) ([]unit.Progress, error) {
	m, err := names.Machine(ctx, v, l.Graph)
	if err != nil {
		return nil, err
	}
	return l.Steps(m, now), nil
}

// Approve is the verb of the action that answers a question; its body is that.
const Approve = "approve"

// Question is one that a run asks people.
type Question struct {
	Step string `json:"step"` // with its item
	Text string `json:"text"` // in words, with whom it is for
}

// Answered is the step whose question an action answers.
func Answered(a ledger.Action) string {
	var q Question
	if a.Verb != Approve || json.Unmarshal(a.Body, &q) != nil {
		return ""
	}
	return q.Step
}

// Asked finds the question of a step among what holds a run, or the only one
// that is not answered by what was said. There must be one, else the fault has
// code approve.nothing.
func Asked(run, step string, steps []unit.Progress, said []ledger.Action) (Question, error) {
	var all []Question
	for _, p := range steps {
		for _, w := range p.Waits {
			answered := slices.ContainsFunc(said, func(a ledger.Action) bool {
				return Answered(a) == p.Unit && a.InEffect.IsZero() && a.Cancelled.IsZero()
			})
			if w.Gate == "approve" && (!answered || p.Unit == step) {
				all = append(all, Question{p.Unit, w.Text})
			}
		}
	}
	i := slices.IndexFunc(all, func(q Question) bool { return q.Step == step || step == "" && len(all) == 1 })
	if i >= 0 {
		return all[i], nil
	}
	if len(all) == 0 {
		return Question{}, fault.New(fault.Config, "approve.nothing", "%s asks nothing", run).Hint("godwit status %s says what it waits for", run)
	}
	e := fault.New(fault.Config, "approve.nothing", "%s asks nothing in a step %q", run, step)
	if step == "" {
		e = fault.New(fault.Config, "approve.nothing", "%s asks %d questions: say which one is answered", run, len(all))
	}
	for _, q := range all {
		e.With(q.Step, "%s", q.Text)
	}
	for _, q := range all[:min(3, len(all))] {
		e.Hint("godwit approve %s %s", run, q.Step)
	}
	return Question{}, e
}
