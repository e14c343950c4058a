package main_test

import (
	"regexp"
	"strings"
	"syscall"
	"testing"

	"godwit/rig/newsys"
)

// TestCallsLeft looks at deliveries that nobody works on any more, with most of their
// records delivered: one that failed, one that was stopped by itself, one that was killed.
// Status says how far they are, and how to go on.
func TestCallsLeft(t *testing.T) {
	t.Parallel()
	failed := func(t *testing.T, m *move, s *newsys.System) {
		mend := poisoned(s, `"000350"`, newsys.Says(401, "text/plain", "no more"))
		defer mend()
		m.load(t).ends(t, 1)
	}
	stopped := func(t *testing.T, m *move, s *newsys.System) {
		m.edit(t, "flows/orders.yaml", "  - load:", "  - retry: {for: 2s, max_wait: 1s}\n    load:")
		mend := s.BreakFirst(newsys.Fault{Method: "POST", Skip: 200, Do: newsys.Cut()})
		defer mend()
		m.load(t).ends(t, 5)
	}
	killed := func(t *testing.T, m *move, _ *newsys.System) { m.load(t, "GODWIT_KILL_AT=call.intended:300").exit(t) }
	const bars = `.* deliver #+-+ [1-3]\d\d of 400 all #+-+ [1-9]\d %.*`
	for name, c := range map[string]struct {
		leave func(*testing.T, *move, *newsys.System)
		says  string
	}{
		"failed":  {failed, "orders-1 failed" + bars + " next godwit resume orders-1 goes on where it failed"},
		"stopped": {stopped, "orders-1 stopped" + bars + ` next godwit resume orders-1.*\[circuit.open\]`},
		"killed":  {killed, "goes on behind what is done of it resume: godwit resume orders-1" + bars},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{})
			m := newCalls(t, s, 400, created)
			c.leave(t, m, s)
			status := m.start(t, nil, "status", "orders-1", "--ledger", m.ledger).ends(t, 0)
			said := strings.Join(strings.Fields(status.said.String()), " ")
			if !regexp.MustCompile(c.says).MatchString(said) {
				t.Errorf("status says\n%s", status.said.String())
			}
			m.load(t).ends(t, 0)
			m.delivered(t, s)
		})
	}
}

// TestCallsLeftAnswered looks at one that was killed before a chunk of it was settled: what
// was answered is told, and that it is not done again.
func TestCallsLeftAnswered(t *testing.T) {
	t.Parallel()
	m, s, p, mend := unsettled(t)
	said := func() string {
		status := m.start(t, nil, "status", "orders-1", "--ledger", m.ledger)
		status.exit(t)
		return strings.Join(strings.Fields(status.said.String()), " ")
	}
	eventually(t, "it answers 39", func() bool { return strings.Contains(said(), "answered 39 more") })
	p.signal(t, syscall.SIGKILL)
	p.exit(t)
	if text := said(); !strings.Contains(text, "goes on behind what is done of it") || !strings.Contains(text, "answered 39 more") || strings.Contains(text, "done again") {
		t.Errorf("status says\n%s", text)
	}
	mend()
	m.load(t).ends(t, 0)
	m.delivered(t, s)
}
