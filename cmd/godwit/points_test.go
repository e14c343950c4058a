package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
	passed := filepath.Join(t.TempDir(), "points")
	m.copy(t, "GODWIT_POINTS="+passed).ends(t, 0)
	m.proved(t, want)
	points, times := pointsIn(t, passed)
	t.Logf("%d points: %v", len(points), times)
	if len(points) < 15 {
		t.Errorf("a full run passes %v only", points)
	}

	m.retarget(t)
	for _, point := range points {
		if m.copy(t, "GODWIT_KILL_AT="+point+":1").exit(t) == 0 { // the units that pass it are done
			m.proved(t, want)
			m.retarget(t)
			m.copy(t, "GODWIT_KILL_AT="+point+":1").ends(t, -1)
		}
	}
	m.copy(t).ends(t, 0)
	m.proved(t, want)

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

// some are a third of the points without GODWIT_SLOW: what all work does at a
// point is killed at each of them by TestPoints and TestLoadPoints.
func some(points []string) []string {
	if os.Getenv("GODWIT_SLOW") != "" {
		return points
	}
	var third []string
	for i := 1; i < len(points); i += 3 {
		third = append(third, points[i])
	}
	return third
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
		}
	}
	return points, times
}
