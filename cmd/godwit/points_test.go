package main_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"godwit/rig/postgres/pgtest"
)

// TestPoints kills a copy at every named point that a full run passes. Each
// kill hits the process that went on after the one before; in the slow suite
// each point also gets a run of its own, at its first and at a later passage.
func TestPoints(t *testing.T) {
	t.Parallel()
	from, to := pgtest.Pair(t)
	fill(t, from, 2)
	want := state(t, from)
	m := newMove(t, from, to)
	file := filepath.Join(t.TempDir(), "points")
	m.copy(t, "GODWIT_POINTS="+file).ends(t, 0)
	m.proved(t, want)
	points, times := pointsIn(t, file)
	t.Logf("%d points: %v", len(points), times)
	if len(points) < 15 {
		t.Errorf("a full run passes %v only", points)
	}

	inTurn(t, points, 0, func(env ...string) *process { return m.copy(t, env...) },
		func() { m.retarget(t) }, func() { m.proved(t, want) })
	if os.Getenv("GODWIT_SLOW") == "" {
		return
	}
	for _, point := range points {
		for _, n := range []int{1, times[point]/2 + 1} {
			if n > times[point] {
				continue
			}
			m.retarget(t)
			m.copy(t, fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n)).ends(t, -1)
			m.copy(t).ends(t, 0)
			m.proved(t, want)
		}
	}
}

// inTurn kills a run that ends with a code at one point after the other, each time the
// process that went on after the kill before; where nobody passes it any more the run is
// proved, and made anew.
func inTurn(t *testing.T, points []string, code int, start func(env ...string) *process, anew, proved func()) {
	t.Helper()
	// A unit that was at work in each of the last five kills has failed by the next run.
	on := func(env ...string) int {
		t.Helper()
		p := start(env...)
		if got := p.exit(t); got == -1 || got == code {
			return got
		} else if !killsOwner(p) {
			t.Fatalf("exit %d, want %d, with %v:\n%s", got, code, env, p.said.String())
		}
		return start(env...).exit(t)
	}
	anew()
	for _, point := range points {
		at := "GODWIT_KILL_AT=" + point + ":1"
		if on(at) == code { // the units that pass it are done
			if proved(); t.Failed() {
				t.Fatalf("before the kill at %s", point)
			}
			anew()
			start(at).ends(t, -1)
		}
	}
	if got := on(); got != code {
		t.Fatalf("exit %d behind all kills", got)
	}
	proved()
}

// some are a third of the cases without GODWIT_SLOW, where the others prove the same
// at other moments: what all work does at a point is killed at each of them by
// TestPoints and TestLoadPoints.
func some[T any](cases ...T) []T {
	return shared(1, 3, cases...)
}

// shared are all cases that are one's turn, of so many tests that share them without
// GODWIT_SLOW.
func shared[T any](turn, of int, cases ...T) []T {
	if os.Getenv("GODWIT_SLOW") != "" {
		return cases
	}
	var own []T
	for i := turn % of; i < len(cases); i += of {
		own = append(own, cases[i])
	}
	return own
}

// own are the points with one of these beginnings without GODWIT_SLOW, all that no other
// work passes.
func own(points []string, begin ...string) []string {
	if os.Getenv("GODWIT_SLOW") != "" {
		return points
	}
	return slices.DeleteFunc(slices.Clone(points), func(p string) bool {
		return !slices.ContainsFunc(begin, func(b string) bool { return strings.HasPrefix(p, b) })
	})
}

// passed are the points that runs have passed, and killed those at which one was killed,
// by name.
var passed, killed sync.Map

// spared are the points that were passed and killed at by no test.
func spared() (list []string) {
	passed.Range(func(point, _ any) bool {
		if _, ok := killed.Load(point); !ok {
			list = append(list, point.(string))
		}
		return true
	})
	slices.Sort(list)
	return list
}

// whole reports whether all tests were run.
func whole() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return true
}

// diedAt notes that a process was killed at the point that its environment says.
func diedAt(env []string) {
	for _, e := range env {
		if point, ok := strings.CutPrefix(e, "GODWIT_KILL_AT="); ok {
			killed.Store(point[:max(0, strings.IndexAny(point, "@:"))], true)
		}
	}
}

// pointsIn reads which points were passed, in order, and how often.
func pointsIn(t *testing.T, file string) ([]string, map[string]int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var points []string
	times := map[string]int{}
	for line := range strings.Lines(string(text)) {
		point, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if times[point]++; times[point] == 1 {
			points = append(points, point)
			passed.Store(point, true)
		}
	}
	return points, times
}
