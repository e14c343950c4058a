package standing

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/control/run"
	"godwit/internal/ledger"
	"godwit/internal/ui/view"
)

func TestBarOfLoad(t *testing.T) {
	t.Parallel()
	n := &run.Now{
		Counts: []ledger.Count{{Kind: "load", State: "done", Units: 1, Weight: 1000}, {Kind: "load", State: "running", Units: 1, Weight: 1000}, {Kind: "marks", State: "ready", Units: 1, Weight: 1}},
		Done:   map[string]int64{"load": 1250},
	}
	if diff := cmp.Diff([]view.Bar{{Name: "load", Done: 1250, Total: 2000}}, bars(n)); diff != "" {
		t.Error(diff)
	}
}
