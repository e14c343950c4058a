package main_test

import (
	"regexp"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestCallsStillInDoubt: what the system says no to for now, when a request in doubt is sent
// again, tells nothing of the first one: its key stays the same, and nothing is made twice.
func TestCallsStillInDoubt(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 6, regexp.MustCompile(`in_doubt: \{.*\}`).ReplaceAllString(created, "in_doubt: idempotency_key"))
	mend := s.Break(newsys.Fault{Method: "POST", Do: newsys.CutAfter()})
	m.load(t, "GODWIT_KILL_AT=call.lost:6").ends(t, -1)
	mend()
	m.start(t, nil, "cancel", "orders-1", "--ledger", m.ledger).ends(t, 0)
	pgtest.Exec(t, m.from, "update item set title = title || ' again'")
	s.Break(newsys.Fault{Method: "POST", Count: 6, Do: newsys.Throttle(0)})
	m.load(t).ends(t, 0)
	m.delivered(t, s)
	if n := len(s.Assignments()); n != 6 {
		t.Errorf("%d objects of 6 records", n)
	}
}
