// Package asked finds what a run asks people, whoever owns it. Start at Questions.
package asked

import (
	"context"
	"slices"
	"time"

	"godwit/internal/control/plan"
	"godwit/internal/control/run/late"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Question is one that a run asks people.
type Question struct {
	Node string    `json:"step"`           // the step, with its item
	Text string    `json:"question"`       // in words, with whom it is for
	Due  time.Time `json:"until,omitzero"` // when the step gives up
}

// Any reports whether steps of a flow ask people.
func Any(nodes []plan.Node) bool {
	return slices.ContainsFunc(nodes, func(n plan.Node) bool { return n.Kind == plan.Approve || Any(n.Steps) || Any(n.Finally) })
}

// Questions are those that a run asks as its journal stands.
func Questions(ctx context.Context, v *ledger.View, names *late.Names, graph *plan.Graph, verbs func(string) (unit.Verb, bool)) ([]Question, error) {
	m, err := names.Machine(ctx, v, graph)
	if err != nil {
		return nil, err
	}
	var list []Question
	for _, q := range m.Asking() {
		s, _ := m.Scope(q.Node)
		w, err := names.Waiting(q.Node, s, verbs)
		if err != nil {
			return nil, err
		}
		list = append(list, Question{q.Node, w.Text, q.Due})
	}
	return list, nil
}

// Find picks the question of a step, or the only one. There must be one, else the
// fault has code approve.nothing.
func Find(run, node string, all []Question) (Question, error) {
	i := slices.IndexFunc(all, func(q Question) bool { return q.Node == node || node == "" && len(all) == 1 })
	if i >= 0 {
		return all[i], nil
	}
	if len(all) == 0 {
		return Question{}, fault.New(fault.Config, "approve.nothing", "%s asks nothing", run).Hint("godwit status %s says what it waits for", run)
	}
	e := fault.New(fault.Config, "approve.nothing", "%s asks nothing in a step %q", run, node)
	if node == "" {
		e = fault.New(fault.Config, "approve.nothing", "%s asks %d questions: say which one is answered", run, len(all))
	}
	for _, q := range all {
		e.With(q.Node, "%s", q.Text)
	}
	for _, q := range all[:min(3, len(all))] {
		e.Hint("godwit approve %s %s", run, q.Node)
	}
	return Question{}, e
}
