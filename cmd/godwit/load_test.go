package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// orders is a load in which every outcome occurs: applied, filtered, rejected by
// the map, dead by the target; to append, which doubles rows as soon as a
// chunk is written twice, and with parts.
const orders = `steps:
  - load:
      from: {at: old, table: shop.orders}
      key: id
      map: maps/order.yaml
      to: {at: new, table: shop.orders, mode: append}
      snapshot_lost: continue
`

const orderMap = `filter: {cancelled: 'doc.state == "x"'}
fields:
  id: {from: id}
  customer: {from: customer, required: true}
  total: {from: total, min: 0}
  code: {from: code}
rows:
  - into: shop.line
    each: lines
    key: [order_id, n]
    fields:
      order_id: {expr: parent.id}
      n: {expr: index}
      sku: {from: sku, required: true}
`

// load is a project with a flow over two databases.
func newLoad(t testing.TB, rows int) *move {
	t.Helper()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, `create schema shop;
		create table shop.orders (id int primary key, customer text, total numeric(10,2), state text, code text, lines jsonb)`,
		fmt.Sprintf(`insert into shop.orders select i, case when i %% 97 <> 0 then 'customer ' || i end, i / 7.0,
			case when i %% 50 = 0 then 'x' else 'o' end, case when i %% 501 = 0 then 'twice' else 'code ' || i end,
			(select jsonb_agg(jsonb_build_object('sku', 'sku ' || j)) from generate_series(1, i %% 4) j)
			from generate_series(1, %d) i`, rows))
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_RECORDS=1000", "FROM=" + from, "TO=" + to}
	m.empty(t)
	for name, text := range map[string]string{
		"godwit.yaml":       "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n",
		"flows/orders.yaml": orders, "maps/order.yaml": orderMap,
	} {
		path := filepath.Join(filepath.Dir(m.ledger), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// empty makes the target anew.
func (m *move) empty(t testing.TB) {
	t.Helper()
	pgtest.Exec(t, m.to, `drop schema if exists shop cascade; drop schema if exists godwit cascade; create schema shop;
		create table shop.orders (id int primary key, customer text not null, total numeric(10,2), code text unique);
		create table shop.line (order_id int references shop.orders, n int, sku text not null, primary key (order_id, n))`)
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(m.ledger + end)
	}
}

func (m *move) load(t testing.TB, env ...string) *process {
	t.Helper()
	return m.start(t, env, "run", "orders", "--ledger", m.ledger, "--yes", "--progress", "none")
}

// loaded proves the target and the ledger against the source, by SQL that has
// nothing in common with the product's.
func (m *move) loaded(t testing.TB) {
	t.Helper()
	const good = "from shop.orders where coalesce(state, '') <> 'x' and customer is not null and (code <> 'twice' or id = (select min(id) from shop.orders where code = 'twice' and state <> 'x' and customer is not null))"
	for what, sql := range map[string][2]string{
		"orders": {"select coalesce(sum(hashtextextended(concat(id, '|', customer, '|', total, '|', code), 1)::numeric), 0)::text || ' ' || count(*) " + good,
			"select coalesce(sum(hashtextextended(concat(id, '|', customer, '|', total, '|', code), 1)::numeric), 0)::text || ' ' || count(*) from shop.orders"},
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
	bad := map[string]int64{
		"rejected": pgtest.Query[int64](t, m.from, "select count(*) from shop.orders where coalesce(state, '') <> 'x' and customer is null"),
		"dead":     pgtest.Query[int64](t, m.from, "select greatest(count(*) - 1, 0) from shop.orders where coalesce(state, '') <> 'x' and customer is not null and code = 'twice'"),
	}
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		for outcome, want := range bad {
			list, err := v.Exceptions().List(ctx, run.ID, exception.Filter{}, 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			var got int64
			for _, e := range list {
				if string(e.Outcome) == outcome {
					got++
				}
			}
			if got != want {
				t.Errorf("%d are %s, want %d", got, outcome, want)
			}
		}
	})
	m.checked(t)
}

// TestLoadPoints kills a load at every named point that a full run passes, as
// TestPoints does a copy.
func TestLoadPoints(t *testing.T) {
	t.Parallel()
	m := newLoad(t, 6000)
	passed := filepath.Join(t.TempDir(), "points")
	m.load(t, "GODWIT_POINTS="+passed).ends(t, 3)
	m.loaded(t)
	points, times := pointsIn(t, passed)
	t.Logf("%d points: %v", len(points), times)
	if times["load.settled"] < 5 {
		t.Errorf("only %d chunks were settled", times["load.settled"])
	}
	inTurn(t, points, 3, func(env ...string) *process { return m.load(t, env...) }, func() { m.empty(t) }, func() { m.loaded(t) })
	if os.Getenv("GODWIT_SLOW") == "" {
		return
	}
	for _, point := range points {
		for _, n := range []int{1, times[point]/2 + 1} {
			if n > times[point] {
				continue
			}
			m.empty(t)
			m.load(t, fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n)).ends(t, -1)
			m.load(t).ends(t, 3)
			if m.loaded(t); t.Failed() {
				t.Fatalf("killed at %s:%d", point, n)
			}
		}
	}
}

// TestLoadTorture kills a load by kill -9 at random moments until it ends.
func TestLoadTorture(t *testing.T) {
	t.Parallel()
	kills, seed := torture(t, 30)
	random := rand.New(rand.NewPCG(seed, 1))
	m := newLoad(t, 20000)
	began := time.Now()
	m.load(t).ends(t, 3)
	full := time.Since(began)
	m.loaded(t)
	inside := 0
	for killed := 0; killed < kills; {
		m.empty(t)
		for {
			p := m.load(t)
			if killed < kills {
				killed += kill(p, time.Duration(random.Float64()*float64(full)))
			}
			if code := p.exit(t); code == 3 {
				break
			} else if code != -1 && !killsOwner(p) {
				t.Fatalf("exit %d:\n%s", code, p.said.String())
			}
			phase := m.phase(t)
			if phase == "after the end" {
				break // only the report is missing
			}
			if phase == "load/load" {
				inside++
			}
		}
		if m.loaded(t); t.Failed() {
			t.Fatalf("after %d kills", killed)
		}
	}
	t.Logf("%d kills, %d of them while rows were loaded; undisturbed it takes %s", kills, inside, full.Round(time.Millisecond))
}

// TestLoadPromotedStandby loses the target's primary in mid-load: the standby
// that takes its place lacks the last chunks, settled ones among them. They are
// read and written again, those before them are not.
func TestLoadPromotedStandby(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]string{"under way": "load.settled:3", "all chunks settled": "unit.after-settle@load/load:1"} {
		t.Run(name, func(t *testing.T) {
			primary := pgtest.Server(t, postgres.Options{Name: "primary"})
			standby := pgtest.Standby(t, primary)
			pgtest.Exec(t, primary.URL("postgres"), "create database db")
			m := newLoad(t, 6000)
			m.to = primary.URL("db")
			m.empty(t)
			both := "postgres://" + postgres.Superuser + "@127.0.0.1:" + itoa(primary.Port) + ",127.0.0.1:" + itoa(standby.Port) +
				"/db?target_session_attrs=read-write&sslmode=disable"
			m.env = append(m.env, "TO="+both)
			m.load(t, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
			stall(t, primary, standby)
			p := m.load(t, "GODWIT_STOP_AT="+stop)
			p.stopped(t)
			if err := primary.Crash(t.Context()); err != nil {
				t.Fatal(err)
			}
			pgtest.Exec(t, standby.URL("postgres"), "select pg_wal_replay_resume()")
			if err := standby.Promote(t.Context()); err != nil {
				t.Fatal(err)
			}
			m.to = standby.URL("db")
			before := pgtest.Query[int](t, m.to, "select count(*) from shop.orders")
			p.signal(t, syscall.SIGCONT)
			p.ends(t, 3)
			m.loaded(t)
			t.Logf("%d orders were left after the loss", before)
			if before == 0 || before > 3000 {
				t.Errorf("%d orders were left: the test tests nothing", before)
			}
		})
	}
}

// written is how many rows were inserted, updated or deleted in a table, by the
// server's own counters.
func written(t testing.TB, url, table string) int {
	t.Helper()
	pgtest.Exec(t, url, "select pg_stat_force_next_flush()")
	return pgtest.Query[int](t, url, "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::int from pg_stat_user_tables where relid = $1::text::regclass", table)
}

// TestLoadAgain merges unchanged data again: nothing is written. With one field
// of the map changed exactly the records are written that it changes.
func TestLoadAgain(t *testing.T) {
	t.Parallel()
	m := newLoad(t, 3000)
	pgtest.Exec(t, m.from, "delete from shop.orders where code = 'twice'") // what is tried and refused counts as written, too
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(filepath.Dir(m.ledger), name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("flows/orders.yaml", strings.Replace(orders, "append", "merge", 1))
	expect := func(orders, lines int, said string) {
		t.Helper()
		wasOrders, wasLines := written(t, m.to, "shop.orders"), written(t, m.to, "shop.line")
		p := m.load(t)
		p.ends(t, 3).says(t, said)
		settled := func() (int, int) {
			return written(t, m.to, "shop.orders") - wasOrders, written(t, m.to, "shop.line") - wasLines
		}
		eventually(t, "the counters are told", func() bool { o, l := settled(); return o >= orders && l >= lines })
		if o, l := settled(); o != orders || l != lines {
			t.Errorf("%d orders and %d lines were written, want %d and %d", o, l, orders, lines)
		}
		m.checked(t)
	}
	good := pgtest.Query[int](t, m.from, "select count(*) from shop.orders where state <> 'x' and customer is not null")
	lines := pgtest.Query[int](t, m.from, "select sum(jsonb_array_length(lines)) from shop.orders where state <> 'x' and customer is not null")
	expect(good, lines, "orders-1")
	expect(0, 0, "orders-2")
	write("maps/order.yaml", strings.Replace(orderMap, "customer: {from: customer, required: true}", `customer: {from: customer, required: true, expr: 'value endsWith "7" ? value + "!" : value'}`, 1))
	sevens := pgtest.Query[int](t, m.from, "select count(*) from shop.orders where state <> 'x' and customer like '%7'")
	expect(sevens, 0, "orders-3")
}
