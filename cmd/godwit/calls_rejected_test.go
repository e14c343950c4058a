package main_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// rejecting is a load of n records in 12 groups. A map rejects the first ones of P1, P2
// and P3, and one of P4 that stands behind one that the system refuses.
func rejecting(t testing.TB, n int, policy string) (m *move, s *newsys.System, mend func()) {
	t.Helper()
	s = newSystem(t, 0, newsys.Options{Latency: [2]time.Duration{0, 5 * time.Millisecond}})
	mend = poisoned(s, `"000016"`, newsys.Says(422, "application/json", `{"error":{"message":"poison"}}`))
	m = newCalls(t, s, n, strings.Replace(created, "to:\n", "dead: {group: "+policy+"}\nto:\n", 1))
	pgtest.Exec(t, m.from, "update item set project = 'P' || seq % 12", "update item set title = null where seq in (1, 2, 3, 28)")
	return m, s, mend
}

// mended has the map take what it rejected.
func (m *move) mended(t testing.TB) {
	t.Helper()
	write(t, filepath.Dir(m.ledger), "maps/assignment.yaml", `fields:
  externalId: {from: id, type: text, required: true}
  projectId: {from: project, required: true}
  seq: {from: seq}
  title: {from: title, default: none}
  notes: {expr: "len(doc.notes)"}
`)
}

func (m *move) redriven(t testing.TB, env []string, flags ...string) *process {
	t.Helper()
	return m.start(t, env, append([]string{"redrive", "orders-1", "--ledger", m.ledger, "--progress", "none"}, flags...)...)
}

// allOnce: all is there, once, and nothing of it is sent again.
func (m *move) allOnce(t testing.TB, s *newsys.System, want int, ordered bool) {
	t.Helper()
	v := s.Verdict()
	if n := len(s.Assignments()); n != want || len(v.Duplicates) > 0 || ordered && len(v.Disorder) > 0 {
		t.Errorf("%d objects, want %d; verdict: %d twice, %d out of order, as %q", n, want, len(v.Duplicates), len(v.Disorder), v.Disorder[:min(5, len(v.Disorder))])
	}
	m.checked(t)
	s.Forget()
	m.load(t).ends(t, 0)
	if v := s.Verdict(); v.Writes != 0 {
		t.Errorf("%d writes behind the redrive", v.Writes)
	}
}

// TestCallsRejected: a rejected record is to its group what a dead one is, and a redrive of
// all keeps the order of the source, whatever was noted first.
func TestCallsRejected(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]int{"block": 265, "skip": 395, "stop": 395} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			m, s, mend := rejecting(t, 400, policy)
			first := m.load(t)
			stopped := 0
			for policy == "stop" && first.exit(t) == 1 {
				first.says(t, "records.stopped", "dead: {group: stop} ends the step")
				if stopped++; stopped > 5 {
					t.Fatal("it does not go on")
				}
				first = m.load(t)
			}
			if first.ends(t, 3); policy == "stop" && stopped != 5 { // four rejected, one dead
				t.Errorf("it stopped %d times, want 5", stopped)
			}
			if n := len(s.Assignments()); n != want {
				t.Errorf("%d objects, want %d", n, want)
			}
			m.checked(t)
			if policy == "block" {
				m.start(t, nil, "dead", "list", "orders-1", "--key", "000037", "--ledger", m.ledger).ends(t, 0).says(t, "waits for another record of its group", "000001")
				m.redriven(t, nil).ends(t, 3) // nothing was mended: it holds them up again
				if n := len(s.Assignments()); n != want {
					t.Errorf("%d objects behind the redrive of what is not mended, want %d", n, want)
				}
			}
			m.mended(t)
			mend()
			m.redriven(t, nil).ends(t, 0)
			m.allOnce(t, s, 400, policy == "block")
		})
	}
}

// TestCallsRejectedPart redrives a part: what is selected does not come before what is
// left out, where groups are blocked.
func TestCallsRejectedPart(t *testing.T) {
	t.Parallel()
	t.Run("block", func(t *testing.T) {
		t.Parallel()
		m, s, mend := rejecting(t, 400, "block")
		m.load(t).ends(t, 3)
		m.mended(t)
		s.Forget()
		m.redriven(t, nil, "--code", "group.blocked").ends(t, 3)
		if v := s.Verdict(); v.Writes != 0 {
			t.Errorf("%d writes of what waits", v.Writes)
		}
		m.redriven(t, nil, "--outcome", "rejected", "--dry-run").ends(t, 0).says(t, "1 record of step load, in 1 group, would stay pending", "the first 000016")
		m.redriven(t, nil, "--outcome", "rejected").ends(t, 3)
		if n := len(s.Assignments()); n != 268 { // the fourth is behind the dead one
			t.Errorf("%d objects, want 268", n)
		}
		m.start(t, nil, "dead", "list", "orders-1", "--key", "000028", "--ledger", m.ledger).ends(t, 0).says(t, "pending", "000016")
		mend()
		m.redriven(t, nil, "--limit", "1").ends(t, 0) // the first one that is left: of P1
		if n := len(s.Assignments()); n != 269 {
			t.Errorf("%d objects, want 269", n)
		}
		m.start(t, nil, "dead", "dismiss", "orders-1", "--key", "000040", "--reason", "not wanted", "--ledger", m.ledger).ends(t, 0)
		m.redriven(t, nil, "--outcome", "dead").ends(t, 0)
		m.redriven(t, nil).ends(t, 0)
		if v := s.Verdict(); len(s.Assignments()) != 399 || len(v.Disorder) > 0 {
			t.Errorf("%d objects, want 399; %d out of order", len(s.Assignments()), len(v.Disorder))
		}
		m.checked(t)
	})
	for _, policy := range []string{"skip", "stop"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			m, s, mend := rejecting(t, 400, policy)
			for code := 1; code == 1; {
				code = m.load(t).exit(t)
			}
			m.mended(t)
			mend()
			if p := m.redriven(t, nil, "--outcome", "rejected", "--dry-run").ends(t, 0); strings.Contains(p.said.String(), "would stay pending") {
				t.Errorf("it says what waits where nothing does:\n%s", p.said.String())
			}
			m.redriven(t, nil, "--outcome", "rejected").ends(t, 0) // others have gone before what is left
			m.redriven(t, nil, "--outcome", "dead").ends(t, 0)
			m.allOnce(t, s, 400, false)
		})
	}
}

// TestCallsRejectedKilled kills a run whose groups are held up, also between two chunks of
// the records of one, and the redrive.
func TestCallsRejectedKilled(t *testing.T) {
	t.Parallel()
	m, s, mend := rejecting(t, 1600, "block")
	pgtest.Exec(t, m.from, "update item set title = null where seq = 720")
	for _, point := range []string{"load.committed:1", "load.settled:1", "deliver.prepared:1", "deliver.settled:2"} {
		m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
	}
	m.load(t).ends(t, 3)
	if n := len(s.Assignments()); n != 991 { // 59 of P0, one of P4, 133 of each that is not held up
		t.Errorf("%d objects, want 991", n)
	}
	m.mended(t)
	mend()
	small := []string{"GODWIT_EXCEPTIONS=10", "GODWIT_RECORDS=10", "GODWIT_SETTLE=10"}
	for _, point := range []string{"load.committed:1", "load.settled:3", "deliver.prepared:2", "deliver.settled:3"} {
		m.redriven(t, append(small, "GODWIT_KILL_AT="+point)).ends(t, -1)
	}
	m.redriven(t, nil, "--dry-run").ends(t, 0).says(t, "in hand of redrive-1")
	m.redriven(t, small).ends(t, 0)
	m.allOnce(t, s, 1600, true)
}

// TestCallsRejectedAccepted: what was accepted as it is holds nobody up.
func TestCallsRejectedAccepted(t *testing.T) {
	t.Parallel()
	m, s, mend := rejecting(t, 400, "block")
	mend()
	m.load(t).ends(t, 3)
	m.start(t, nil, "issues", "accept", "orders-1", "--rule", "required", "--reason", "they stay there", "--ledger", m.ledger).ends(t, 0)
	m.load(t).ends(t, 0)
	if n := len(s.Assignments()); n != 396 {
		t.Errorf("%d objects, want 396", n)
	}
	pgtest.Exec(t, m.from, "update item set title = title || '!' where seq = 37")
	m.load(t).ends(t, 0)
	titled := fmt.Sprint(s.Assignments())
	if !strings.Contains(titled, "Assignment 37!") {
		t.Error("the change behind an accepted one was not sent")
	}
	m.checked(t)
}
