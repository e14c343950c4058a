package main_test

import (
	"strings"
	"syscall"
	"testing"
)

// TestCallsRedriveUnended: what a later run has read and is not done with is not taken for
// what it has delivered: it is redriven once that run is cancelled, and left to it once it
// is gone on with.
func TestCallsRedriveUnended(t *testing.T) {
	t.Parallel()
	for verb, superseded := range map[string]bool{"cancel": false, "resume": true} {
		t.Run(verb, func(t *testing.T) {
			t.Parallel()
			m, s := refusedOnce(t)
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

// TestCallsRedriveUnderWay: what is in hand of a run that somebody is at work with is waited
// for; that it is to be resumed is said of one that nobody is at work with.
func TestCallsRedriveUnderWay(t *testing.T) {
	t.Parallel()
	m, s := refusedOnce(t)
	second := m.load(t, "GODWIT_STOP_AT=call.counted:1")
	second.stopped(t)
	for _, flags := range [][]string{nil, {"--dry-run"}} {
		p := m.start(t, nil, append([]string{"redrive", "orders-1", "--ledger", m.ledger, "--progress", "none"}, flags...)...)
		p.ends(t, 2).says(t, "redrive.at-work", "wait until it is over", "godwit status orders-2")
		if strings.Contains(p.said.String(), "resume") {
			t.Errorf("nobody can resume what is under way:\n%s", p.said.String())
		}
	}
	second.signal(t, syscall.SIGCONT)
	second.ends(t, 0)
	m.redriven(t, nil).ends(t, 0).says(t, "superseded 6")
	m.delivered(t, s)
}
