package main_test

import (
	"testing"

	"godwit/rig/postgres/pgtest"
)

// TestCancelledRedrive kills a redrive around its commit and cancels it: the
// next one takes what was not loaded, and nothing twice.
func TestCancelledRedrive(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ at, to string }{
		"prepared":                               {at: "load.prepared:1"},
		"committed":                              {at: "load.committed:1"},
		"prepared, the target cannot be reached": {at: "load.prepared:1", to: "TO=postgres://127.0.0.1:1/none?connect_timeout=2"},
		"committed, the target cannot be reached": {at: "load.committed:1", to: "TO=postgres://127.0.0.1:1/none?connect_timeout=2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newLoad(t, 3000)
			m.load(t).ends(t, 3)
			const bad = "from shop.orders where state <> 'x' and customer is not null and code = 'twice'"
			twice := pgtest.Query[int](t, m.from, "select count(*) "+bad)
			held := pgtest.Query[int](t, m.to, "select count(*) from shop.orders")
			pgtest.Exec(t, m.to, "alter table shop.orders drop constraint orders_code_key")
			again := func(env ...string) *process {
				return m.start(t, env, "redrive", "orders-1", "--progress", "none", "--ledger", m.ledger)
			}
			again("GODWIT_KILL_AT="+c.at).ends(t, -1)
			var env []string
			if c.to != "" {
				env = append(env, c.to)
			}
			m.start(t, env, "cancel", "redrive-1", "--ledger", m.ledger).ends(t, 0)
			again().ends(t, 3)
			if n := pgtest.Query[int](t, m.to, "select count(*) from shop.orders"); n != held+twice-1 {
				t.Errorf("%d orders are there, want %d and %d more", n, held, twice-1)
			}
			m.loadedLines(t)
			if n := pgtest.Query[int](t, m.to, "select count(*) from pg_namespace where nspname = 'godwit'"); n > 0 {
				t.Error("schema godwit was left")
			}
			m.checked(t)
		})
	}
}

// loadedLines expects all lines of the orders that are there, each once.
func (m *move) loadedLines(t testing.TB) {
	t.Helper()
	want := pgtest.Query[int](t, m.from, "select sum(coalesce(jsonb_array_length(lines), 0)) from shop.orders where state <> 'x' and customer is not null")
	if n := pgtest.Query[int](t, m.to, "select count(*) from shop.line"); n != want {
		t.Errorf("%d lines are there, want %d", n, want)
	}
}
