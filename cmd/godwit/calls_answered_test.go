package main_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// unsettled delivers 40 records, of which the system puts one off until that is mended; none
// of their chunks is settled before.
func unsettled(t *testing.T) (m *move, s *newsys.System, p *process, mend func()) {
	t.Helper()
	s = newSystem(t, 0, newsys.Options{})
	mend = poisoned(s, `"000016"`, newsys.Throttle(time.Second))
	m = newCalls(t, s, 40, created)
	pgtest.Exec(t, m.from, "update item set project = 'P' || seq")
	return m, s, m.load(t, "GODWIT_SETTLE=1000", "GODWIT_SETTLE_EVERY=1h"), mend
}

// TestCallsAnswered shows while calls are made what has been answered, although no chunk
// is settled before one of its records, which the system puts off, is.
func TestCallsAnswered(t *testing.T) {
	t.Parallel()
	m, s, p, mend := unsettled(t)
	shown := func(what string, flags ...string) {
		t.Helper()
		eventually(t, what, func() bool {
			status := m.start(t, nil, append([]string{"status", "orders-1", "--ledger", m.ledger}, flags...)...)
			status.exit(t)
			return regexp.MustCompile(what).MatchString(strings.Join(strings.Fields(status.said.String()), " "))
		})
	}
	shown(`applied 0 .*answered 39 more, in the accounts when their chunk is settled`)
	shown(`"applied":0,.*"answered":39`, "--json")
	mend()
	p.ends(t, 0)
	status := m.start(t, nil, "status", "orders-1", "--ledger", m.ledger).ends(t, 0)
	if strings.Contains(status.said.String(), "answered") {
		t.Errorf("it is over, and says so:\n%s", status.said.String())
	}
	m.delivered(t, s)
}
