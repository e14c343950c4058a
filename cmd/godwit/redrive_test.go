package main_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/rig/postgres/pgtest"
)

// mendedMap loads what orderMap rejects.
var mendedMap = strings.Replace(orderMap, "customer: {from: customer, required: true}", `customer: {from: customer, default: nobody, required: true}`, 1)

// broken is a load that has ended with records left, and then was mended: map,
// target, and one record by hand.
func (m *move) broken(t testing.TB) {
	t.Helper()
	m.empty(t)
	m.maps(t, orderMap)
	m.load(t).ends(t, 3)
	m.mendOrders(t)
}

func (m *move) maps(t testing.TB, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(filepath.Dir(m.ledger), "maps/order.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (m *move) mendOrders(t testing.TB) {
	t.Helper()
	m.maps(t, mendedMap)
	pgtest.Exec(t, m.to, "alter table shop.orders drop constraint if exists orders_code_key")
	m.start(t, nil, "dead", "patch", "orders-1", "--key", "97", "--set", "customer=by hand", "--ledger", m.ledger).ends(t, 0)
}

func (m *move) redrive(t testing.TB, env []string, flags ...string) *process {
	t.Helper()
	return m.start(t, append(env, "GODWIT_EXCEPTIONS=10", "GODWIT_RECORDS=10"),
		append([]string{"redrive", "orders-1", "--progress", "none", "--ledger", m.ledger}, flags...)...)
}

// all expects every order that is not cancelled, with its lines, once, and
// nothing open in the ledger.
func (m *move) all(t testing.TB) {
	t.Helper()
	const good = "from shop.orders where state <> 'x'"
	for what, sql := range map[string][2]string{
		"orders": {"select sum(hashtextextended(concat(id, '|', coalesce(customer, case id when 97 then 'by hand' else 'nobody' end), '|', total, '|', code), 1)::numeric)::text || ' ' || count(*) " + good,
			"select sum(hashtextextended(concat(id, '|', customer, '|', total, '|', code), 1)::numeric)::text || ' ' || count(*) from shop.orders"},
		"lines": {"select coalesce(sum(jsonb_array_length(lines)), 0)::text " + good, "select count(*)::text from shop.line"},
	} {
		want, got := pgtest.Query[string](t, m.from, sql[0]), pgtest.Query[string](t, m.to, sql[1])
		if want != got {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	if n := pgtest.Query[int](t, m.to, "select count(*) from pg_namespace where nspname = 'godwit'"); n > 0 {
		t.Error("schema godwit was left")
	}
	l, err := ledger.Open(t.Context(), m.ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	run, err := l.Find(t.Context(), "orders-1")
	if err != nil {
		t.Fatal(err)
	}
	open, err := l.View().Exceptions().Count(context.Background(), run.ID, exception.Filter{})
	if err != nil || open.Records > 0 {
		t.Errorf("%d are open, %v", open.Records, err)
	}
	m.checked(t)
}

// TestRedrivePoints kills a redrive at named points that a whole one passes, as
// TestPoints does a copy.
func TestRedrivePoints(t *testing.T) {
	t.Parallel()
	m := newLoad(t, 3000)
	passed := filepath.Join(t.TempDir(), "points")
	m.broken(t)
	m.redrive(t, []string{"GODWIT_POINTS=" + passed}).ends(t, 0)
	m.all(t)
	points, times := pointsIn(t, passed)
	t.Logf("%d points: %v", len(points), times)
	if times["load.settled"] < 3 {
		t.Errorf("only %d chunks were settled", times["load.settled"])
	}
	inTurn(t, some(points...), 0, func(env ...string) *process { return m.redrive(t, env) }, func() { m.broken(t) }, func() { m.all(t) })
	if os.Getenv("GODWIT_SLOW") == "" {
		return
	}
	for _, point := range points {
		for _, n := range []int{1, times[point]/2 + 1} {
			if n > times[point] {
				continue
			}
			m.broken(t)
			m.redrive(t, []string{fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n)}).ends(t, -1)
			m.redrive(t, nil).ends(t, 0)
			if m.all(t); t.Failed() {
				t.Fatalf("killed at %s:%d", point, n)
			}
		}
	}
}

// TestRedriveSentPoints is the same of records that are written as they were
// sent.
func TestRedriveSentPoints(t *testing.T) {
	t.Parallel()
	m := newLoad(t, 3000)
	for _, point := range shared(0, 2, "load.written", "load.prepared", "load.committed", "load.settled") {
		m.broken(t)
		m.maps(t, strings.Replace(mendedMap, "code: {from: code}", "code: {const: other}", 1))
		sent := []string{"--as-sent", "--outcome", "dead"}
		m.redrive(t, []string{"GODWIT_KILL_AT=" + point + ":1"}, sent...).ends(t, -1)
		m.redrive(t, nil, sent...).ends(t, 0)
		m.maps(t, mendedMap)
		m.redrive(t, nil).ends(t, 0)
		if m.all(t); t.Failed() {
			t.Fatalf("killed at %s", point)
		}
	}
}

// TestTwoRedrives has two at once: neither takes what the other has in hand, and
// people change nothing of it.
func TestTwoRedrives(t *testing.T) {
	t.Parallel()
	for _, at := range some("load.begun:1", "load.prepared:1", "load.committed:1") {
		m := newLoad(t, 3000)
		m.broken(t)
		first := m.redrive(t, []string{"GODWIT_STOP_AT=" + at}, "--rule", "required")
		first.stopped(t)
		m.start(t, nil, "dead", "patch", "orders-1", "--key", "97", "--set", "customer=too late", "--ledger", m.ledger).ends(t, 2).says(t, "exception.taken", "says who has it")
		m.start(t, nil, "dead", "dismiss", "orders-1", "--key", "97", "--reason", "too late", "--ledger", m.ledger).ends(t, 0).says(t, "a redrive has them in hand")
		m.redrive(t, nil).ends(t, 0)
		first.signal(t, syscall.SIGCONT)
		first.ends(t, 0)
		if m.all(t); t.Failed() {
			t.Fatalf("stopped at %s", at)
		}
	}
}

// TestRedriveUnderWay takes what a run has left so far while that goes on.
func TestRedriveUnderWay(t *testing.T) {
	t.Parallel()
	m := newLoad(t, 3000)
	pgtest.Exec(t, m.from, "update shop.orders set code = 'code ' || id") // what is dead depends on the order here
	m.empty(t)
	m.maps(t, orderMap)
	p := m.load(t, "GODWIT_STOP_AT=load.settled:2")
	p.stopped(t)
	m.mendOrders(t)
	m.redrive(t, nil).ends(t, 0).says(t, "redrive-1 done")
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 3)
	m.redrive(t, nil).ends(t, 0).says(t, "redrive-2 done")
	m.all(t)
}

// TestRedriveOlder: what a later run has loaded is not overwritten by what an older one
// kept of it, into a table that has no versions; unless somebody has put that right.
func TestRedriveOlder(t *testing.T) {
	t.Parallel()
	for _, patched := range []string{"never", "since", "before"} {
		t.Run("patched "+patched, func(t *testing.T) {
			t.Parallel()
			m := newLoad(t, 200)
			flow := filepath.Join(filepath.Dir(m.ledger), "flows/orders.yaml")
			text, err := os.ReadFile(flow)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(flow, []byte(strings.Replace(string(text), "mode: append", "mode: merge", 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			m.load(t).ends(t, 3) // orders 97 and 194 have no customer
			patch := func() {
				m.start(t, nil, "dead", "patch", "orders-1", "--key", "97", "--set", "customer=by hand", "--ledger", m.ledger).ends(t, 0)
			}
			if patched == "before" {
				patch()
			}
			pgtest.Exec(t, m.from, "update shop.orders set customer = 'version 2' where id = 97")
			m.load(t).ends(t, 3)
			want := "version 2"
			if patched == "since" {
				patch()
				want = "by hand"
			}
			m.maps(t, mendedMap)
			m.redrive(t, nil).ends(t, 0).says(t, "superseded", "orders-2 has some open")
			if n := pgtest.Query[int](t, m.to, "select count(*)::int from shop.orders where id = 194"); n != 0 { // it is open in the later run
				t.Error("order 194 was written as it was read first")
			}
			m.start(t, nil, "redrive", "orders-2", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
			for id, want := range map[int]string{97: want, 194: "nobody"} {
				if got := pgtest.Query[string](t, m.to, fmt.Sprint("select customer from shop.orders where id = ", id)); got != want {
					t.Errorf("order %d is of %q, want %q", id, got, want)
				}
			}
			m.start(t, nil, "ledger", "check", "--ledger", m.ledger).ends(t, 0)
			m.start(t, nil, "dead", "list", "orders-1", "--ledger", m.ledger).ends(t, 0).says(t, "no open dead letters")
		})
	}
}
