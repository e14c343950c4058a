package plan

import (
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// outage lets every attempt of a unit fail until a time and returns how many
// there were.
func (d *drive) outage(id string, kind fault.Kind, until time.Time) (attempts int) {
	d.t.Helper()
	for !d.turn.Done && d.now.Before(until) {
		if len(d.turn.Running) == 0 {
			d.now = d.turn.Wake
			d.next()
			continue
		}
		attempts++
		d.fail(id, kind, "away")
	}
	return attempts
}

func TestRetryOutlastsTenMinutes(t *testing.T) {
	t.Parallel()
	for _, kind := range []fault.Kind{fault.Unavailable, fault.Throttled, fault.Conflict} {
		d := begin(t, flow(verb("a", "x/1")), nil)
		n := d.outage("a/x/1", kind, noon.Add(10*time.Minute))
		if n < 20 || n > 40 {
			t.Fatalf("%d attempts", n)
		}
		if len(d.turn.Running) == 0 {
			d.wait(d.turn.Wake.Sub(d.now))
		}
		d.done("a/x/1")
		d.over(OutcomeDone, 0)
	}
}

func TestRetryEnds(t *testing.T) {
	t.Parallel()
	d := begin(t, flow(verb("a", "x/1")), nil)
	d.outage("a/x/1", fault.Unavailable, noon.Add(time.Hour))
	if at := d.now.Sub(noon); at != 15*time.Minute {
		t.Fatalf("failed after %v", at)
	}
	d.over("stopped", 5)
	d.say(unit.Event{Kind: unit.RunResumed})
	again := d.now
	d.outage("a/x/1", fault.Unavailable, again.Add(time.Hour))
	if at := d.now.Sub(again); at != 15*time.Minute {
		t.Fatalf("failed after %v more", at)
	}
}

func TestRetryByKind(t *testing.T) {
	t.Parallel()
	quick := &Retry{Wait: time.Millisecond, MaxWait: time.Millisecond, For: time.Hour}
	for name, c := range map[string]struct {
		retry *Retry
		kind  fault.Kind
		tries int
	}{
		"data":               {quick, fault.Data, 1},
		"config":             {quick, fault.Config, 1},
		"denied":             {quick, fault.Denied, 1},
		"cancelled":          {quick, fault.Cancelled, 1},
		"internal":           {quick, fault.Internal, 3},
		"internal, no rule":  {nil, fault.Internal, 3},
		"so many attempts":   {&Retry{Attempts: 4, Wait: time.Millisecond}, fault.Unavailable, 4},
		"not among the only": {&Retry{Only: []fault.Kind{fault.Throttled}}, fault.Unavailable, 1},
		"internal, asked":    {&Retry{Attempts: 5, Only: []fault.Kind{fault.Internal}}, fault.Internal, 5},
		"data, asked":        {&Retry{Only: []fault.Kind{fault.Data}}, fault.Data, 1},
	} {
		t.Run(name, func(t *testing.T) {
			n := verb("a", "x/1")
			n.Retry = c.retry
			d := begin(t, flow(Node{ID: "all", Kind: Steps, Steps: []Node{n}}), nil)
			if got := d.outage("a/x/1", c.kind, noon.Add(time.Hour)); got != c.tries {
				t.Fatalf("%d tries", got)
			}
		})
	}
}

func TestProgressGivesTheWholeTimeAgain(t *testing.T) {
	t.Parallel()
	d := begin(t, flow(verb("a", "x/1")), nil)
	d.outage("a/x/1", fault.Unavailable, noon.Add(14*time.Minute))
	if len(d.turn.Running) == 0 {
		d.wait(d.turn.Wake.Sub(d.now))
	}
	d.end("a/x/1", unit.Result{Yielded: true, Position: []byte("1")}, nil)
	d.outage("a/x/1", fault.Unavailable, noon.Add(28*time.Minute))
	if d.turn.Done {
		t.Fatal("gave up")
	}
}

func TestOutageDoesNotStartTheOthers(t *testing.T) {
	t.Parallel()
	n := verb("a", "x/1 @w", "x/2 @w", "x/3 @w", "x/4 @w", "x/5")
	n.Limits = map[string]int{"w": 2}
	d := begin(t, flow(n), nil)
	d.running("a/x/1", "a/x/2", "a/x/5")
	d.fail("a/x/1", fault.Unavailable, "away")
	d.fail("a/x/2", fault.Throttled, "429")
	d.running("a/x/5")
	d.wait(10 * time.Second)
	d.running("a/x/5", "a/x/1", "a/x/2")
	d.fail("a/x/1", fault.Conflict, "deadlock") // no outage: another may use the place
	d.running("a/x/5", "a/x/2", "a/x/3")
}

// TestWaitedForIsOfItsTime: what an attempt has waited for a system before it failed is of
// the time for which its unit is tried, but not what was before it began.
func TestWaitedForIsOfItsTime(t *testing.T) {
	t.Parallel()
	away := func(since time.Time) error {
		return fault.Stood(fault.New(fault.Unavailable, "circuit.open", "away"), since)
	}
	n := verb("a", "x/1")
	n.Retry = &Retry{For: 2 * time.Minute}
	for name, before := range map[string]time.Duration{"in the attempt": 0, "before it": time.Hour} {
		d := begin(t, flow(n), nil)
		if got := d.m.Patience("a/x/1"); got != 2*time.Minute {
			t.Errorf("patience %v", got)
		}
		d.wait(90 * time.Second)
		d.end("a/x/1", unit.Result{}, away(noon.Add(-before)))
		if d.turn.Done {
			t.Fatalf("%s: given up after 90 s\n%s", name, d.story())
		}
		d.outage("a/x/1", fault.Unavailable, noon.Add(time.Hour))
		if at := d.now.Sub(noon); at != 2*time.Minute {
			t.Errorf("%s: given up after %v", name, at)
		}
	}
}
