package run

import (
	"context"
	"slices"
	"time"

	"godwit/internal/control/plan"
	"godwit/internal/control/run/limits"
	"godwit/internal/control/run/waiting"
	"godwit/internal/unit"
)

// OnHold is what does not run although nothing is broken, see package waiting.
type OnHold = waiting.OnHold

// held asks the Machine what holds the steps; false when there is none to ask.
func (d *drive) held(now time.Time) (all []unit.Progress, ok bool) {
	look := d.runs.looking(d.run, d.frozen, d.known)
	d.session.Look(func(m *plan.Machine) { all, ok = look.Steps(m, now), true })
	return all, ok
}

// progress is what is under way, and what is held.
func (d *drive) progress() []unit.Progress {
	now := time.Now()
	steps, _ := d.held(now)
	return slices.Concat(d.board.All(), steps, d.open.Rows(now))
}

// take sorts rows of progress into what runs and what is held.
func (n *Now) take(rows []unit.Progress) {
	n.Progress, n.Limits = nil, nil
	n.Held = slices.DeleteFunc(n.Held, func(h OnHold) bool { return h.Step })
	for _, p := range rows {
		if l, ok := limits.Of(p); ok {
			n.Limits = append(n.Limits, l)
			continue
		}
		if p.Doing != waiting.Doing {
			if unit.KindOf(p.Unit) != waiting.Probes { // its step says what it waits for
				n.Progress = append(n.Progress, p)
			}
			continue
		}
		for _, w := range p.Waits {
			if w.Gate == waiting.Probes {
				w.Answer = n.answers[p.Unit]
			}
			n.Held = append(n.Held, OnHold{ID: p.Unit, Step: true, Wait: w})
		}
	}
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
func (d *drive) askHeld(ctx context.Context, told *waiting.Spells) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	if steps, ok := d.held(now); ok {
		for _, e := range told.Change(steps, now) {
			d.write(ctx, e)
		}
	}
}
