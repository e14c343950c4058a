package rate

import (
	"context"
	"time"

	"godwit/internal/fault"
)

// When a system is taken to be away, and how often it is asked then.
const (
	openAfter    = 5           // failures in a row
	firstProbe   = time.Second // after the circuit opened, then doubled up to
	slowestProbe = 30 * time.Second
	// longAway is how long a system may be away before nobody waits for it here
	// any more, unless they wait less: whoever asks can do something else, or be stopped.
	longAway = 10 * time.Minute
)

// circuit keeps requests from a system that is away. While it is open one of them
// at a time goes through, as a probe, and the others wait; the first answer
// closes it.
type circuit struct {
	failures int       // in a row
	since    time.Time // it is open; zero: closed
	next     time.Time // from when on a probe may begin
	pause    time.Duration
	probing  bool
}

// due is how long to wait before looking again, 0 when a request may begin; code
// circuit.open of kind unavailable when the system has been away for as long as is waited.
func (c *circuit) due(ctx context.Context, now time.Time) (time.Duration, error) {
	if c.since.IsZero() || !c.probing && !now.Before(c.next) {
		return 0, nil
	}
	if away := now.Sub(c.since); away > patienceOf(ctx) {
		err := fault.New(fault.Unavailable, "circuit.open", "the system has not answered for %s", away.Round(time.Second)).
			Hint("see that it runs and can be reached from here")
		err.Since = c.since.UTC()
		return 0, err
	}
	if c.probing {
		return lookAgain, nil
	}
	return c.next.Sub(now), nil
}

// probe reports whether a request that begins now is one.
func (c *circuit) probe() bool {
	c.probing = !c.since.IsZero()
	return c.probing
}

// answered counts an answer, and reports whether whoever waits may look again.
func (c *circuit) answered(now time.Time, a Answer, probe bool) (changed bool) {
	if probe {
		c.probing = false
	}
	switch open := !c.since.IsZero(); {
	case a.None:
		return probe
	case !a.Failed:
		*c = circuit{}
		return open
	case open && probe:
		c.pause = min(2*c.pause, slowestProbe)
		c.next = now.Add(c.pause)
		return true
	case open:
		return false
	}
	if c.failures++; c.failures >= openAfter {
		c.since, c.pause, c.next = now, firstProbe, now.Add(firstProbe)
	}
	return false
}
