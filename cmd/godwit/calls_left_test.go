package main_test

import (
	"regexp"
	"strings"
	"testing"

	"godwit/rig/newsys"
)

// TestCallsLeft looks at deliveries that nobody works on any more, with most of their
// records delivered: one that failed, one that was killed. Status says how far they are.
func TestCallsLeft(t *testing.T) {
	t.Parallel()
	failed := func(t *testing.T, m *move, s *newsys.System) {
		mend := poisoned(s, `"000350"`, newsys.Says(401, "text/plain", "no more"))
		defer mend()
		m.load(t).ends(t, 1)
	}
	killed := func(t *testing.T, m *move, _ *newsys.System) { m.load(t, "GODWIT_KILL_AT=call.intended:300").exit(t) }
	for name, c := range map[string]struct {
		leave func(*testing.T, *move, *newsys.System)
		says  string
	}{
		"failed": {failed, "orders-1 failed"},
		"killed": {killed, "goes on behind what is settled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{})
			m := newCalls(t, s, 400, created)
			c.leave(t, m, s)
			status := m.start(t, nil, "status", "orders-1", "--ledger", m.ledger).ends(t, 0)
			said := strings.Join(strings.Fields(status.said.String()), " ")
			if !strings.Contains(said, c.says) || !regexp.MustCompile(`deliver #+-+ [1-3]\d\d of 400 all #+-+ [1-9]\d %`).MatchString(said) {
				t.Errorf("status says\n%s", status.said.String())
			}
			m.load(t).ends(t, 0)
			m.delivered(t, s)
		})
	}
}
