package main_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// TestPublishLarge replaces a large table under a reader: of its rows half stay as
// they are, a quarter change, a quarter go and as many come. It says what that
// costs; what it expects is that the reader is never refused and sees two contents.
func TestPublishLarge(t *testing.T) {
	slow(t)
	rows := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("GODWIT_ROWS")); err == nil {
		rows = n
	}
	from, to := pgtest.Pair(t)
	const table = "create table item (id int primary key, name text not null, price numeric(10,2), at timestamptz); create index on item (at)"
	const fill = "insert into item select i, 'item number ' || i || repeat(' x', 20), i / 7.0, timestamptz '2024-01-01' + i * interval '1 s' from generate_series(%d, %d) i"
	pgtest.Exec(t, from, table, fmt.Sprintf(fill, rows/4+1, rows+rows/4), "analyze item")
	pgtest.Exec(t, to, table, fmt.Sprintf(fill, 1, rows), fmt.Sprintf("update item set price = 0 where id > %d", rows-rows/4), "vacuum analyze item")
	m := newMove(t, from, to)
	m.env = nil
	m.project(t, map[string]string{"flows/orders.yaml": "steps:\n  - load: {from: {at: old, table: public.item}, to: {at: new, table: public.item, mode: replace}}\n"})
	lsn := func() float64 {
		return pgtest.Query[float64](t, to, "select (pg_current_wal_lsn() - '0/0')::float8 / (1 << 20)")
	}
	first := lsn()
	stop := watch(t, to, "select concat(count(*), ' ', sum(price), ' ', min(id)) from item")
	p := m.start(t, []string{"GODWIT_STOP_AT=unit.after-settle@/load/:1"}, "run", "orders", "--ledger", m.ledger, "--yes", "--progress", "none")
	p.stopped(t)
	held, temp := lsn(), pgtest.Query[int64](t, to, "select temp_bytes from pg_stat_database where datname = current_database()")
	look := locksOn(t, to)
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 0)
	locks, memory := look()
	if seen := stop(); len(seen) != 2 {
		t.Errorf("the reader saw %v", seen)
	}
	pgtest.Exec(t, to, "select pg_stat_force_next_flush()")
	temp = pgtest.Query[int64](t, to, "select temp_bytes from pg_stat_database where datname = current_database()") - temp
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		units, err := v.Units(ctx, run.ID, ledger.Filter{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range units {
			t.Logf("%s: %s", u.ID, u.Ended.Sub(u.Started).Round(time.Millisecond))
		}
	})
	usage := p.ProcessState.SysUsage().(*syscall.Rusage)
	t.Logf("%d rows; WAL: %.0f MiB to hold back, %.0f MiB to publish; temporary files %d MiB; the backend's own memory %d MiB; godwit's %d MiB; locks on the table: %v",
		rows, held-first, lsn()-held, temp>>20, memory>>10, usage.Maxrss>>10, locks)
	const sum = "select count(*) || ' ' || sum(hashtextextended(i::text, 1)::numeric) from item i"
	if want, got := pgtest.Query[string](t, from, sum), pgtest.Query[string](t, to, sum); want != got {
		t.Errorf("%s, want %s", got, want)
	}
	m.checked(t)
}

// locksOn notes how long which locks are held on the table, and the largest
// memory of their own that backends there have, in KiB.
func locksOn(t testing.TB, url string) (stop func() (map[string]time.Duration, int)) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	spans, most := map[string]time.Duration{}, 0
	go func() {
		defer close(done)
		defer conn.Close(context.Background())
		before := time.Now()
		for ctx.Err() == nil {
			rows, err := conn.Query(context.Background(), `select l.mode, l.pid from pg_locks l where l.locktype = 'relation' and l.relation = 'item'::regclass and l.granted and l.mode <> 'AccessShareLock'`)
			if err != nil {
				return
			}
			now := time.Now()
			var modes []string
			var mode string
			var pid int
			_, err = pgx.ForEachRow(rows, []any{&mode, &pid}, func() error {
				if !slices.Contains(modes, mode) {
					modes = append(modes, mode)
					spans[mode] += now.Sub(before)
				}
				status, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
				for line := range strings.Lines(string(status)) {
					if n, ok := strings.CutPrefix(line, "RssAnon:"); ok {
						kb, _ := strconv.Atoi(strings.Fields(n)[0])
						most = max(most, kb)
					}
				}
				return nil
			})
			if err != nil {
				return
			}
			before = now
		}
	}()
	return func() (map[string]time.Duration, int) {
		cancel()
		<-done
		return spans, most
	}
}
