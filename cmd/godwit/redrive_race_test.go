package main_test

import (
	"strings"
	"syscall"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestCallsRedriveCancelled: what a later run reads while a redrive is under way, and is
// cancelled with, is not lost sight of: it stays open in the older run, whether the redrive
// had read it before or not, and is delivered by the next redrive.
func TestCallsRedriveCancelled(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"load.taken", "load.written", "load.settled", "call.counted"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			m, s := refusedOnce(t)
			first := m.redriven(t, []string{"GODWIT_STOP_AT=" + at + ":1"})
			first.stopped(t)
			m.load(t, "GODWIT_KILL_AT=call.counted:1").ends(t, -1)
			first.signal(t, syscall.SIGCONT)
			if code := first.exit(t); code != 0 && code != 3 {
				t.Fatalf("exit %d:\n%s", code, first.said.String())
			}
			if strings.Contains(first.said.String(), "superseded") {
				t.Errorf("superseded by a run that is not over:\n%s", first.said.String())
			}
			first.says(t, "6 of orders-1 still", "orders-2 has read 6 of them anew and is not over")
			m.checked(t)
			m.redriven(t, nil).ends(t, 2).says(t, "redrive.at-work", "godwit cancel orders-2")
			m.start(t, nil, "cancel", "orders-2", "--ledger", m.ledger).ends(t, 0)
			m.redriven(t, nil).ends(t, 0)
			m.delivered(t, s)
		})
	}
}

// TestCallsRedriveOvertaken: a later run that begins and ends while a redrive is under way
// has the last word, also where it only found that all is as it is to be.
func TestCallsRedriveOvertaken(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"load.taken", "load.written", "load.settled", "call.counted"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{})
			m := newCalls(t, s, 6, created)
			m.load(t).ends(t, 0)
			pgtest.Exec(t, m.from, "update item set title = title || ' once'")
			mend := refusing(s)
			m.load(t).ends(t, 3)
			mend()
			pgtest.Exec(t, m.from, "update item set title = 'Assignment ' || seq", "update item set title = title || ' twice' where seq = 2")
			first := m.start(t, []string{"GODWIT_STOP_AT=" + at + ":1"}, "redrive", "orders-2", "--ledger", m.ledger, "--progress", "none")
			first.stopped(t)
			m.load(t).ends(t, 0)
			first.signal(t, syscall.SIGCONT)
			first.ends(t, 0).says(t, "superseded 6")
			m.delivered(t, s)
		})
	}
}

// merged has a load into tables that writes again what is there.
func (m *move) merged(t testing.TB) {
	t.Helper()
	m.edit(t, "flows/orders.yaml", "mode: append", "mode: merge")
}

// TestRedriveCancelled is the same into tables.
func TestRedriveCancelled(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"load.taken", "load.begun"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			m := newLoad(t, 200)
			m.merged(t)
			m.load(t).ends(t, 3) // orders 97 and 194 have no customer
			m.maps(t, mendedMap)
			first := m.redrive(t, []string{"GODWIT_STOP_AT=" + at + ":1"})
			first.stopped(t)
			m.load(t, "GODWIT_KILL_AT=load.settled:1").ends(t, -1)
			first.signal(t, syscall.SIGCONT)
			first.ends(t, 0).says(t, "2 of orders-1 still", "orders-2 has read 2 of them anew and is not over")
			m.redrive(t, nil).ends(t, 2).says(t, "redrive.at-work")
			m.start(t, nil, "cancel", "orders-2", "--ledger", m.ledger).ends(t, 0)
			m.redrive(t, nil).ends(t, 0)
			if n := pgtest.Query[int](t, m.to, "select count(*)::int from shop.orders where customer = 'nobody'"); n != 2 {
				t.Errorf("%d of 2 are there", n)
			}
			m.start(t, nil, "dead", "list", "orders-1", "--ledger", m.ledger).ends(t, 0).says(t, "no open dead letters")
			m.checked(t)
		})
	}
}

// TestRedriveOvertaken is the same into tables: what the later run has written stays.
func TestRedriveOvertaken(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"load.taken", "load.begun"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			m := newLoad(t, 200)
			m.merged(t)
			m.load(t).ends(t, 3)
			m.maps(t, mendedMap)
			first := m.redrive(t, []string{"GODWIT_STOP_AT=" + at + ":1"})
			first.stopped(t)
			pgtest.Exec(t, m.from, "update shop.orders set customer = 'version 2' where id in (97, 194)")
			m.load(t).ends(t, 0)
			first.signal(t, syscall.SIGCONT)
			first.ends(t, 0).says(t, "superseded 2")
			if n := pgtest.Query[int](t, m.to, "select count(*)::int from shop.orders where customer = 'version 2'"); n != 2 {
				t.Errorf("%d of 2 are there as the later run read them", n)
			}
			m.checked(t)
		})
	}
}
