package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
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
	t.Parallel()
	kills := map[string][]string{
		"no kill":             nil,
		"data":                {"data.committed:8"},
		"reconciled, foreign": {"data.committed:2", "foreign.begun:1"},
		"values":              {"sequence.committed:1", "sequence.begun:1"},
		"marks":               {"data.committed:2", "analyze.committed:1", "unit.after-settle:14"},
	}
	if os.Getenv("GODWIT_SLOW") != "" {
		kills["repairs"] = []string{"data.committed:8", "reconcile.copied:1", "reconcile.committed:1", "foreign.committed:1", "view.begun:1", "analyze.begun:1"}
	}
	for name, points := range kills {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := pgtest.Pair(t)
			bank(t, from)
			want := pgtest.Query[int64](t, from, total)
			m := newMove(t, from, to)
			m.env = []string{"GODWIT_CHUNK=1048576"}
			stop := moving(t, from)
			p := m.copy(t, "GODWIT_KILL_AT="+strings.Join(points[:min(1, len(points))], ""))
			for i := 1; i <= len(points) && p.exit(t) == -1; i++ {
				at := ""
				if i < len(points) {
					at = points[i]
				}
				p = m.copy(t, "GODWIT_KILL_AT="+at)
			}
			p.ends(t, 0)
			m.oneMoment(t, want, stop())
			if name != "no kill" && len(m.again(t)) == 0 {
				t.Errorf("nothing was copied again:\n%s", p.said.String())
			}
		})
	}
}

// oneMoment proves that the target is as the source was at one moment; the
// sequence, which knows none, is not behind it.
func (m *move) oneMoment(t *testing.T, want int64, moved int) {
	t.Helper()
	if got := pgtest.Query[int64](t, m.to, total); got != want {
		t.Errorf("the sum is %d, was %d all the time", got, want)
	}
	rows := pgtest.Query[int64](t, m.to, "select count(*) - 20000 from one.move")
	if last := pgtest.Query[int64](t, m.to, "select case when is_called then last_value else 0 end from two.moves"); last < rows {
		t.Errorf("%d moves, but the sequence is at %d", rows, last)
	}
	if n := pgtest.Query[int](t, m.to, "select count(*) from pg_namespace where nspname = 'godwit'"); n > 0 {
		t.Error("schema godwit was left")
	}
	m.checked(t)
	t.Logf("%d moved by the end, %d of all at the target; copied again: %v", moved, rows, m.again(t))
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
