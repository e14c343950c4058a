package main_test

import (
	"path/filepath"
	"testing"

	"godwit/rig/newsys"
)

// TestCallsPatience takes the system away from a delivery whose step says for how long it
// is tried: the run ends then, long before nobody would wait for a system any more, and
// goes on when it is back.
func TestCallsPatience(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 400, created)
	write(t, filepath.Dir(m.ledger), "flows/orders.yaml", "steps:\n  - retry: {for: 5s, max_wait: 1s}\n    load: {from: {at: old, table: public.item}, process: processes/assignment.yaml}\n")
	mend := s.BreakFirst(newsys.Fault{Method: "POST", Skip: 200, Do: newsys.Cut()})
	p := m.load(t).ends(t, 5)
	p.says(t, "has not answered for", "circuit.open", "connection api", "godwit resume orders-1")
	mend()
	m.load(t).ends(t, 0)
	m.delivered(t, s)
}
