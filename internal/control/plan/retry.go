package plan

import (
	"strings"
	"time"

	"godwit/internal/control/plan/pool"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

const mostCrashes = 5

// CodeKillsOwner is that of the fault of a unit whose owners died with it, five
// in a row.
const CodeKillsOwner = "unit.kills-owner"

// Ended gives the events that an attempt's end comes to: done (and the units
// it found), yielded, retried with the due time, or failed. It changes
// nothing: the caller applies what it appends. An attempt that does not run
// any more comes to nothing.
func (m *Machine) Ended(id string, attempt int, now time.Time, r unit.Result, err error) []unit.Event {
	w := m.units[id]
	if w == nil || w.State != Running || int(w.Attempt) != attempt {
		return nil
	}
	in, now := m.at(w), ms(now)
	event := func(kind string, body any) unit.Event {
		return unit.Event{At: now, Kind: kind, Node: in.id, Unit: id, Attempt: attempt, Body: unit.Body(body)}
	}
	end := unit.Ended{Seconds: float64(now.UnixMilli()-w.Began) / 1000, Facts: r.Facts, Position: r.Position, Open: r.Open, Blocked: r.Blocked}
	for _, a := range r.Accounts {
		end.Rows, end.Bytes = end.Rows+a.Read, end.Bytes+a.Bytes
	}
	if err == nil {
		if bad := m.fits(in, r.Units); bad != nil {
			err = fault.New(fault.Internal, "unit.expansion", "expand %s: %w", id, bad)
		}
	}
	if err != nil {
		return []unit.Event{m.afterFault(w, fault.Of(err), now, end, event)}
	}
	var events []unit.Event
	if len(r.Units) > 0 {
		events = append(events, event(unit.UnitExpanded, unit.Expanded{Units: r.Units}))
	}
	switch probe := in.probe(); {
	case r.Yielded:
		return append(events, event(unit.UnitYielded, end))
	case probe != nil && strings.TrimSpace(string(r.Facts)) != "true":
		end.Due = now.Add(probe.Often())
		return append(events, event(unit.UnitRetry, end))
	}
	events = append(events, event(unit.UnitDone, end))
	if s := w.Of; s != nil && s.Unit.Undo.Back.ID == id && s.State == Done {
		events = append(events, unit.Event{At: now, Kind: unit.UnitUndone, Node: in.id, Unit: s.Unit.ID, Attempt: int(s.Attempt), Reason: unit.TakenBack})
	}
	return events
}

// Patience is how long a unit, which there is, may wait for a system that is away.
func (m *Machine) Patience(id string) time.Duration { return m.at(m.units[id]).retry.Longest() }

// probe is what a wait_for asks, nil for other nodes.
func (in *instance) probe() *Probe {
	if in.loop != nil {
		return nil
	}
	return in.node.WaitFor
}

// afterFault decides between another try and failure. A probe is asked again
// as long as it is not answered.
func (m *Machine) afterFault(w *pool.Work, f fault.Fault, now time.Time, end unit.Ended, event func(string, any) unit.Event) unit.Event {
	end.Fault, end.Facts, end.Position = &f, nil, nil
	in := m.at(w)
	if probe := in.probe(); probe != nil && f.Kind.Passing() {
		end.Due = now.Add(probe.Often())
		return event(unit.UnitRetry, end)
	}
	f.Since = w.Waited(f.Since)
	due, again := in.retry.Next(w.Tries(f.Since), f.Kind, now)
	if !again {
		return event(unit.UnitFailed, end)
	}
	end.Due = due
	return event(unit.UnitRetry, end)
}
