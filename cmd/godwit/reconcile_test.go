package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"godwit/internal/ledger"
	"godwit/rig/postgres/pgtest"

	"github.com/jackc/pgx/v5"
)

// bank makes tables over which the sum of amounts is constant.
func bank(t testing.TB, url string) {
	t.Helper()
	pgtest.Exec(t, url, `
		create schema one; create schema two;
		create table one.account (id int primary key, amount bigint not null, note text);
		create table two.account (id int primary key, amount bigint not null, note text);
		create table one.move (at timestamptz, amount bigint, line text);
		create sequence two.moves;
		insert into one.account select i, 100, repeat('x', 100) from generate_series(1, 20000) i;
		insert into two.account select i, 100, repeat('y', 100) from generate_series(1, 20000) i;
		insert into one.move select now(), 0, repeat('z', 200) from generate_series(1, 20000) i;
		alter table two.account add foreign key (id) references one.account;
		create materialized view two.total as select sum(amount) from one.account where id < 0`, "analyze")
}

const total = "select (select sum(amount) from one.account) + (select sum(amount) from two.account)"

// moving moves amounts until stop, in many transactions.
func moving(t testing.TB, url string) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	moved, done := 0, make(chan struct{})
	go func() {
		defer close(done)
		defer conn.Close(context.WithoutCancel(ctx))
		for ctx.Err() == nil {
			from, to := "one", "two"
			if moved%3 == 0 {
				from, to = to, from
			}
			n := moved%20000 + 1
			_, err := conn.PgConn().Exec(context.WithoutCancel(ctx), fmt.Sprintf(`begin;
				update %s.account set amount = amount - 7 where id = %d;
				update %s.account set amount = amount + 7 where id = %d;
				insert into one.move values (now(), 7, nextval('two.moves')::text);
				commit`, from, n, to, 20001-n)).ReadAll()
			if err != nil {
				t.Error(err)
				return
			}
			moved++
		}
	}()
	return func() int { cancel(); <-done; return moved }
}

// TestReconcile copies while a writer moves amounts between two schemas in one
// transaction: the target holds one moment of the source, however often the
// process, and with it the snapshot, is lost.
func TestReconcile(t *testing.T) {
	from, to := pgtest.Pair(t)
	bank(t, from)
	want := pgtest.Query[int64](t, from, total)
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=1048576"}

	kills := map[string][]string{
		"no kill":             nil,
		"data":                {"data.committed:2"},
		"reconciled, foreign": {"data.committed:2", "foreign.begun:1"},
		"values":              {"sequence.committed:1", "sequence.begun:1"},
		"marks":               {"data.committed:2", "analyze.committed:1", "unit.before-settle:32"},
	}
	if os.Getenv("GODWIT_SLOW") != "" {
		kills["repairs"] = []string{"data.committed:2", "reconcile.copied:1", "reconcile.committed:1", "foreign.committed:1", "view.begun:1", "analyze.begun:1"}
	}
	for name, points := range kills {
		t.Run(name, func(t *testing.T) {
			m.retarget(t)
			stop := moving(t, from)
			for _, at := range points {
				if code := m.copy(t, "GODWIT_KILL_AT="+at).exit(t); code == 0 {
					t.Logf("%s was not passed", at)
				}
			}
			m.end(t, want, stop)
		})
	}
}

// end lets the run end while the writer goes on, and proves that it holds one
// moment, in the rows and in the sequence.
func (m *move) end(t *testing.T, want int64, stop func() int) {
	t.Helper()
	p := m.copy(t)
	code := p.exit(t)
	moved := stop()
	if code != 0 {
		t.Fatalf("exit %d:\n%s", code, p.said.String())
	}
	if got := pgtest.Query[int64](t, m.to, total); got != want {
		t.Errorf("the sum is %d, was %d all the time", got, want)
	}
	rows := pgtest.Query[int64](t, m.to, "select count(*) - 20000 from one.move")
	if last := pgtest.Query[int64](t, m.to, "select case when is_called then last_value else 0 end from two.moves"); last < rows || last > rows+1 {
		t.Errorf("%d moves, but the sequence is at %d", rows, last)
	}
	if n := pgtest.Query[int](t, m.to, "select count(*) from pg_namespace where nspname = 'godwit'"); n > 0 {
		t.Error("schema godwit was left")
	}
	m.checked(t)
	t.Logf("%d moves by the end, %d at the target; copied again: %v", moved, rows, m.again(t))
}

// again lists what was copied again, by entity.
func (m *move) again(t testing.TB) map[string]int64 {
	t.Helper()
	rows := map[string]int64{}
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		events, err := v.Events(ctx, run.ID, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			var told struct {
				Entity string
				Rows   int64
			}
			if e.Kind == "reconciled" && json.Unmarshal(e.Body, &told) == nil {
				rows[told.Entity] += told.Rows
			}
		}
	})
	return rows
}
