package order

import (
	"maps"
	"testing"

	"godwit/internal/control/flow"
)

func TestPins(t *testing.T) {
	t.Parallel()
	loop := &flow.Each{As: "x"}
	p := NewPins(&flow.Bound{Steps: []flow.Step{
		{ID: "all", Each: loop, Steps: []flow.Step{
			{ID: "in", Each: loop, Snapshot: "old", Steps: []flow.Step{{ID: "a"}, {ID: "b", Each: loop, Snapshot: "old"}, {ID: "c", Snapshot: "new"}}},
			{ID: "out"},
		}},
	}})
	for step, want := range map[string]map[string]string{
		"a[1][2]":    {"old": "in[1]"},
		"b[1][2][3]": {"old": "in[1]"},
		"c[1][2]":    {"old": "in[1]", "new": "c[1][2]"},
		"in[1]":      {"old": "in[1]"},
		"out[1]":     {},
	} {
		if got := p.Of(step); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", step, got, want)
		}
	}
}
