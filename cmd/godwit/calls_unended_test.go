package main_test

import (
	"strings"
	"testing"

	"godwit/rig/newsys"
)

// TestCallsRedriveUnended: what a later run has read and is not done with is not taken for
// what it has delivered: it is redriven once that run is cancelled, and left to it once it
// is gone on with.
func TestCallsRedriveUnended(t *testing.T) {
	t.Parallel()
	for verb, superseded := range map[string]bool{"cancel": false, "resume": true} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{})
			m := newCalls(t, s, 6, created)
			mend := refusing(s)
			m.load(t).ends(t, 3)
			mend()
			m.load(t, "GODWIT_KILL_AT=call.counted:1").ends(t, -1)
			m.redriven(t, nil).ends(t, 2).says(t, "redrive.at-work", "godwit cancel orders-2")
			m.start(t, nil, verb, "orders-2", "--ledger", m.ledger).ends(t, 0)
			if p := m.redriven(t, nil).ends(t, 0); strings.Contains(p.said.String(), "superseded") != superseded {
				t.Error(p.said.String())
			}
			m.delivered(t, s)
		})
	}
}
