package main_test

import (
	"strings"
	"syscall"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// TestRedriveOvertakes: a redrive is held up with the older version of a record written and
// not committed; a later run, which finds at the target what it is to write, does not end
// with that.
func TestRedriveOvertakes(t *testing.T) {
	t.Parallel()
	m := newLoad(t, 200)
	m.merged(t)
	set := func(to string) {
		pgtest.Exec(t, m.from, "update shop.orders set customer = "+to+" where id in (97, 194)")
	}
	set("'good'")
	m.load(t).ends(t, 0)
	set("null")
	m.load(t).ends(t, 3)
	m.maps(t, mendedMap)
	set("'good'")
	first := m.start(t, []string{"GODWIT_STOP_AT=load.prepared:1"}, "redrive", "orders-2", "--ledger", m.ledger, "--progress", "none")
	first.stopped(t)
	later := m.load(t)
	eventually(t, "the later run looks again", func() bool {
		return strings.Contains(later.said.String(), "is about to write an older version")
	})
	first.signal(t, syscall.SIGCONT)
	first.ends(t, 0)
	later.ends(t, 0)
	if n := pgtest.Query[int](t, m.to, "select count(*)::int from shop.orders where customer = 'good'"); n != 2 {
		t.Errorf("%d of 2 are there as the later run read them", n)
	}
	m.checked(t)
}
