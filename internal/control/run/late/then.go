package late

import (
	"context"
	"strings"

	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
)

// eventsAtOnce of a journal: their bodies may hold thousands of units.
const eventsAtOnce = 200

// Then reads in a run's journal what was known when steps of it began: the items
// around them, what earlier steps had left. Steps are named as their units are,
// with their items; those that never began are not among them.
func (n *Names) Then(ctx context.Context, v *ledger.View, graph *plan.Graph, steps []string) (map[string]record.Object, error) {
	m, err := plan.New(graph, n.Evaluate)
	if err != nil {
		return nil, err
	}
	known := make(map[string]record.Object, len(steps))
	wanted := make(map[string]bool, len(steps))
	for _, s := range steps {
		wanted[s] = true
	}
	for after := int64(0); len(known) < len(wanted); {
		page, err := v.Events(ctx, n.run.ID, after, eventsAtOnce)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			after = e.Seq
			if !folded(e.Kind) {
				continue
			}
			if err := m.Apply(e); err != nil {
				return nil, fault.Wrap(err, "read the journal of %s", n.run.Name())
			}
			step, _, _ := strings.Cut(e.Unit, "/")
			if !wanted[step] || known[step] != nil {
				continue
			}
			if s, ok := m.Scope(e.Unit); ok {
				if known[step], err = n.Known(s); err != nil {
					return nil, err
				}
			}
		}
	}
	return known, nil
}

// folded are the families of events that the Machine knows.
func folded(kind string) bool {
	family, _, _ := strings.Cut(kind, ".")
	return family == "run" || family == "node" || family == "unit"
}
