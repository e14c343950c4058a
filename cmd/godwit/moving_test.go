package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// movingFlow loads one table in three ways: what changed since the run before,
// into a table without a primary key; everything, with what is gone deleted; and
// everything in place of a table whose rows nothing tells apart.
const movingFlow = `steps:
  - id: since
    load:
      from: {at: old, table: shop.orders, since: changed, overlap: 60s}
      map: maps/order.yaml
      to: {at: new, table: shop.orders, mode: merge, key: id}
  - id: all
    load:
      from: {at: old, table: shop.orders}
      map: maps/twin.yaml
      to: {at: new, table: shop.twin, mode: merge, gone: delete}
  - id: keyless
    load:
      from: {at: old, query: "select customer, state from shop.orders"}
      to: {at: new, table: shop.log, mode: replace}
`

const movingMap = `filter: {cancelled: 'doc.state == "x"'}
fields:
  id: {from: id}
  customer: {from: customer, required: true}
  total: {from: total}
rows:
  - into: shop.%s
    each: lines
    key: [order_id, n]
    fields: {order_id: {expr: parent.id}, n: {expr: index}, sku: {from: sku, required: true}}
`

// moving is a project over a source that somebody writes to. What keeps a
// record out never changes: a state, a customer that is null, and every 97th
// id, which the target refuses.
func newMoving(t testing.TB, rows int) *move {
	t.Helper()
	from, to := pgtest.Pair(t)
	pgtest.Exec(t, from, fmt.Sprintf(`create schema shop;
		create table shop.orders (id int primary key, customer text, total numeric(10,2), state text, lines jsonb, changed timestamptz not null default now());
		create index on shop.orders (changed); create table shop.moved (id int);
		insert into shop.orders select i, case when i %% 89 <> 0 then 'customer ' || i end, i / 7.0, case when i %% 50 = 0 then 'x' else 'o' end,
			(select jsonb_agg(jsonb_build_object('sku', 'sku ' || j)) from generate_series(1, i %% 4) j) from generate_series(1, %d) i`, rows))
	pgtest.Exec(t, to, `create schema shop; create table shop.orders (id int not null, customer text not null, total numeric(10,2));
		create unique index on shop.orders (id); create table shop.line (order_id int references shop.orders (id), n int, sku text not null, primary key (order_id, n));
		create table shop.twin (like shop.orders, primary key (id)); create table shop.part (order_id int references shop.twin, n int, sku text not null, primary key (order_id, n));
		create table shop.log (customer text, state text);
		create function shop.no() returns trigger language plpgsql as $$ begin if new.id % 97 = 0 then raise 'not this one'; end if; return new; end $$;
		create trigger no before insert on shop.orders for each row execute function shop.no();
		create trigger no before insert on shop.twin for each row execute function shop.no()`)
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_RECORDS=1000"}
	m.project(t, map[string]string{"flows/orders.yaml": movingFlow, "maps/order.yaml": fmt.Sprintf(movingMap, "line"), "maps/twin.yaml": fmt.Sprintf(movingMap, "part")})
	return m
}

// writeTo changes the source until it is stopped: rows are updated, come (and
// stay as they are: who passes one over never sees it again), go to other keys
// and back, many with the same moment, and all of it is committed later than its
// moment. It gives the number of transactions.
func (m *move) writeTo(t testing.TB, seed uint64, rows int) (stop func() int) {
	t.Helper()
	var over atomic.Bool
	wrote := make(chan int)
	for w := range 2 {
		go func() {
			n, random := 0, rand.New(rand.NewPCG(seed, uint64(w)))
			defer func() { wrote <- n }()
			conn, err := pgx.Connect(context.Background(), m.from)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close(context.Background())
			for !over.Load() {
				n++
				first := 1 + random.IntN(rows/2) + w*rows/2 // the writers do not meet
				sql := fmt.Sprintf(`begin;
					update shop.orders set customer = '%[1]d/%[2]d', changed = now(), lines = (select jsonb_agg(jsonb_build_object('sku', 'new ' || j)) from generate_series(1, %[3]d) j)
						where customer is not null and id < 2000000 and id %% 1000000 between %[4]d and %[4]d + %[5]d and (id %% 1000000 > %[6]d / 2) = (%[1]d = 1);
					with old as (delete from shop.orders where id < 2000000 and id %% 1000000 between %[4]d and %[4]d + 5 and (id %% 1000000 > %[6]d / 2) = (%[1]d = 1) returning *), noted as (insert into shop.moved select id from old)
						insert into shop.orders select case when id > 1000000 then id - 1000000 else id + 1000000 end, customer, total, state, lines, now() from old;
					insert into shop.orders select coalesce(max(id), %[7]d) + 1, 'new', 1, 'o', '[{"sku": "a"}]' from shop.orders where id between %[7]d and %[7]d + 9999999;
					select pg_sleep(%[8]f); commit`, w, n, random.IntN(5), first, random.IntN(rows/10), rows, 10_000_000*(w+1), random.Float64()/2)
				if _, err := conn.PgConn().Exec(context.Background(), sql).ReadAll(); err != nil {
					t.Errorf("a writer: %v", err)
					return
				}
			}
		}()
	}
	return func() int {
		over.Store(true)
		return <-wrote + <-wrote
	}
}

// ended runs the flow until it ends by itself.
func (m *move) ended(t testing.TB) {
	t.Helper()
	for {
		p := m.load(t)
		switch code := p.exit(t); {
		case code == 3:
			return
		case !killsOwner(p):
			t.Fatalf("exit %d:\n%s", code, p.said.String())
		}
	}
}

// still proves both sides equal by plain SQL, once nobody writes any more, and the
// accounts against what is there. Of keys that were moved away the incremental
// load leaves rows, and of no others.
func (m *move) still(t testing.TB) {
	t.Helper()
	m.ended(t) // what was killed last
	m.ended(t) // what changed meanwhile
	m.ended(t) // nothing
	const good = "from shop.orders where state <> 'x' and customer is not null and id % 97 <> 0"
	const row = "select count(*) || ' ' || coalesce(sum(hashtextextended(concat(id, '|', customer, '|', total), 1)::numeric), 0) "
	const line = "select count(*) || ' ' || coalesce(sum(hashtextextended(concat(order_id, '|', n, '|', sku), 1)::numeric), 0) from "
	equal := func(what, source, target string) {
		t.Helper()
		if want, got := pgtest.Query[string](t, m.from, source), pgtest.Query[string](t, m.to, target); want != got {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	pgtest.Exec(t, m.to, "drop table if exists moved; create table moved (id int)")
	moved := pgtest.Column[int](t, m.from, "select distinct id from shop.moved m where not exists (select from shop.orders o where o.id = m.id)")
	pgtest.Exec(t, m.to, fmt.Sprintf("insert into moved select unnest('{%s}'::int[])", joined(moved)))
	parts := line + "(select o.id as order_id, e.n - 1 as n, e.v->>'sku' as sku from (select * " + good + ") o, jsonb_array_elements(o.lines) with ordinality e (v, n)) l"
	equal("since", row+good, row+"from shop.orders where id not in (select id from moved)")
	equal("lines", parts, line+"shop.line where order_id not in (select id from moved)")
	equal("all", row+good, row+"from shop.twin")
	equal("parts", parts, line+"shop.part")
	const log = "select count(*) || ' ' || sum(hashtextextended(concat(customer, '|', state), 1)::numeric) from "
	equal("keyless", log+"shop.orders", log+"shop.log")
	if n := pgtest.Query[int](t, m.to, "select count(*) from pg_namespace where nspname like 'godwit%'"); n > 0 {
		t.Errorf("%d schemas of ours were left", n)
	}
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		steps, err := v.Sums(ctx, run.ID)
		if err != nil || len(steps) != 3 {
			t.Fatalf("%d steps: %v", len(steps), err)
		}
		for _, a := range steps {
			if !a.Closes() {
				t.Errorf("%s does not close: %+v", a.Step, a)
			}
			if a.Step == "since" && a.Written != 0 {
				t.Errorf("nothing changed since the run before: %+v", a)
			}
			if a.Step == "all" {
				m.counted(t, a)
			}
		}
	})
	m.checked(t)
}

// counted compares a full load's account with what the source holds.
func (m *move) counted(t testing.TB, a record.Account) {
	t.Helper()
	count := func(where string) int64 {
		return pgtest.Query[int64](t, m.from, "select count(*) from shop.orders where "+where)
	}
	want := [5]int64{count("true"), count("state = 'x'"), count("state <> 'x' and customer is null"), count("state <> 'x' and customer is not null and id % 97 = 0"),
		count("state <> 'x' and customer is not null and id % 97 <> 0")}
	if got := [5]int64{a.Read, a.Filtered, a.Rejected, a.Dead, a.Applied + a.Equal}; got != want || want[3] == 0 {
		t.Errorf("read, filtered, rejected, dead, loaded: %v, want %v", got, want)
	}
}

func joined(list []int) string {
	text := ""
	for i, n := range list {
		if i > 0 {
			text += ","
		}
		text += strconv.Itoa(n)
	}
	return text
}

// TestMovingPoints kills such loads at every named point that they pass, while
// somebody writes to the source.
func TestMovingPoints(t *testing.T) {
	t.Parallel()
	const rows = 3000
	m := newMoving(t, rows)
	stop := m.writeTo(t, 1, rows)
	passed := filepath.Join(t.TempDir(), "points")
	m.load(t, "GODWIT_POINTS="+passed).ends(t, 3)
	stop()
	m.still(t)
	points, times := pointsIn(t, passed)
	t.Logf("%d points: %v", len(points), times)
	slow := os.Getenv("GODWIT_SLOW") != ""
	const each = 12 // one run with writers takes a while
	for i, point := range points {
		if !slow && i%each != 1 {
			continue
		}
		for _, n := range slices.Compact([]int{1, times[point]/2 + 1}) {
			if n == 1 && times[point] > 2 {
				continue
			}
			stop := m.writeTo(t, uint64(i), rows)
			code := 0
			for range 4 { // another run may pass it less often
				if code = m.load(t, fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n)).exit(t); code == -1 {
					break
				}
			}
			if code != -1 {
				t.Errorf("%s:%d was not passed, exit %d", point, n, code)
			}
			if slow && i%3 == 1 || i == len(points)-1 || !slow && i+each >= len(points) {
				m.load(t).ends(t, 3)
				stop()
				m.still(t)
			} else {
				stop()
			}
			if t.Failed() {
				t.Fatalf("killed at %s:%d", point, n)
			}
		}
	}
}

// TestMovingTorture kills such loads at random moments while somebody writes to
// the source; in the end, and now and then, nobody does, and all is equal.
func TestMovingTorture(t *testing.T) {
	t.Parallel()
	kills, seed := torture(t, 12)
	random := rand.New(rand.NewPCG(seed, 3))
	const rows = 8000
	m := newMoving(t, rows)
	began := time.Now()
	m.load(t).ends(t, 3)
	full := time.Since(began)
	killed, ended, changes, looks := 0, 0, 0, 0
	phases := map[string]int{}
	for killed < kills {
		stop := m.writeTo(t, seed+uint64(killed), rows)
		for here := killed; killed < kills && killed < here+10; {
			p := m.load(t)
			killed += kill(p, time.Duration(random.Float64()*float64(full)*1.2))
			switch code := p.exit(t); {
			case code == -1:
				phases[m.phase(t)]++
			case code == 3:
				ended++
			case !killsOwner(p):
				t.Fatalf("exit %d:\n%s", code, p.said.String())
			}
		}
		changes += stop()
		looks++
		if m.still(t); t.Failed() {
			t.Fatalf("after %d kills", killed)
		}
	}
	t.Logf("%d kills, %d runs that ended, %d transactions of writers, both sides compared %d times; undisturbed it takes %s; killed in: %v",
		killed, ended, changes, looks, full.Round(time.Millisecond), phases)
}
