package main_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"godwit/internal/ledger"
	"godwit/rig/postgres/pgtest"
)

// flip is a project whose steps write into a log what they do, and what takes
// them back does so, too.
func flip(t *testing.T, flows map[string]string) *move {
	t.Helper()
	from, to := pgtest.Pair(t)
	m := newMove(t, from, to)
	m.env = []string{"TO=" + to}
	dir := filepath.Dir(m.ledger)
	write(t, dir, "godwit.yaml", "connections: {new: {postgres: {url_secret: {env: TO}}}}\n")
	for name, text := range flows {
		write(t, dir, "flows/"+name+".yaml", text)
	}
	m.unflip(t)
	return m
}

// unflip makes the target anew.
func (m *move) unflip(t *testing.T) {
	t.Helper()
	pgtest.Exec(t, m.to, "drop schema if exists godwit cascade; drop table if exists log; create table log (n serial, what text)")
	for _, end := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(m.ledger + end)
	}
}

func (m *move) flips(t *testing.T, env ...string) *process {
	t.Helper()
	return m.start(t, env, "run", "flip", "--ledger", m.ledger, "--yes", "--progress", "none")
}

// flipped says what was done and taken back, in order.
func (m *move) flipped(t *testing.T) []string {
	t.Helper()
	return pgtest.Column[string](t, m.to, "select what from log order by n")
}

// nested expects that everything that was done was taken back, each once and the
// last first, and that nothing of ours is left.
func (m *move) nested(t *testing.T) {
	t.Helper()
	var open []string
	log := m.flipped(t)
	for _, line := range log {
		what, back := strings.CutPrefix(line, "un")
		switch {
		case !back && slices.Contains(open, what):
			t.Errorf("%s was done twice: %v", what, log)
		case !back:
			open = append(open, what)
		case len(open) == 0 || open[len(open)-1] != what:
			t.Errorf("%s was taken back, in effect were %v: %v", what, open, log)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%v is still in effect: %v", open, log)
	}
	if n := pgtest.Query[int](t, m.to, "select count(*) from pg_namespace where nspname = 'godwit'"); n > 0 {
		t.Error("schema godwit was left")
	}
	m.checked(t)
}

func undoable(id string) string {
	return fmt.Sprintf(`{id: %[1]s, sql: {at: new, query: "insert into log (what) values ('%[1]s')", undo: {query: "insert into log (what) values ('un%[1]s')"}}}`, id)
}

var failing = map[string]string{"flip": "steps:\n" +
	"  - " + undoable("a") + "\n" +
	"  - id: in\n    for_each: {items: '[1, 2]'}\n    steps:\n" +
	"      - sql: {at: new, query: \"insert into log (what) values ('b' || :item)\", undo: {query: \"insert into log (what) values ('unb' || :item)\"}}\n" +
	"  - " + undoable("c") + "\n" +
	"  - {id: fail, sql: {at: new, query: \"select 1 / count(*) from log where what = 'go'\"}}\n"}

// TestUndoPoints kills a run that fails at every point that it passes, also in
// the middle of taking back. Whoever goes on with it leaves nothing done, and has
// taken back nothing twice; with the cause mended everything is done once more.
func TestUndoPoints(t *testing.T) {
	t.Parallel()
	m := flip(t, failing)
	passed := filepath.Join(t.TempDir(), "points")
	m.flips(t, "GODWIT_POINTS="+passed).ends(t, 1)
	m.nested(t)
	points, times := pointsIn(t, passed)
	t.Logf("%d points: %v", len(points), times)
	if times["undo.committed"] != 4 {
		t.Errorf("%d statements were taken back", times["undo.committed"])
	}
	for _, point := range own(points, "undo.", "sql.") {
		for n := 1; n <= times[point]; n++ {
			slow := os.Getenv("GODWIT_SLOW") != ""
			if all := slow && strings.HasPrefix(point, "undo."); !all && n != times[point]/2+1 && !(slow && n == 1) {
				continue
			}
			m.unflip(t)
			m.flips(t, fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n)).ends(t, -1)
			m.flips(t).ends(t, 1)
			m.nested(t)
			if t.Failed() {
				t.Fatalf("killed at %s:%d", point, n)
			}
		}
	}
	pgtest.Exec(t, m.to, "truncate log")
	pgtest.Exec(t, m.to, "insert into log values (default, 'go')")
	m.flips(t).ends(t, 0)
	if got := m.flipped(t); !slices.Equal(got, []string{"go", "a", "b1", "b2", "c"}) {
		t.Errorf("at last: %v", got)
	}
	if n := pgtest.Query[int](t, m.to, "select count(*) from pg_namespace where nspname = 'godwit'"); n > 0 {
		t.Error("schema godwit was left")
	}
	m.checked(t)
}

// TestUndoOfCancelled kills a run at every point and cancels it: the command that
// does takes back what may be in effect, also when it is killed in turn.
func TestUndoOfCancelled(t *testing.T) {
	t.Parallel()
	m := flip(t, failing)
	cancel := func(env ...string) *process {
		return m.start(t, env, "cancel", "flip-1", "--ledger", m.ledger)
	}
	for _, at := range some("sql.begun:2", "sql.ran:2", "sql.noted:3", "sql.committed:1", "sql.committed:3", "unit.before-settle@c/statement:1", "unit.after-settle@c/statement:1",
		"undo.begun:1", "undo.ran:2", "undo.committed:2", "undo.committed:4") {
		m.unflip(t)
		m.flips(t, "GODWIT_KILL_AT="+at).ends(t, -1)
		if cancel().ends(t, 0); t.Failed() {
			t.Fatal(at)
		}
		if m.nested(t); t.Failed() {
			t.Fatalf("killed at %s", at)
		}
	}
	for _, at := range some("undo.begun:1", "undo.ran:1", "undo.committed:1", "undo.committed:2", "unit.before-settle@undo:1", "unit.after-settle@undo:2") {
		m.unflip(t)
		m.flips(t, "GODWIT_KILL_AT=unit.after-settle@c/statement:1").ends(t, -1)
		cancel("GODWIT_KILL_AT="+at).ends(t, -1)
		cancel().exit(t)
		if m.nested(t); t.Failed() {
			t.Fatalf("cancel killed at %s", at)
		}
	}
}

// TestUndoOfCalled: what a called flow did is taken back before what was done in
// front of it, whoever cancels.
func TestUndoOfCalled(t *testing.T) {
	t.Parallel()
	m := flip(t, map[string]string{
		"flip":  "steps:\n  - " + undoable("a") + "\n  - {flow: inner}\n",
		"inner": "steps:\n  - " + undoable("b") + "\n  - " + undoable("c") + "\n  - {sql: {at: new, query: \"select pg_sleep(20)\"}}\n",
	})
	cancel := func(code int) {
		t.Helper()
		m.start(t, nil, "cancel", "flip-1", "--ledger", m.ledger).ends(t, code)
	}
	for _, at := range some("sql.ran@c/statement:1", "sql.committed@c/statement:1", "unit.after-settle@c/statement:1") {
		m.unflip(t)
		m.flips(t, "GODWIT_KILL_AT="+at).ends(t, -1)
		if cancel(0); t.Failed() {
			t.Fatal(at)
		}
		if m.nested(t); t.Failed() {
			t.Fatalf("nobody owns it, killed at %s", at)
		}
	}
	for _, at := range some("sql.ran@c/statement:1", "sql.committed@c/statement:1") {
		m.unflip(t)
		p := m.flips(t, "GODWIT_STOP_AT="+at)
		p.stopped(t)
		cancelled := m.start(t, nil, "cancel", "flip-1", "--ledger", m.ledger)
		eventually(t, "the cancel is asked for", func() (asked bool) {
			m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
				all, err := v.Actions(ctx, run.Parent)
				asked = err == nil && len(all) > 0
			})
			return asked
		})
		p.signal(t, syscall.SIGCONT)
		p.ends(t, 1)
		cancelled.exit(t)
		if m.nested(t); t.Failed() {
			t.Fatalf("its owner cancels, at %s:\n%s", at, p.said.String())
		}
	}
}
