package waiting

import (
	"strings"
	"testing"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

func waits(step string, gates ...string) unit.Progress {
	p := unit.Progress{Unit: step, Doing: Doing}
	for _, g := range gates {
		p.Waits = append(p.Waits, unit.Wait{Gate: g, Text: "asks " + step})
	}
	return p
}

// TestSpells: each wait is told once when it begins and once when it is over, with
// how long it was.
func TestSpells(t *testing.T) {
	t.Parallel()
	var s Spells
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(after time.Duration, steps ...unit.Progress) string {
		var said []string
		for _, e := range s.Change(steps, noon.Add(after)) {
			w, err := unit.Decode[unit.Wait](e)
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, e.Kind+" "+e.Node+" "+w.Gate+" "+w.Since.Format(time.TimeOnly))
		}
		return strings.Join(said, ", ")
	}
	for i, c := range []struct{ got, want string }{
		{at(0, waits("a", "window", "probe")), "wait.began a window 12:00:00, wait.began a probe 12:00:00"},
		{at(time.Minute, waits("a", "window", "probe")), ""},
		{at(2*time.Minute, waits("a", "probe"), waits("b", "approve")), "wait.began b approve 12:02:00, wait.over a window 12:00:00"},
		{at(3 * time.Minute), "wait.over a probe 12:00:00, wait.over b approve 12:02:00"},
		{at(4*time.Minute, waits("a", "probe")), "wait.began a probe 12:04:00"},
	} {
		if c.got != c.want {
			t.Errorf("%d: %s, want %s", i, c.got, c.want)
		}
	}
}

func TestAsked(t *testing.T) {
	t.Parallel()
	both := []unit.Progress{waits("go[a]", "approve"), waits("go[b]", "approve"), waits("w", "time")}
	answer := func(step string) ledger.Action {
		return ledger.Action{Verb: Approve, Body: unit.Body(Question{Step: step})}
	}
	old := answer("go[a]")
	old.InEffect = time.Unix(1, 0)
	for name, c := range map[string]struct {
		step  string
		steps []unit.Progress
		said  []ledger.Action
		want  string
	}{
		"nothing":                           {want: ""},
		"only a time":                       {steps: both[2:], want: ""},
		"the only one":                      {steps: both[1:], want: "go[b]"},
		"which one":                         {steps: both, want: ""},
		"by name":                           {step: "go[a]", steps: both, want: "go[a]"},
		"a name that asks nothing":          {step: "w", steps: both, want: ""},
		"the other one is answered":         {steps: both, said: []ledger.Action{answer("go[a]")}, want: "go[b]"},
		"it was answered when it was asked": {steps: both[:1], said: []ledger.Action{old}, want: "go[a]"},
		"answered, and named again":         {step: "go[a]", steps: both, said: []ledger.Action{answer("go[a]")}, want: "go[a]"},
	} {
		q, err := Asked("f-1", c.step, c.steps, c.said)
		if q.Step != c.want || (err != nil) != (c.want == "") || err != nil && fault.CodeOf(err) != "approve.nothing" {
			t.Errorf("%s: %+v, %v", name, q, err)
		}
	}
}
