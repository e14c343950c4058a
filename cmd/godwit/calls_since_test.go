package main_test

import (
	"path/filepath"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestCallsSince reads only what is new or changed for calls, too. How far it has read
// counts once all of that is delivered: a run that is given up leaves nothing out.
func TestCallsSince(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 600, created)
	write(t, filepath.Dir(m.ledger), "flows/orders.yaml", "steps:\n  - load:\n      from: {at: old, table: public.item, since: changed, overlap: 0}\n      process: processes/assignment.yaml\n")
	pgtest.Exec(t, m.from, "alter table item add changed int", "update item set changed = seq")
	m.load(t, "GODWIT_KILL_AT=call.answered:50").ends(t, -1)
	m.start(t, nil, "cancel", "orders-1", "--ledger", m.ledger).ends(t, 0)
	m.load(t).ends(t, 0)
	m.delivered(t, s)
	if a := m.newest(t); a.Read != 600 {
		t.Errorf("%d of 600 were read, behind a run that was given up", a.Read)
	}
	pgtest.Exec(t, m.from, "update item set changed = 700, title = title || '!' where seq in (3, 5)")
	s.Forget()
	m.load(t, "GODWIT_KILL_AT=call.intended:1").ends(t, -1)
	m.load(t).ends(t, 0)
	if a, v := m.newest(t), s.Verdict(); a.Read > 3 || a.Applied != 2 || v.Writes != 2 {
		t.Errorf("%+v, %d writes, of 2 that changed", a, v.Writes)
	}
	m.delivered(t, s)
}
