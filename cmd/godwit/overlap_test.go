package main_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// newOverlap is a flow that takes as long as its input says, and as its wave is held,
// and writes when it began and when it ended.
func newOverlap(t *testing.T, overlap string) *move {
	t.Helper()
	m := newMove(t, "", pgtest.Database(t))
	m.env = []string{"NO_COLOR=1"}
	write(t, filepath.Dir(m.ledger), "godwit.yaml", fmt.Sprintf("connections:\n  new: {postgres: {url: %q}}\n", m.to))
	write(t, filepath.Dir(m.ledger), "flows/slow.yaml", `inputs: {wave: {type: int}, pause: {type: duration}}
overlap: `+overlap+`
steps:
  - sql: {at: new, query: "insert into log values (default, :run.id || ' began')"}
  - wait: "${inputs.pause}"
  - wait_for: {at: new, query: "select count(*)::int as n from held where wave = :inputs.wave", until: "rows[0].n == 0", every: 100ms}
  - sql: {at: new, query: "insert into log values (default, :run.id || ' ended')"}
`)
	pgtest.Exec(t, m.to, "create table log (n int generated always as identity, what text)", "create table held (wave int)")
	return m
}

func (m *move) slow(t *testing.T, wave int, pause string, flags ...string) *process {
	t.Helper()
	return m.start(t, nil, append([]string{"run", "slow", "--set", fmt.Sprint("wave=", wave), "--set", "pause=" + pause, "--ledger", m.ledger, "--progress", "none"}, flags...)...)
}

// after is when commands that were started before have come to where they wait: they
// had the time of some others.
func (m *move) after(t *testing.T) {
	t.Helper()
	for range 5 {
		m.start(t, nil, "runs", "--ledger", m.ledger).ends(t, 0)
	}
}

func (m *move) logs(t *testing.T, p *process, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d lines in the log", n), func() bool {
		select {
		case <-p.ended:
			t.Fatalf("it has ended:\n%s", p.said.String())
		default:
		}
		return pgtest.Query[int](t, m.to, "select count(*)::int from log") >= n
	})
}

func (m *move) logged(t *testing.T, want ...string) {
	t.Helper()
	if got := pgtest.Column[string](t, m.to, "select what from log order by n"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("log: %v, want %v", got, want)
	}
}

// inTurn expects so many runs, each ended before the next one began.
func (m *move) inTurn(t *testing.T, runs int) {
	t.Helper()
	got := pgtest.Column[string](t, m.to, "select what from log order by n")
	for i := 0; i+1 < len(got); i += 2 {
		if got[i][:6] != got[i+1][:6] {
			t.Errorf("at the same time: %v", got)
		}
	}
	if len(got) != 2*runs {
		t.Errorf("log: %v, want %d runs", got, runs)
	}
}

// TestOverlapRefuse: of one key one run is at work; those of others are not concerned,
// nor is one that comes later.
func TestOverlapRefuse(t *testing.T) {
	t.Parallel()
	m := newOverlap(t, "{key: inputs.wave}")
	pgtest.Exec(t, m.to, "insert into held values (1)")
	first := m.slow(t, 1, "1s")
	m.logs(t, first, 1)
	m.slow(t, 1, "0s").ends(t, 2).says(t, "slow-1 is at work", "run.overlaps")
	m.slow(t, 1, "1s", "--new").ends(t, 2).says(t, "run.overlaps")
	m.slow(t, 2, "0s").ends(t, 0)
	pgtest.Exec(t, m.to, "delete from held")
	first.ends(t, 0)
	m.slow(t, 1, "0s").ends(t, 0)
	m.logged(t, "slow-1 began", "slow-2 began", "slow-2 ended", "slow-1 ended", "slow-3 began", "slow-3 ended")
}

// TestOverlapQueue: the second one begins when the first has ended, however that was.
func TestOverlapQueue(t *testing.T) {
	t.Parallel()
	m := newOverlap(t, "{key: inputs.wave, then: queue}")
	pgtest.Exec(t, m.to, "insert into held values (1)")
	first := m.slow(t, 1, "2s")
	m.logs(t, first, 1)
	second, third := m.slow(t, 1, "1s"), m.slow(t, 1, "2s")
	m.after(t)
	pgtest.Exec(t, m.to, "delete from held")
	first.ends(t, 0)
	second.ends(t, 0).says(t, "waits for slow-")
	third.ends(t, 0)
	m.inTurn(t, 3)
}

// TestOverlapAtOnce starts several at the same moment: none sees another one at work,
// and still one begins when another has ended.
func TestOverlapAtOnce(t *testing.T) {
	t.Parallel()
	m := newOverlap(t, "{then: queue}")
	m.slow(t, 0, "0s").ends(t, 0) // the ledger is there
	var all []*process
	for wave := range 5 {
		all = append(all, m.slow(t, wave, "300ms"))
	}
	for _, p := range all {
		p.ends(t, 0)
	}
	m.inTurn(t, 6)
}

// TestOverlapJoin: the same one is joined, and ended as it ends; when its process is
// killed the joiner goes on with it. One of the same key with other inputs is refused.
func TestOverlapJoin(t *testing.T) {
	t.Parallel()
	m := newOverlap(t, "{key: inputs.wave, then: join}")
	pgtest.Exec(t, m.to, "insert into held values (1)")
	first := m.slow(t, 1, "1s")
	m.logs(t, first, 1)
	second := m.slow(t, 1, "1s")
	m.slow(t, 1, "4s").ends(t, 2).says(t, "run.overlaps")
	m.after(t)
	pgtest.Exec(t, m.to, "delete from held")
	first.ends(t, 0)
	second.ends(t, 0).says(t, "joins slow-1", "slow-1 done")
	m.logged(t, "slow-1 began", "slow-1 ended")

	first = m.slow(t, 1, "2s")
	m.logs(t, first, 3)
	second = m.slow(t, 1, "2s")
	kill(first, 0)
	first.exit(t)
	second.ends(t, 0).says(t, "going on with slow-2") // whether it had joined by then or not
	m.logged(t, "slow-1 began", "slow-1 ended", "slow-2 began", "slow-2 ended")
	m.checked(t)
}
