package plan

import (
	"testing"

	"godwit/internal/unit"
)

// A step that is opened again holds those back that had begun after it.
func TestOpenedAgainHoldsWhatCameAfter(t *testing.T) {
	t.Parallel()
	d := begin(t, flow(verb("copy", "data/1 +data", "marks/1 <data"), verb("verify", "table/1", "table/2")), nil)
	d.done("copy/data/1")
	d.done("copy/marks/1")
	d.done("verify/table/1")
	d.running("verify/table/2")
	d.put(
		unit.Event{Kind: unit.UnitUndone, Unit: "copy/data/1"},
		unit.Event{Kind: unit.UnitUndone, Unit: "copy/marks/1"},
		unit.Event{Kind: unit.UnitUndone, Unit: "verify/table/1"},
		unit.Event{Kind: unit.UnitYielded, Unit: "verify/table/2", Attempt: 1})
	d.next()
	d.running("copy/data/1")
	d.done("copy/data/1")
	d.running("copy/marks/1")
	d.done("copy/marks/1")
	d.running("verify/table/1", "verify/table/2")
	d.done("verify/table/1", "verify/table/2")
	d.over(OutcomeDone, 0)
}
