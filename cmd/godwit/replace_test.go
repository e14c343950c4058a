package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// write puts a file of the project.
func (m *move) write(t testing.TB, name, text string) {
	t.Helper()
	path := filepath.Join(filepath.Dir(m.ledger), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// old fills the target with what a replacement takes away: rows that stay,
// rows that change, rows that go, and a column that no field fills.
func (m *move) old(t testing.TB) {
	t.Helper()
	m.empty(t)
	pgtest.Exec(t, m.to, `alter table shop.orders add note text default 'new'`,
		`insert into shop.orders select i, 'customer ' || i, round(i / 7.0, 2), 'code ' || i, 'kept' from generate_series(1, 9000, 3) i`,
		`insert into shop.line select i, 0, 'old' from generate_series(1, 9000, 3) i`,
		`create view shop.both as select o.id, o.customer, l.sku from shop.orders o left join shop.line l on l.order_id = o.id`,
		`do $$ begin if not exists (select from pg_roles where rolname = 'replace_reader') then create role replace_reader; end if; end $$`,
		`grant select on shop.orders, shop.both to replace_reader`)
}

// content is all that readers see, in one statement.
const content = `select concat((select concat(count(*), ' ', sum(hashtextextended(concat(id, '|', customer, '|', total, '|', code), 1)::numeric)) from shop.orders), ' / ',
	(select concat(count(*), ' ', sum(hashtextextended(l::text, 1)::numeric)) from shop.line l), ' / ', (select count(*) from shop.both))`

// watch reads the target again and again until it is stopped, a fourth of the time without
// GODWIT_SLOW, and gives what it saw, each once, in order.
func watch(t testing.TB, url, sql string) (stop func() []string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	seen, failed := make(chan []string, 1), make(chan error, 1)
	go func() {
		defer conn.Close(context.Background())
		var list []string
		for {
			var now string
			began, last := time.Now(), ctx.Err() != nil // a read that begins behind the end is the last
			// Not the context that ends it: a statement under way is to answer.
			if err := conn.QueryRow(context.Background(), sql).Scan(&now); err != nil {
				failed <- err
				seen <- list
				return
			}
			if len(list) == 0 || list[len(list)-1] != now {
				list = append(list, now)
			}
			if last {
				seen <- list
				return
			}
			if os.Getenv("GODWIT_SLOW") == "" {
				select {
				case <-ctx.Done():
				case <-time.After(3 * time.Since(began)):
				}
			}
		}
	}()
	return func() []string {
		t.Helper()
		cancel()
		list := <-seen
		select {
		case err := <-failed:
			t.Errorf("a reader was refused: %v", err)
		default:
		}
		return list
	}
}

// newReplace is the load of orders as a replacement.
func newReplace(t testing.TB, rows int) *move {
	t.Helper()
	m := newLoad(t, rows)
	m.write(t, "flows/orders.yaml", strings.Replace(orders, "append", "replace", 1))
	return m
}

// replaced expects all of the new content, and that nothing around it changed.
func (m *move) replaced(t testing.TB) {
	t.Helper()
	m.loaded(t)
	for what, sql := range map[string]string{
		"schemas of ours":                    "select count(*) from pg_namespace where nspname like 'godwit%'",
		"grants that are gone":               "select 2 - (select count(*) from information_schema.role_table_grants where grantee = 'replace_reader' and table_schema = 'shop' and table_name in ('orders', 'both'))",
		"rows that lost what no field fills": `select count(*) from shop.orders where note <> case when id % 3 = 1 and id <= 9000 then 'kept' else 'new' end`,
		"foreign keys that are gone":         "select 1 - count(*) from pg_constraint where contype = 'f' and conrelid = 'shop.line'::regclass and confrelid = 'shop.orders'::regclass",
	} {
		if n := pgtest.Query[int](t, m.to, sql); n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
}

// TestReplacePoints replaces two tables under a reader, and kills it at every
// named point that a full run passes: the reader sees all of the old content or
// all of the new, never anything else.
func TestReplacePoints(t *testing.T) {
	t.Parallel()
	m := newReplace(t, 3000)
	m.old(t)
	before := pgtest.Query[string](t, m.to, content)
	passed := filepath.Join(t.TempDir(), "points")
	m.load(t, "GODWIT_POINTS="+passed).ends(t, 3).says(t, "shop.orders", "replaced")
	m.replaced(t)
	after := pgtest.Query[string](t, m.to, content)
	points, times := pointsIn(t, passed)
	t.Logf("%d points: %v", len(points), times)
	for _, p := range []string{"stage.committed", "load.settled", "publish.begun", "publish.written", "publish.committed"} {
		if times[p] == 0 {
			t.Errorf("point %s was not passed", p)
		}
	}
	var stop func() []string
	anew := func() {
		m.old(t)
		stop = watch(t, m.to, content)
	}
	proved := func() {
		t.Helper()
		if saw := stop(); !slices.Equal(saw, []string{before, after}) {
			t.Errorf("a reader saw %d contents: %q", len(saw), saw)
		}
		m.replaced(t)
	}
	inTurn(t, own(points, "stage.", "publish."), 3, func(env ...string) *process { return m.load(t, env...) }, anew, proved)
	if os.Getenv("GODWIT_SLOW") == "" {
		return
	}
	for _, point := range points {
		for _, n := range []int{1, times[point]/2 + 1} {
			if n > times[point] {
				continue
			}
			anew()
			m.load(t, fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n)).ends(t, -1)
			m.load(t).ends(t, 3)
			if proved(); t.Failed() {
				t.Fatalf("killed at %s:%d", point, n)
			}
		}
	}
}

// TestReplaceAgain replaces by unchanged data: nothing is written. Then one
// record changes, one goes, one comes: no more than that is written.
func TestReplaceAgain(t *testing.T) {
	t.Parallel()
	m := newReplace(t, 2000)
	m.old(t)
	pgtest.Exec(t, m.to, "truncate shop.orders cascade")
	m.load(t).ends(t, 3).says(t, "0 as before; 0 deleted")
	m.loaded(t)
	wrote := func(orders, lines int) {
		t.Helper()
		wasOrders, wasLines := written(t, m.to, "shop.orders"), written(t, m.to, "shop.line")
		m.load(t).ends(t, 3)
		eventually(t, "the counters are told", func() bool {
			return written(t, m.to, "shop.orders")-wasOrders >= orders && written(t, m.to, "shop.line")-wasLines >= lines
		})
		if o, l := written(t, m.to, "shop.orders")-wasOrders, written(t, m.to, "shop.line")-wasLines; o != orders || l != lines {
			t.Errorf("%d orders and %d lines were written, want %d and %d", o, l, orders, lines)
		}
		m.loaded(t)
	}
	wrote(0, 0)
	pgtest.Exec(t, m.from, `update shop.orders set customer = 'changed' where id = 5; delete from shop.orders where id = 7;
		insert into shop.orders values (100001, 'new', 1, 'o', 'code new', '[{"sku": "a"}]')`)
	wrote(3, 1+3) // order 7 had three lines
	// A unique value moves from one row to another, and back the other way.
	pgtest.Exec(t, m.from, `update shop.orders set code = case id when 11 then 'code 13' else 'code 11' end where id in (11, 13)`)
	m.load(t).ends(t, 3)
	m.loaded(t)
}

// TestReplaceRedriven replaces with a record that the target refuses: it is a
// dead letter with the target's own words, its old row is gone, and a redrive
// writes it to the rows that were published.
func TestReplaceRedriven(t *testing.T) {
	t.Parallel()
	m := newReplace(t, 300)
	pgtest.Exec(t, m.from, "delete from shop.orders where code = 'twice'", "update shop.orders set customer = 'x' where customer is null",
		"update shop.orders set code = 'code 2' where id = 9")
	m.old(t)
	pgtest.Exec(t, m.to, `create table shop.state (code text primary key); insert into shop.state select 'a' union all select 's' || i from generate_series(1, 1100) i; analyze shop.state;
		alter table shop.orders add state text, add constraint state_known foreign key (state) references shop.state`)
	m.write(t, "maps/order.yaml", strings.Replace(orderMap, "rows:\n", "  state: {expr: 'doc.id == 8 ? \"b\" : \"a\"'}\nrows:\n", 1))
	m.load(t, "GODWIT_KILL_AT=publish.begun:1").ends(t, -1)
	m.start(t, nil, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, 2).says(t, "redrive.unpublished", "godwit resume orders-1")
	m.load(t).ends(t, 3).says(t, "2 dead letters")
	m.start(t, nil, "dead", "list", "orders-1", "--ledger", m.ledger).ends(t, 0).
		says(t, "orders_code_key", "state_known")
	if n := pgtest.Query[int](t, m.to, "select count(*) from shop.orders where id in (8, 9)"); n > 0 {
		t.Errorf("%d rows of dead records are there", n)
	}
	pgtest.Exec(t, m.to, "insert into shop.state values ('b'); update shop.orders set code = 'other' where id = 2")
	m.start(t, nil, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
	if n := pgtest.Query[int](t, m.to, "select count(*) from shop.orders o where id in (8, 9) or exists (select from shop.line l where l.order_id = o.id and o.id = 9)"); n != 2 {
		t.Errorf("%d of 2 records were redriven", n)
	}
	if a, b := pgtest.Query[int](t, m.from, "select count(*) from shop.orders where state <> 'x'"), pgtest.Query[int](t, m.to, "select count(*) from shop.orders"); a != b {
		t.Errorf("%d orders, want %d", b, a)
	}
	m.checked(t)
}

// TestReplaceKeyless replaces a table whose rows nothing tells apart, and one
// with an identity that no field fills.
func TestReplaceKeyless(t *testing.T) {
	t.Parallel()
	m := newReplace(t, 10)
	pgtest.Exec(t, m.from, "create table shop.log (line text, n int); insert into shop.log select 'line ' || i % 7, i % 3 from generate_series(1, 1000) i")
	m.old(t)
	pgtest.Exec(t, m.to, `create table shop.log (line text, n int); insert into shop.log values ('old', 1), ('old', 1);
		create table shop.numbered (id int generated always as identity primary key, line text, n int); insert into shop.numbered (line, n) values ('old', 1)`)
	flow := func(table string) string {
		return "steps:\n  - load:\n      from: {at: old, table: shop.log}\n      to: {at: new, table: " + table + ", mode: replace}\n"
	}
	for _, table := range []string{"shop.log", "shop.numbered"} {
		m.write(t, "flows/orders.yaml", flow(table))
		const sum = "select concat(count(*), ' ', sum(hashtextextended(concat(line, '|', n), 1)::numeric)) from "
		want := pgtest.Query[string](t, m.from, sum+"shop.log")
		stop := watch(t, m.to, sum+table)
		old := pgtest.Query[string](t, m.to, sum+table)
		m.load(t).ends(t, 0)
		if saw := stop(); !slices.Equal(saw, []string{old, want}) {
			t.Errorf("%s: a reader saw %q", table, saw)
		}
		before := written(t, m.to, table)
		m.load(t).ends(t, 0).says(t, "0 deleted")
		if n := written(t, m.to, table) - before; n > 0 {
			t.Errorf("%s: unchanged data wrote %d rows", table, n)
		}
		m.checked(t)
	}
}

// TestReplaceRefused finds a row of others that refers to one that is to go:
// nothing is changed, and the error names constraint, table and row. Once it is
// away the run goes on.
func TestReplaceRefused(t *testing.T) {
	t.Parallel()
	m := newReplace(t, 300)
	m.old(t)
	pgtest.Exec(t, m.to, `create table shop.invoice (n int, of_order int constraint invoice_of references shop.orders)`,
		"insert into shop.invoice values (1, 8995)")
	before := pgtest.Query[string](t, m.to, content)
	m.load(t).ends(t, 1).says(t, "invoice_of", "shop.invoice", "id = 8995", "nothing was changed")
	if now := pgtest.Query[string](t, m.to, content); now != before {
		t.Errorf("%s, was %s", now, before)
	}
	pgtest.Exec(t, m.to, "delete from shop.invoice")
	m.load(t).ends(t, 3)
	m.loaded(t)
}

// TestReplaceLeftovers has a run that is killed and never gone on with: the next
// one of the same table, with another ledger, takes away what it held back; the
// killed one is refused. One that is cancelled takes it away itself.
func TestReplaceLeftovers(t *testing.T) {
	t.Parallel()
	m := newReplace(t, 3000)
	m.old(t)
	held := func() int {
		return pgtest.Query[int](t, m.to, "select count(*) from pg_namespace where nspname like 'godwit\\_stage\\_%'")
	}
	m.load(t, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
	if held() != 1 {
		t.Fatal("nothing was held back")
	}
	other := *m
	other.ledger = m.ledger + ".other"
	other.load(t).ends(t, 3)
	if held() != 0 {
		t.Error("what the killed run held back is there")
	}
	after := pgtest.Query[string](t, m.to, content)
	m.load(t).ends(t, 1).says(t, "stage.gone", "--new")
	if now := pgtest.Query[string](t, m.to, content); now != after {
		t.Error("the run that lost what it held back changed the target")
	}
	other.load(t, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
	if held() != 1 {
		t.Fatal("nothing was held back")
	}
	cancel := other.start(t, nil, "cancel", "orders-2", "--ledger", other.ledger)
	t.Logf("exit %d:\n%s", cancel.exit(t), cancel.said.String())
	if held() != 0 {
		t.Error("what the cancelled run held back is there")
	}
}

// TestReplaceTorture kills a replacement by several workers by kill -9 at random
// moments, under a reader.
func TestReplaceTorture(t *testing.T) {
	t.Parallel()
	kills, seed := torture(t, 30)
	random := rand.New(rand.NewPCG(seed, 1))
	m := newReplace(t, 20000)
	pgtest.Exec(t, m.from, "update shop.orders set code = 'code ' || id where code = 'twice'") // of several workers any may be the first
	m.write(t, "flows/orders.yaml", strings.Replace(strings.Replace(orders, "append", "replace", 1), "      key: id", "      workers: 4\n      key: id", 1))
	m.old(t)
	before := pgtest.Query[string](t, m.to, content)
	began := time.Now()
	m.load(t).ends(t, 3)
	full := time.Since(began)
	m.replaced(t)
	after := pgtest.Query[string](t, m.to, content)
	for killed := 0; killed < kills; {
		m.old(t)
		stop := watch(t, m.to, content)
		for here := killed; ; {
			p := m.load(t)
			if killed < kills && killed < here+4 { // five in a row within one unit end the run
				killed += kill(p, time.Duration(random.Float64()*float64(full)))
			}
			if code := p.exit(t); code == 3 || m.phase(t) == "after the end" {
				break
			} else if code != -1 {
				t.Fatalf("exit %d:\n%s", code, p.said.String())
			}
		}
		if saw := stop(); !slices.Equal(saw, []string{before, after}) {
			t.Errorf("a reader saw %d contents: %q", len(saw), saw)
		}
		if m.replaced(t); t.Failed() {
			t.Fatalf("after %d kills", killed)
		}
	}
}

// TestReplacePromotedStandby loses the primary right behind the publication,
// which the standby never saw: it is published again.
func TestReplacePromotedStandby(t *testing.T) {
	t.Parallel()
	primary := pgtest.Server(t, postgres.Options{Name: "primary"})
	standby := pgtest.Standby(t, primary)
	pgtest.Exec(t, primary.URL("postgres"), "create database db")
	m := newReplace(t, 3000)
	m.to = primary.URL("db")
	m.old(t)
	m.env = append(m.env, "TO=postgres://"+postgres.Superuser+"@127.0.0.1:"+itoa(primary.Port)+",127.0.0.1:"+itoa(standby.Port)+
		"/db?target_session_attrs=read-write&sslmode=disable")
	m.load(t, "GODWIT_KILL_AT=load.settled:2").ends(t, -1)
	stall(t, primary, standby)
	p := m.load(t, "GODWIT_STOP_AT=unit.after-settle@load/publish:1")
	p.stopped(t)
	after := pgtest.Query[string](t, m.to, content)
	if err := primary.Crash(t.Context()); err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, standby.URL("postgres"), "select pg_wal_replay_resume()")
	if err := standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.to = standby.URL("db")
	if now := pgtest.Query[string](t, m.to, content); now == after {
		t.Error("the standby has the publication: the test tests nothing")
	}
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 3)
	m.replaced(t)
}

// TestReplacePlanned says before anything is touched what gives way; a protected
// environment wants it to be agreed to.
func TestReplacePlanned(t *testing.T) {
	t.Parallel()
	m := newReplace(t, 100)
	m.old(t)
	pgtest.Exec(t, m.to, "analyze")
	plan := func(words ...string) {
		t.Helper()
		p := m.start(t, nil, "plan", "orders")
		p.ends(t, 0).says(t, words...)
		t.Log(p.said.String())
	}
	plan("destroys on new", "6,000 rows in 2 tables are replaced by what is read (mode: replace)", "shop.orders 3,000", "destroys 6,000 rows")
	before := pgtest.Query[string](t, m.to, content)
	config := "environments: {prod: {protected: true}}\nconnections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  new: {postgres: {url_secret: {env: TO}}}\n"
	m.write(t, "godwit.yaml", config)
	m.start(t, nil, "run", "orders", "--ledger", m.ledger, "--progress", "none").ends(t, 2).says(t, "run.protected")
	m.write(t, "flows/orders.yaml", strings.Replace(orders, "mode: append", "mode: merge, gone: delete", 1))
	plan("destroys on new", "2 tables lose rows whose key is not read (gone: delete)", "destroys rows of 2 tables")
	m.write(t, "flows/orders.yaml", strings.Replace(orders, "mode: append", "mode: merge", 1))
	plan("destroys nothing")
	if now := pgtest.Query[string](t, m.to, content); now != before {
		t.Error("something was changed")
	}
}
