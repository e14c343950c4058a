package main_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"godwit/rig/newsys"
)

// TestCallsStopped stops a process between what it has noted and its request, until its
// lease is over and another run has delivered the same records: when it goes on it sends
// nothing of what the other one has taken over.
func TestCallsStopped(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]string{"another run": "second", "the same one": "orders"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{Unseen: 50 * time.Millisecond})
			m := newCalls(t, s, 400, created)
			m.env = append(m.env, "GODWIT_LEASE=3s")
			write(t, filepath.Dir(m.ledger), "flows/second.yaml", "steps:\n  - load:\n      from: {at: old, table: public.item}\n      process: processes/assignment.yaml\n")
			p := m.load(t, "GODWIT_STOP_AT=call.intended:60")
			p.frozen(t)
			before := len(s.Assignments())
			if second == "second" {
				m.runs(t, second).ends(t, 0)
			} else {
				eventually(t, "the lease is over", func() bool { return m.runs(t, second).exit(t) == 0 })
			}
			m.delivered(t, s)
			p.signal(t, syscall.SIGCONT)
			code := p.exit(t)
			t.Logf("%d before, the first ended with %d\n%s", before, code, p.said.String())
			m.delivered(t, s)
			if second == "second" && code != 0 {
				m.load(t).ends(t, 0)
			}
			m.delivered(t, s)
		})
	}
}
