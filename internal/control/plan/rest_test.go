package plan

import (
	"testing"

	"godwit/internal/unit"
)

// A Machine at rest starts nothing more and settles what runs; the next one
// goes on where it stood.
func TestRest(t *testing.T) {
	t.Parallel()
	step := verb("copy", "data/1 @w", "data/2 @w")
	step.Limits = map[string]int{"w": 1}
	d := begin(t, flow(step), nil)
	d.running("copy/data/1")
	d.m.Rest()
	d.put(d.m.Ended("copy/data/1", 1, d.now, unit.Result{}, nil)...)
	events, turn := d.m.Next(d.now)
	if len(events) > 0 || len(turn.Running) > 0 || turn.Done {
		t.Fatalf("it goes on: %v %+v", plain(events), turn)
	}
	d.m = d.rebuilt()
	d.next()
	d.running("copy/data/2")
	d.done("copy/data/2")
	d.over(OutcomeDone, 0)
}
