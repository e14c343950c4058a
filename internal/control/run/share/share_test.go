package share

import (
	"testing"

	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// TestOf follows a load into an API: what is read is little of the work.
func TestOf(t *testing.T) {
	t.Parallel()
	measured := func(kind string) unit.Kind { return unit.Kind{Measured: kind == "produce" || kind == "deliver"} }
	count := func(kind, state string, weight int64) ledger.Count {
		return ledger.Count{Step: "load", Kind: kind, Class: kind, State: state, Units: 1, Weight: weight}
	}
	half := []unit.Progress{{Unit: "load/deliver/a/1", Done: 500}}
	for _, c := range []struct {
		name     string
		counts   []ledger.Count
		active   []unit.Progress
		from, to float64
	}{
		{"reading", []ledger.Count{count("produce", "running", 1000)}, []unit.Progress{{Unit: "load/produce/a/1", Done: 900}}, 0.001, 0.02},
		{"read", []ledger.Count{count("produce", "done", 1000)}, nil, 0.001, 0.02},
		{"half delivered", []ledger.Count{count("produce", "done", 1000), count("divide", "done", 1), count("deliver", "running", 1000)}, half, 0.49, 0.52},
		{"nothing to deliver", []ledger.Count{count("produce", "done", 1000), count("divide", "done", 1)}, nil, 0.98, 1},
		{"flows", []ledger.Count{count("items", "done", 1), count("flow", "done", 1), count("flow", "running", 3)}, nil, 0.24, 0.26},
	} {
		if got := Of(c.counts, c.active, false, measured); got < c.from || got > c.to {
			t.Errorf("%s: %.4f, want from %.3f to %.3f", c.name, got, c.from, c.to)
		}
	}
}

// TestDone: what a unit has settled counts whoever looks: while it is under way, tried
// again, failed, or left.
func TestDone(t *testing.T) {
	t.Parallel()
	kind := func(k string) unit.Kind { return unit.Kind{Measured: k == "deliver", Compares: k == "table"} }
	report := []unit.Progress{{Unit: "load/deliver/a/1", Done: 500}}
	count := func(state string, settled int64) []ledger.Count {
		return []ledger.Count{{Kind: "deliver", State: state, Weight: 1000, Settled: settled}}
	}
	for name, c := range map[string]struct {
		counts []ledger.Count
		active []unit.Progress
		want   int64
	}{
		"under way":               {count(ledger.Running, 400), report, 500},
		"under way, from outside": {count(ledger.Running, 400), nil, 400},
		"left":                    {count(ledger.Ready, 400), nil, 400},
		"tried again":             {count(ledger.Retry, 400), nil, 400},
		"failed":                  {count(ledger.Failed, 400), nil, 400},
		"done":                    {count(ledger.Done, 0), nil, 1000},
		"reported before a count": {count(ledger.Done, 0), report, 1000},
		"one of two":              {append(count(ledger.Running, 400), count(ledger.Failed, 300)...), report, 800},
	} {
		if got := Done(c.counts, c.active, kind)["deliver"]; got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if got := Done([]ledger.Count{{Kind: "table", State: ledger.Failed, Weight: 7}}, nil, kind)["table"]; got != 7 {
		t.Errorf("compared and different: %d", got)
	}
}
