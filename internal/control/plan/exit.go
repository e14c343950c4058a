package plan

import (
	"godwit/internal/control/plan/exit"
	"godwit/internal/unit"
)

// verdict is the end of the run.
func (m *Machine) verdict() unit.Finished {
	code := m.code()
	switch {
	case m.run.cancelled:
		return unit.Finished{Outcome: OutcomeCancelled, Exit: 1}
	case code == 0 && m.run.ending:
		return unit.Finished{Outcome: OutcomeSkipped}
	case code == 0 || code == exit.Open:
		return unit.Finished{Outcome: OutcomeDone, Exit: code}
	case code == exit.Stopped:
		return unit.Finished{Outcome: "stopped", Exit: code}
	}
	return unit.Finished{Outcome: OutcomeFailed, Exit: code}
}

// code is what the run comes to as it stands.
func (m *Machine) code() int {
	return (m.exits(m.root) | m.undoExits() | exit.If(m.run.blocked, exit.Open)).Worst()
}

// looks is the kind of the units that only look: what they refuse was refused
// before anything was touched.
const looks = "inspect"

// exits collects what every failure comes to. One that the flow goes on after
// counts as plainly failed; items within a loop's tolerance leave it open.
func (m *Machine) exits(in *instance) (c exit.Codes) {
	failed := in.outcome == OutcomeFailed
	if failed && in.life.fault != nil {
		c.Add(exit.Of(in.life.fault, m.worked > 0))
	}
	if failed && in.step != nil && in.step.N(Failed) > 0 {
		for _, w := range in.step.Units() {
			if w.State == Failed {
				code := exit.Of(w.Past.Fault, m.worked > 0)
				if code == exit.Refused && w.Unit.Kind != looks && in.node.WaitFor == nil {
					code = exit.Failed // it may have touched something
				}
				c.Add(code)
			}
		}
	}
	if in.step != nil && in.step.Open() {
		c.Add(exit.Open)
	}
	for _, k := range in.kids {
		c |= m.exits(k)
	}
	for _, k := range in.finally {
		c |= m.exits(k)
	}
	if in.loop != nil {
		for _, k := range in.loop.kept {
			if k.outcome == OutcomeFailed && !in.broken() {
				c |= 1<<exit.Open | exit.If(k.changed(), exit.Failed)
			} else {
				c |= m.exits(k)
			}
		}
	}
	if failed && (c == 0 || in.node.OnError == Continue && !in.item) {
		return 1 << exit.Failed
	}
	return c
}

// changed: settings inside were not put back, which no tolerance is about.
func (in *instance) changed() (is bool) {
	in.each(func(k *instance) { is = is || k.node.Guard != nil && k.step != nil && k.step.Owes() })
	return is
}
