package chronicle

import (
	"slices"
	"time"

	"godwit/internal/unit"
)

// outages collects the spells in which units waited for their next try: from
// an attempt that failed to the start of the next one. Spells in which nobody
// went on with the run are not among them.
type outages struct {
	failed map[string]time.Time // by unit that waits
	spells []spell
}

type spell struct{ from, to time.Time }

// take goes on with an event; last is when the one before it came.
func (o *outages) take(e unit.Event, last time.Time) {
	switch e.Kind {
	case unit.UnitRetry:
		if b, err := unit.Decode[unit.Ended](e); err == nil && b.Fault != nil && unit.KindOf(e.Unit) != probes { // what asks is not lost by an answer
			if o.failed == nil {
				o.failed = map[string]time.Time{}
			}
			o.failed[e.Unit] = e.At
		}
	case unit.UnitStarted:
		if from, waited := o.failed[e.Unit]; waited {
			o.spells = append(o.spells, spell{from, e.At})
			delete(o.failed, e.Unit)
		}
	case unit.RunResumed:
		o.over(last)
		for id := range o.failed {
			o.failed[id] = e.At
		}
	}
}

// over ends the spells of units that wait still.
func (o *outages) over(at time.Time) {
	for _, from := range o.failed {
		o.spells = append(o.spells, spell{from, at})
	}
}

// lost is how long at least one unit waited.
func (o *outages) lost() (sum time.Duration) {
	slices.SortFunc(o.spells, func(a, b spell) int { return a.from.Compare(b.from) })
	var upTo time.Time
	for _, s := range o.spells {
		if s.from.Before(upTo) {
			s.from = upTo
		}
		if s.to.After(s.from) {
			sum, upTo = sum+s.to.Sub(s.from), s.to
		}
	}
	return sum
}
