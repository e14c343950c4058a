package plan

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zeebo/xxh3"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

const (
	tryFor      = 15 * time.Minute // must outlast an outage of ten minutes
	firstWait   = time.Second
	growth      = 2.0
	longestWait = 30 * time.Second
	triesBroken = 3 // of internal faults
	mostCrashes = 5
	probeEvery  = 10 * time.Second
)

// KillsOwner is the code of the fault of a unit whose owner died with it five
// times in a row.
const KillsOwner = "unit.kills-owner"

// Ended gives the events that an attempt's end comes to: done (and the units
// it found), yielded, retried with the due time, or failed. It changes
// nothing: the caller applies what it appends. An attempt that does not run
// any more comes to nothing.
func (m *Machine) Ended(id string, attempt int, now time.Time, r unit.Result, err error) []unit.Event {
	w := m.units[id]
	if w == nil || w.state != Running || int(w.attempt) != attempt {
		return nil
	}
	now = ms(now)
	event := func(kind string, body any) unit.Event {
		return unit.Event{At: now, Kind: kind, Node: w.in.id, Unit: id, Attempt: attempt, Body: unit.Body(body)}
	}
	end := unit.Ended{Seconds: float64(now.UnixMilli()-w.began) / 1000, Facts: r.Facts, Position: r.Position}
	for _, a := range r.Accounts {
		end.Rows, end.Bytes = end.Rows+a.Read, end.Bytes+a.Bytes
	}
	if err == nil {
		if bad := m.fits(w.in, r.Units); bad != nil {
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
	switch probe := w.in.node.WaitFor; {
	case r.Yielded:
		return append(events, event(unit.UnitYielded, end))
	case probe != nil && w.in.loop == nil && strings.TrimSpace(string(r.Facts)) != "true":
		end.Due = now.Add(probe.every())
		return append(events, event(unit.UnitRetry, end))
	}
	return append(events, event(unit.UnitDone, end))
}

func (p *Probe) every() time.Duration {
	if p.Every <= 0 {
		return probeEvery
	}
	return p.Every
}

// afterFault decides between another try and failure. A probe is asked again
// as long as it is not answered.
func (m *Machine) afterFault(
	w *work, f fault.Fault, now time.Time, end unit.Ended, event func(string, any) unit.Event,
) unit.Event {
	end.Fault, end.Facts, end.Position = &f, nil, nil
	if probe := w.in.node.WaitFor; probe != nil && w.in.loop == nil && f.Kind.Passing() {
		end.Due = now.Add(probe.every())
		return event(unit.UnitRetry, end)
	}
	due, again := w.in.retry.next(w, f.Kind, now)
	if !again {
		return event(unit.UnitFailed, end)
	}
	end.Due = due
	return event(unit.UnitRetry, end)
}

// next is when a unit that ended with a fault of this kind is tried again.
func (r *Retry) next(w *work, kind fault.Kind, now time.Time) (due time.Time, again bool) {
	p := r.orDefault()
	var h past
	if w.past != nil {
		h = *w.past
	}
	switch kind {
	case fault.Unavailable, fault.Throttled, fault.Conflict, fault.Internal:
	default:
		return time.Time{}, false
	}
	switch {
	case len(p.Only) > 0 && !slices.Contains(p.Only, kind):
		return time.Time{}, false
	case len(p.Only) == 0 && kind == fault.Internal && h.broken+1 >= triesBroken:
		return time.Time{}, false
	case p.Attempts > 0 && int(h.tries)+1 >= p.Attempts:
		return time.Time{}, false
	}
	due = now.Add(p.wait(w.unit.ID, int(w.attempt), int(h.tries))).Truncate(time.Millisecond)
	if h.since == 0 {
		return due, true
	}
	last := time.UnixMilli(h.since).Add(p.For).UTC()
	if !now.Before(last) {
		return time.Time{}, false
	}
	if due.After(last) { // the last try comes at the very end
		due = last
	}
	return due, true
}

func (r *Retry) orDefault() Retry {
	var p Retry
	if r != nil {
		p = *r
	}
	if p.For <= 0 {
		p.For = tryFor
	}
	if p.Wait <= 0 {
		p.Wait = firstWait
	}
	if p.Factor < 1 {
		p.Factor = growth
	}
	if p.MaxWait <= 0 {
		p.MaxWait = longestWait
	}
	return p
}

// wait grows with the tries; between three quarters and the whole of it is
// taken, by the hash of unit and attempt, so that every process computes the
// same and units do not come back all at once.
func (r *Retry) wait(id string, attempt, tries int) time.Duration {
	full := min(float64(r.Wait)*math.Pow(r.Factor, float64(tries)), float64(r.MaxWait))
	h := xxh3.HashString(id + "#" + strconv.Itoa(attempt))
	return time.Duration(full * (0.75 + 0.25*float64(h>>11)/(1<<53)))
}

// delay folds unit.retry. Without a fault the unit was only asked too early.
func (m *Machine) delay(w *work, b unit.Ended, at time.Time) {
	p := w.history()
	p.due = b.Due.UnixMilli()
	p.crashes = 0
	if b.Fault != nil {
		p.fault = b.Fault
		p.tries++
		if p.since == 0 {
			p.since = at.UnixMilli()
		}
		if b.Fault.Kind == fault.Internal {
			p.broken++
		}
	}
	if w.missing > 0 { // what it needs was undone while it ran
		m.offer(w)
		return
	}
	m.turnTo(w, Waiting)
	if b.Fault != nil && (b.Fault.Kind == fault.Unavailable || b.Fault.Kind == fault.Throttled) {
		w.away = true
		w.in.step.wait(w, 1)
	}
	w.in.step.delayed.push(entry{at: p.due, w: w})
}
