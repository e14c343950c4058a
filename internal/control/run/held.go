package run

import (
	"context"
	"slices"
	"time"

	"godwit/internal/control/plan"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/limits"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// OnHold is what does not run although nothing is broken: a step whose window is
// closed, units whose next attempt is not due.
type OnHold struct {
	ID    string    `json:"id"` // of the step or unit
	Step  bool      `json:"step,omitempty"`
	Units int       `json:"units,omitempty"` // that wait for the same, this one among them
	Wait  unit.Wait `json:"wait"`
}

// holding is what such a step does, in the rows that are kept for other
// processes to see.
const holding = "held"

// gates are those of the Machine that hold whole steps.
var gates = []string{"pause", "window", "approve", "time", "probe"}

// held asks the Machine what holds the steps.
func (d *drive) held(now time.Time) (all []unit.Progress) {
	d.session.Look(func(m *plan.Machine) {
		for _, n := range d.frozen.Graph.Steps {
			p := unit.Progress{Unit: n.ID, At: now, Doing: holding}
			for _, g := range m.Why(n.ID, now) {
				if slices.Contains(gates, g.Kind) {
					p.Waits = append(p.Waits, unit.Wait{Gate: g.Kind, Text: g.Text, Since: g.Since, Until: g.Until})
				}
			}
			if len(p.Waits) > 0 {
				all = append(all, p)
			}
		}
	})
	return all
}

// progress is what is under way, and what is held.
func (d *drive) progress() []unit.Progress {
	now := time.Now()
	return slices.Concat(d.board.All(), d.held(now), d.open.Rows(now))
}

// take sorts rows of progress into what runs and what is held.
func (n *Now) take(rows []unit.Progress) {
	n.Progress, n.Limits = nil, nil
	for _, p := range rows {
		if l, ok := limits.Of(p); ok {
			n.Limits = append(n.Limits, l)
			continue
		}
		if p.Doing != holding {
			n.Progress = append(n.Progress, p)
			continue
		}
		for _, w := range p.Waits {
			n.Held = append(n.Held, OnHold{ID: p.Unit, Step: true, Wait: w})
		}
	}
}

// waitingUnits is how many units are listed that wait for their next attempt.
const waitingUnits = 3

// retries adds the units whose next attempt is not due.
func (n *Now) retries(ctx context.Context, v *ledger.View) error {
	count := 0
	for _, c := range n.Counts {
		if c.State == ledger.Retry {
			count += c.Units
		}
	}
	if count == 0 {
		return nil
	}
	units, err := v.Units(ctx, n.Run.ID, ledger.Filter{State: ledger.Retry}, waitingUnits)
	if err != nil {
		return err
	}
	for i, u := range units {
		w := unit.Wait{Gate: "retry", Text: "waits for its next attempt", Since: u.Ended, Until: chronicle.Ended(u).Due}
		if u.Fault != nil {
			w.Text = "tried again after: " + u.Fault.Text
		}
		h := OnHold{ID: u.ID, Units: 1, Wait: w}
		if i == len(units)-1 {
			h.Units = count - i
		}
		n.Held = append(n.Held, h)
	}
	return nil
}

// count is how many units and steps wait.
func (n *Now) count() {
	n.Waiting = 0
	for _, p := range n.Progress {
		if len(p.Waits) > 0 {
			n.Waiting++
		}
	}
	for _, h := range n.Held {
		n.Waiting += max(1, h.Units)
	}
}

// askHeld tells when a step begins to be held and when it goes on.
func (d *drive) askHeld(ctx context.Context, told map[string]unit.Wait) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	seen := map[string]bool{}
	for _, p := range d.held(now) {
		for _, w := range p.Waits {
			key := p.Unit + " " + w.Gate
			if seen[key] = true; told[key].Gate == "" {
				w.Since = now
				told[key] = w
				d.noteStep(ctx, unit.WaitBegan, p.Unit, w)
			}
		}
	}
	for _, n := range d.frozen.Graph.Steps {
		for _, gate := range gates {
			if key := n.ID + " " + gate; told[key].Gate != "" && !seen[key] {
				d.noteStep(ctx, unit.WaitOver, n.ID, told[key])
				delete(told, key)
			}
		}
	}
}

func (d *drive) noteStep(ctx context.Context, kind, step string, w unit.Wait) {
	d.write(ctx, unit.Event{Kind: kind, Node: step, Body: unit.Body(w)})
}
