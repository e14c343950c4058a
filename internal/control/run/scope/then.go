package scope

import (
	"context"
	"strings"

	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// eventsAtOnce of a journal: their bodies may hold thousands of units.
const eventsAtOnce = 200

// Then reads in a run's journal what was known when steps of it began: the items
// around them, what earlier steps had left. Steps are named as their units are,
// with their items; those that never began are not among them.
func (n *Names) Then(ctx context.Context, v *ledger.View, graph *plan.Graph, steps []string) (map[string]record.Object, error) {
	known := make(map[string]record.Object, len(steps))
	wanted := make(map[string]bool, len(steps))
	for _, s := range steps {
		wanted[s] = true
	}
	_, err := n.replay(ctx, v, graph, func(m *plan.Machine, e unit.Event) (more bool, err error) {
		step, _, _ := strings.Cut(e.Unit, "/")
		if s, ok := m.Scope(e.Unit); ok && wanted[step] && known[step] == nil {
			known[step], err = n.Known(s)
		}
		return len(known) < len(wanted), err
	})
	if err != nil {
		return nil, err
	}
	return known, nil
}

// Machine is a run as its journal has it, whoever owns it: to look at.
func (n *Names) Machine(ctx context.Context, v *ledger.View, graph *plan.Graph) (*plan.Machine, error) {
	return n.replay(ctx, v, graph, func(*plan.Machine, unit.Event) (bool, error) { return true, nil })
}

// replay makes a Machine of a run's journal and looks at it after each event, as
// long as there is more to see.
func (n *Names) replay(
	ctx context.Context, v *ledger.View, graph *plan.Graph, look func(*plan.Machine, unit.Event) (more bool, err error),
) (*plan.Machine, error) {
	m, err := plan.New(graph, n.Evaluate)
	if err != nil {
		return nil, err
	}
	for after := int64(0); ; {
		page, err := v.Events(ctx, n.run.ID, after, eventsAtOnce)
		if err != nil || len(page) == 0 {
			return m, err
		}
		for _, e := range page {
			after = e.Seq
			if !folded(e.Kind) {
				continue
			}
			if err := m.Apply(e); err != nil {
				return nil, fault.Wrap(err, "read the journal of %s", n.run.Name())
			}
			if more, err := look(m, e); err != nil || !more {
				return m, err
			}
		}
	}
}

// folded are the families of events that the Machine knows.
func folded(kind string) bool {
	family, _, _ := strings.Cut(kind, ".")
	return family == "run" || family == "node" || family == "unit"
}
