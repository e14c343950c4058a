package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// newGone is the load of orders as a merge into a target that holds more.
func newGone(t testing.TB, rows int, gone string) *move {
	t.Helper()
	m := newLoad(t, rows)
	m.write(t, "flows/orders.yaml", strings.Replace(orders, "mode: append", "mode: merge, "+gone, 1))
	m.surplus(t)
	return m
}

// surplus fills the target with rows of two kinds: those whose keys are in the
// source, of records that are loaded, filtered, rejected and refused, and some
// whose keys are not, with their parts.
func (m *move) surplus(t testing.TB) {
	t.Helper()
	m.empty(t)
	pgtest.Exec(t, m.to, "alter table shop.orders add removed timestamptz",
		`insert into shop.orders select i, 'old', 0, 'old ' || i from unnest(array[1, 50, 97, 501, 1002, 100001, 100002]) i`,
		`insert into shop.line select i, 0, 'old' from unnest(array[50, 100001, 100001, 100002]) with ordinality u(i, n) where n <> 3`)
}

// kept expects the rows of all keys that are in the source.
func (m *move) kept(t testing.TB) {
	t.Helper()
	for what, id := range map[string]int{"filtered": 50, "rejected": 97, "dead": 1002} {
		if n := pgtest.Query[int](t, m.to, fmt.Sprintf("select count(*) from shop.orders where id = %d and removed is null", id)); n != 1 {
			t.Errorf("the row of the %s record %d is gone", what, id)
		}
	}
	m.checked(t)
}

// TestGoneDelete deletes what is not in the source, with its parts, killed at
// every named point and gone on with. What was not loaded is in the source.
func TestGoneDelete(t *testing.T) {
	t.Parallel()
	m := newGone(t, 3000, "gone: delete")
	passed := filepath.Join(t.TempDir(), "points")
	expect := func() {
		t.Helper()
		if n := pgtest.Query[int](t, m.to, "select (select count(*) from shop.orders where id > 100000) + (select count(*) from shop.line where order_id > 100000)"); n != 0 {
			t.Errorf("%d rows that are gone are there", n)
		}
		if n := pgtest.Query[int](t, m.to, "select count(*) from pg_namespace where nspname like 'godwit%'"); n > 0 {
			t.Errorf("%d schemas of ours are left", n)
		}
		m.kept(t)
	}
	m.load(t, "GODWIT_POINTS="+passed).ends(t, 3).says(t, "lose rows whose key is not read", "rows of shop.orders deleted", "2 rows of their parts")
	expect()
	points, times := pointsIn(t, passed)
	if times["gone.committed"] == 0 {
		t.Errorf("%v", points)
	}
	for _, point := range own(points, "gone.") {
		n := times[point]/2 + 1
		if n > times[point] {
			n = 1
		}
		m.surplus(t)
		m.load(t, fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n)).ends(t, -1)
		m.load(t).ends(t, 3).says(t, "rows of shop.orders deleted")
		if expect(); t.Failed() {
			t.Fatalf("killed at %s:%d", point, n)
		}
	}
}

// TestGoneMark marks what is not in the source, once, and takes the mark off
// when it comes back.
func TestGoneMark(t *testing.T) {
	t.Parallel()
	m := newGone(t, 1500, "gone: mark, mark: removed")
	m.load(t).ends(t, 3).says(t, "2 rows of shop.orders marked, 0 back")
	m.kept(t)
	marked := func() string {
		return strings.Join(pgtest.Column[string](t, m.to, "select id || '' from shop.orders where removed is not null order by id"), " ")
	}
	if got := marked(); got != "100001 100002" {
		t.Errorf("marked: %s", got)
	}
	before := written(t, m.to, "shop.orders")
	pgtest.Exec(t, m.from, "delete from shop.orders where code = 'twice'; update shop.orders set customer = 'x' where customer is null")
	m.load(t).ends(t, 0)
	_ = before
	pgtest.Exec(t, m.from, "insert into shop.orders values (100001, 'back', 1, 'o', 'code back', '[]'); delete from shop.orders where id = 3")
	m.load(t).ends(t, 0).says(t, "1 rows of shop.orders marked, 1 back")
	if got := marked(); got != "3 501 1002 100002" {
		t.Errorf("marked: %s", got)
	}
	m.checked(t)
}

// TestGoneUntold removes nothing when a record that was not loaded has a key
// that cannot be told: its row may be any.
func TestGoneUntold(t *testing.T) {
	t.Parallel()
	m := newGone(t, 300, "gone: delete")
	m.write(t, "maps/order.yaml", strings.Replace(orderMap, "id: {from: id}", "id: {from: id, max: 200}", 1))
	m.load(t).ends(t, 3).says(t, "nothing was removed")
	if n := pgtest.Query[int](t, m.to, "select count(*) from shop.orders where id > 100000"); n != 2 {
		t.Errorf("%d rows are left, want 2", n)
	}
	m.checked(t)
}

// TestGoneRefused says at once what gone cannot do.
func TestGoneRefused(t *testing.T) {
	t.Parallel()
	m := newGone(t, 10, "gone: delete")
	for gone, want := range map[string]string{
		"mode: append, gone: delete":              "gone belongs to mode: merge",
		"mode: replace, gone: delete":             "keeps no row that was not read",
		"mode: merge, gone: mark":                 "needs mark",
		"mode: merge, mark: removed":              "mark belongs to gone: mark",
		"mode: merge, gone: mark, mark: customer": "is filled otherwise",
		"mode: merge, gone: mark, mark: nowhere":  `has no column "nowhere"`,
	} {
		m.write(t, "flows/orders.yaml", strings.Replace(orders, "mode: append", gone, 1))
		m.load(t).ends(t, 2).says(t, want)
	}
	m.write(t, "flows/orders.yaml", strings.Replace(orders, "mode: append", "mode: merge, gone: delete", 1))
	pgtest.Exec(t, m.to, "drop table shop.line; create table shop.line (order_id int, n int, sku text, primary key (order_id, n))")
	m.load(t).ends(t, 1).says(t, "load.parts", "foreign key")
	if n := pgtest.Query[int](t, m.to, "select count(*) from shop.orders where customer <> 'old'"); n > 0 {
		t.Errorf("%d rows were written", n)
	}
	_ = os.Remove(m.ledger)
}
