package main_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/rig/postgres/pgtest"
)

// torture says how often a slow test kills at random moments, and the seed that they
// come from: a quick one kills the same at its points. GODWIT_KILLS says how often from
// outside, GODWIT_SEED repeats a run.
func torture(t *testing.T, often int) (kills int, seed uint64) {
	t.Helper()
	slow(t)
	kills, seed = often, uint64(time.Now().UnixNano())
	if n, err := strconv.Atoi(os.Getenv("GODWIT_KILLS")); err == nil {
		kills = n
	}
	if n, err := strconv.ParseUint(os.Getenv("GODWIT_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("GODWIT_SEED=%d", seed)
	return kills, seed
}

// TestTorture kills a copy by kill -9 at random moments and starts the same
// command again until it ends; the target must be the source, every time.
func TestTorture(t *testing.T) { // alone: its moments are shares of a measured time
	const scale = 100
	kills, seed := torture(t, 25)
	random := rand.New(rand.NewPCG(seed, 0))

	from, to := pgtest.Pair(t)
	fill(t, from, scale)
	want := state(t, from)
	m := newMove(t, from, to)
	m.env = []string{"GODWIT_CHUNK=" + strconv.Itoa(scale*5000)}
	began := time.Now()
	m.copy(t).ends(t, 0)
	full := time.Since(began)
	m.proved(t, want)
	cut := m.units(t, "data", ledger.Done)
	t.Logf("undisturbed: %s, %d chunks", full.Round(time.Millisecond), cut)
	if cut < 90 {
		t.Errorf("the set was cut into %d chunks only", cut)
	}

	phases, committed, runs := map[string]int{}, 0, 0
	for killed := 0; killed < kills; {
		m.retarget(t)
		runs++
		again := 0
		for {
			p := m.copy(t)
			if killed < kills {
				after := random.Float64() * float64(full) / float64(1+again%3)
				if killed%3 == 2 { // some for certain after a commit
					m.committed(t, p)
					after /= 4
				}
				killed += kill(p, time.Duration(after))
			}
			if code := p.exit(t); code == 0 {
				break
			} else if code != -1 && !killsOwner(p) {
				t.Fatalf("exit %d:\n%s", code, p.said.String())
			}
			again++
			phase := m.phase(t)
			phases[phase]++
			if phase == "after the end" {
				break // only the report is missing
			}
			if m.units(t, "data", ledger.Done) > 0 {
				committed++
			}
		}
		m.proved(t, want)
	}
	t.Logf("%d kills in %d runs, %d of them after the first commit; phases:", kills, runs, committed)
	for _, phase := range slices.Sorted(maps.Keys(phases)) {
		t.Logf("%4d  %s", phases[phase], phase)
	}
	if kills >= 3 && committed == 0 {
		t.Error("no kill came after the first commit")
	}
}

// kill ends a process after a time and counts it, unless it had ended before.
func kill(p *process, after time.Duration) int {
	select {
	case <-p.ended:
		return 0
	case <-time.After(after):
	}
	_ = p.Process.Kill()
	<-p.ended
	if p.ProcessState.Exited() {
		return 0
	}
	return 1
}

// killsOwner says that a run gave up a unit since its owners died with it, too
// many in a row: what kills that follow each other this fast come to. Whoever
// sees that starts it again, and it goes on.
func killsOwner(p *process) bool { return strings.Contains(p.said.String(), "[unit.kills-owner]") }

// committed waits until rows are in, or the process has ended.
func (m *move) committed(t *testing.T, p *process) {
	t.Helper()
	eventually(t, "rows are in", func() bool {
		select {
		case <-p.ended:
			return true
		default:
			return m.units(t, "data", ledger.Done) > 0
		}
	})
}
