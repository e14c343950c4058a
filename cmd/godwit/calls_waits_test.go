package main_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// waiting is a load of 240 records in 12 groups, some of which refer to another one of them
// by its id; one to one that never comes.
func waiting(t testing.TB, policy string, refs ...string) (*move, *newsys.System) {
	t.Helper()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 240, strings.Replace(created, "to:\n", "dead: {group: "+policy+"}\nto:\n", 1))
	pgtest.Exec(t, m.from, "alter table item add parent text")
	for _, one := range refs {
		pgtest.Exec(t, m.from, "update item set parent = "+one)
	}
	m.parented(t, "required: true")
	return m, s
}

func (m *move) parented(t testing.TB, title string) {
	t.Helper()
	write(t, filepath.Dir(m.ledger), "maps/assignment.yaml", `fields:
  externalId: {from: id, type: text, required: true}
  projectId: {from: project, required: true}
  seq: {from: seq}
  title: {from: title, `+title+`}
  parentId: {from: parent, ref: assignment}
`)
}

// ordered are the keys of the objects of a project, as they were made.
func ordered(s *newsys.System, project string) (keys []int) {
	for _, a := range s.Assignments() {
		if a["projectId"] == project {
			n, _ := strconv.Atoi(fmt.Sprint(a["externalId"]))
			keys = append(keys, n)
		}
	}
	return keys
}

// TestCallsWaits: a record that waits for what it refers to holds its group up until the
// run itself has delivered it; those behind it come then, in the order of the source,
// also when it is killed between the rounds.
func TestCallsWaits(t *testing.T) {
	t.Parallel()
	refs := []string{
		"to_char(seq + 100, 'FM000000') where seq in (1, 2, 41)",  // of other groups, behind them
		"to_char(seq - 12, 'FM000000') where seq in (15, 27, 39)", // each of the one before it in its group
		"to_char(seq + 24, 'FM000000') where seq = 16",            // of its own group, behind it
		"to_char(seq + 12, 'FM000000') where seq in (17, 29)",     // one that itself waits for such
		"to_char(seq + 100, 'FM000000') where seq % 12 = 6 and seq < 40",
	}
	for turn, policy := range []string{"block", "stop"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			m, s := waiting(t, policy, refs...)
			for _, point := range shared(turn, 2, "blocked.counted:1", "load.settled:2", "deliver.prepared:2", "deliver.settled:4", "blocked.counted:1") {
				if code := m.load(t, "GODWIT_KILL_AT="+point).exit(t); code != -1 {
					t.Errorf("%s was not passed, exit %d", point, code)
				}
			}
			m.load(t).ends(t, 0)
			if n := len(s.Assignments()); n != 240 {
				t.Errorf("%d objects", n)
			}
			for _, p := range []int{1, 2, 3, 6, 7, 8, 9} {
				got := ordered(s, fmt.Sprint("P", p))
				for i := 1; i < len(got); i++ {
					if got[i] < got[i-1] {
						t.Errorf("P%d: %v", p, got)
						break
					}
				}
			}
			if got := fmt.Sprint(ordered(s, "P4")[:4]); got != "[4 40 16 28]" { // what is waited for goes first
				t.Errorf("P4: %s", got)
			}
			if got := fmt.Sprint(ordered(s, "P5")[:4]); got != "[5 41 29 17]" {
				t.Errorf("P5: %s", got)
			}
			m.checked(t)
			m.unchanged(t, s)
		})
	}
}

// TestCallsWaitsOn: what a record waits for does not come in this run. Those behind it wait with it,
// or are delivered, as the step says; once it is there a redrive delivers all, in order.
func TestCallsWaitsOn(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]int{"block": 220, "stop": 220, "skip": 239} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			m, s := waiting(t, policy, "'late' where seq = 5", "'000102' where seq = 29")
			m.load(t).ends(t, 3).says(t, "pending")
			if n := len(s.Assignments()); n != want {
				t.Errorf("%d objects, want %d", n, want)
			}
			m.checked(t)
			if policy != "skip" {
				m.start(t, nil, "dead", "list", "orders-1", "--key", "000017", "--ledger", m.ledger).ends(t, 0).says(t, "waits for another record of its group", "000005")
			}
			if policy == "block" {
				m.redriven(t, nil, "--code", "group.blocked").ends(t, 3) // what holds them up is left out
			}
			m.redriven(t, nil).ends(t, 3) // it has not come yet
			if n := len(s.Assignments()); n != want {
				t.Errorf("%d objects, want %d", n, want)
			}
			write(t, filepath.Dir(m.ledger), "flows/late.yaml", "steps:\n  - load:\n      from: {at: old, query: \"select 'late' id, 'L' project, 1 seq, 'late' title, '[]'::jsonb notes, null parent\"}\n      process: processes/assignment.yaml\n")
			m.runs(t, "late").ends(t, 0)
			m.redriven(t, nil).ends(t, 0)
			if v := s.Verdict(); len(s.Assignments()) != 241 || policy != "skip" && len(v.Disorder) > 0 || len(v.Duplicates) > 0 {
				t.Errorf("%d objects; %q %q", len(s.Assignments()), v.Disorder, v.Duplicates)
			}
			m.checked(t)
			m.unchanged(t, s)
		})
	}
}
