package main_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// deleting is a process that deletes what is gone from the source.
const deleting = created + `    - name: remove
      when: 'op == "delete"'
      request: "DELETE /assignments/${create.id}"
  gone: delete
`

// TestCallsGone deletes what is gone from the source, once, also killed at each point
// and with lost answers; what is filtered or rejected is in the source. What somebody
// deleted before is done. A key that comes back is created anew.
func TestCallsGone(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{Unseen: 50 * time.Millisecond, Seed: 3})
	m := newCalls(t, s, 1000, deleting)
	m.load(t).ends(t, 0)
	m.delivered(t, s)
	s.Break(newsys.Fault{Method: "DELETE", Share: 0.05, Do: newsys.CutAfter()})
	m.remove(t, s, "000500")
	pgtest.Exec(t, m.from, "delete from item where seq % 4 = 0")
	m.env = append(m.env, "GODWIT_INDEX=1") // keys are compared in a file
	m.load(t, "GODWIT_KILL_AT=load.prepared:1").ends(t, -1)
	p := m.load(t, "TMPDIR="+filepath.Join(m.ledger, "none"))
	eventually(t, "it waits for room for the file", func() bool {
		s := m.start(t, nil, "status", "orders-2", "--ledger", m.ledger)
		return s.exit(t) == 0 && strings.Contains(s.said.String(), "file for what records are compared by")
	})
	kill(p, 0)
	for _, point := range []string{"absent.prepared:1", "absent.spooled:1", "call.intended:20", "call.answered:100", "deliver.settled:2", "deliver.prepared:1"} {
		t.Log(point)
		m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
	}
	m.load(t).ends(t, 0)
	m.delivered(t, s)
	m.unchanged(t, s)
	pgtest.Exec(t, m.from, "insert into item select to_char(i, 'FM000000'), 'Q', 10000 + i, 'Assignment ' || i, jsonb_build_array() from generate_series(4, 20, 4) i")
	m.load(t).ends(t, 0)
	m.delivered(t, s)
}

// remove takes an object away as somebody may do who works with the system.
func (m *move) remove(t testing.TB, s *newsys.System, external string) {
	t.Helper()
	write(t, filepath.Dir(m.ledger), "flows/spoil.yaml", "steps: [{http: {at: api, request: DELETE /assignments/"+idOf(t, s, external)+"}}]\n")
	m.start(t, nil, "run", "spoil", "--new", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
}

// TestCallsGoneOfOthers leaves alone what the same process has delivered from other
// sources, what the map leaves out, and everything when nothing was read.
func TestCallsGoneOfOthers(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 60, deleting)
	dir := filepath.Dir(m.ledger)
	write(t, dir, "maps/assignment.yaml", `filter: {closed: "doc.title == 'closed'"}
fields:
  externalId: {from: id, type: text, required: true}
  projectId: {from: project, required: true}
  seq: {from: seq}
  title: {from: title, required: true}
`)
	write(t, dir, "flows/orders.yaml", `inputs: {half: {type: int, default: 0}}
steps:
  - load:
      from: {at: old, query: "select * from item where seq % 2 = :inputs.half order by id"}
      key: id
      group: project
      map: maps/assignment.yaml
`+indent(deleting[strings.Index(deleting, "to:"):])+"\n")
	run := func(code int, args ...string) *process {
		p := m.start(t, nil, append([]string{"run", "orders", "--ledger", m.ledger, "--yes", "--progress", "none"}, args...)...)
		return p.ends(t, code)
	}
	run(0)
	run(0, "--set", "half=1")
	if n := len(s.Assignments()); n != 60 {
		t.Fatalf("%d assignments of 60", n)
	}
	pgtest.Exec(t, m.from, "update item set title = 'closed' where seq = 2", "update item set title = null where seq = 4", "delete from item where seq in (6, 7)")
	run(3)
	if n := len(s.Assignments()); n != 59 {
		t.Errorf("%d assignments: of 60 one is gone from this half", n)
	}
	run(0, "--set", "half=1")
	if n := len(s.Assignments()); n != 58 {
		t.Errorf("%d assignments: of 60 two are gone", n)
	}
	pgtest.Exec(t, m.from, "delete from item")
	run(1).says(t, "records.none-read")
	if n := len(s.Assignments()); n != 58 {
		t.Errorf("%d assignments: nothing was read, and some were deleted", n)
	}
}

// TestCallsGoneKeyed makes what was deleted and is back anew, with its notes, of a
// system that answers what it knows by an idempotency key as it did before.
func TestCallsGoneKeyed(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 40, withNotes(true)+deleting[len(created):])
	pgtest.Exec(t, m.from, `update item set notes = jsonb_build_array(jsonb_build_object('id', id || 'a', 'text', 'one')) where seq = 40`)
	m.load(t).ends(t, 0)
	pgtest.Exec(t, m.from, "create table away as select * from item where seq = 40", "delete from item where seq = 40")
	m.load(t).ends(t, 0)
	m.delivered(t, s)
	pgtest.Exec(t, m.from, "insert into item select * from away")
	s.Break(newsys.Fault{Method: "POST", Count: 1, Do: newsys.CutAfter()})
	m.load(t, "GODWIT_KILL_AT=call.answered:1").ends(t, -1)
	m.load(t).ends(t, 0)
	idOf(t, s, "000040")
	if v := s.Verdict(); len(s.Assignments()) != 40 || len(v.Duplicates) > 0 {
		t.Errorf("%d assignments of 40, twice %q", len(s.Assignments()), v.Duplicates)
	}
	m.notes(t, s, 1)
	m.checked(t)
}

// TestCallsGoneRefused leaves a delete that is refused as a dead letter; a redrive
// creates nothing of it, and the next run deletes it.
func TestCallsGoneRefused(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 40, deleting)
	m.load(t).ends(t, 0)
	pgtest.Exec(t, m.from, "delete from item where seq = 7")
	mend := s.Break(newsys.Fault{Method: "DELETE", Do: newsys.Says(409, "application/json", `{"error":{"message":"it is in use"}}`)})
	m.load(t).ends(t, 3).says(t, "1 dead letter")
	m.start(t, nil, "dead", "list", "orders-2", "--ledger", m.ledger).ends(t, 0).says(t, "it is in use")
	mend()
	m.start(t, nil, "redrive", "orders-2", "--ledger", m.ledger, "--progress", "none").ends(t, 3)
	if n := len(s.Assignments()); n != 40 {
		t.Errorf("%d assignments behind the redrive", n)
	}
	m.load(t).ends(t, 0)
	m.delivered(t, s)
}

func indent(text string) string {
	return "      " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n      ")
}
