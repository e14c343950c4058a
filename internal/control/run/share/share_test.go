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
