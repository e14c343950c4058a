package main_test

import (
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestCallsRedriveOlder leaves alone what a later run has delivered when the dead
// letters of an earlier one are redriven: what these were read with is older. What
// somebody has put right since is delivered, and what no later run has brought is, too.
func TestCallsRedriveOlder(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 40, created)
	pgtest.Exec(t, m.from, "create table late as select * from item where seq > 38", "delete from item where seq > 38")
	m.load(t).ends(t, 0)
	pgtest.Exec(t, m.from, "insert into item select * from late", "update item set title = title || ' once' where seq < 5")
	var mend []func()
	for _, method := range []string{"POST", "PUT"} {
		mend = append(mend, s.Break(newsys.Fault{Method: method, Do: newsys.Says(409, "application/json", `{"error":{"message":"no"}}`)}))
	}
	m.load(t).ends(t, 3)
	for _, do := range mend {
		do()
	}
	pgtest.Exec(t, m.from, "update item set title = title || ' and again' where seq in (1, 3, 39)", "create table away as select * from item where seq in (2, 40)", "delete from item where seq in (2, 40)")
	m.load(t).ends(t, 0)
	m.start(t, nil, "dead", "patch", "orders-2", "--key", "000003", "--set", "title=by hand", "--ledger", m.ledger).ends(t, 0)
	s.Forget()
	m.start(t, nil, "redrive", "orders-2", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
	if v := s.Verdict(); v.Writes != 3 {
		t.Errorf("%d writes, of two that the later run has not read and one that was put right", v.Writes)
	}
	pgtest.Exec(t, m.from, "update item set title = 'by hand' where seq = 3", "insert into item select * from away")
	m.delivered(t, s)
}
