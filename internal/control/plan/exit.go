package plan

import (
	"strings"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// verdict is the end of the run.
func (m *Machine) verdict() unit.Finished {
	code := m.exits(m.root).worst()
	switch {
	case m.run.cancelled:
		return unit.Finished{Outcome: OutcomeCancelled, Exit: 1}
	case code == 0 && m.run.ending:
		return unit.Finished{Outcome: OutcomeSkipped}
	case code == 0 || code == exitOpen:
		return unit.Finished{Outcome: OutcomeDone, Exit: code}
	case code == exitStopped:
		return unit.Finished{Outcome: "stopped", Exit: code}
	}
	return unit.Finished{Outcome: OutcomeFailed, Exit: code}
}

// Exit codes, see the design.
const (
	exitFailed  = 1
	exitRefused = 2
	exitOpen    = 3
	exitDiffers = 4
	exitStopped = 5
)

// looks is the kind of the units that only look: what they refuse was refused
// before anything was touched.
const looks = "inspect"

// codes is a set of exit codes.
type codes uint8

func (c *codes) add(code int) {
	if code != 0 {
		*c |= 1 << code
	}
}

func (c codes) worst() int {
	for _, code := range []int{exitRefused, exitFailed, exitStopped, exitDiffers, exitOpen} {
		if c&(1<<code) != 0 {
			return code
		}
	}
	return 0
}

// exits collects what every failure comes to. One that the flow goes on after
// counts as plainly failed; items within a loop's tolerance leave it open.
func (m *Machine) exits(in *instance) (c codes) {
	failed := in.outcome == OutcomeFailed
	if failed && in.life.fault != nil {
		c.add(m.exitOf(in.life.fault))
	}
	if failed && in.step != nil && in.step.N(Failed) > 0 {
		for _, w := range in.step.Units() {
			if w.State == Failed {
				code := m.exitOf(w.Past.Fault)
				if code == exitRefused && w.Unit.Kind != looks && in.node.WaitFor == nil {
					code = exitFailed // it may have touched something
				}
				c.add(code)
			}
		}
	}
	if in.step != nil && in.step.Open() {
		c.add(exitOpen)
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
				c.add(exitOpen)
			} else {
				c |= m.exits(k)
			}
		}
	}
	if failed && (c == 0 || in.node.OnError == Continue && !in.item) {
		return 1 << exitFailed
	}
	return c
}

func (m *Machine) exitOf(f *fault.Fault) int {
	switch {
	case f == nil:
		return exitFailed
	case takenOff(f):
		return 0
	case f.Code == "verify.differs":
		return exitDiffers
	case strings.HasPrefix(f.Code, "disk."), f.Kind == fault.Unavailable, f.Kind == fault.Throttled:
		return exitStopped
	case (f.Kind == fault.Config || f.Kind == fault.Denied) && m.worked == 0:
		return exitRefused
	}
	return exitFailed
}
