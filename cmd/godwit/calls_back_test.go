package main_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestCallsGoneBack has a record that is back in the source after a run had deleted it,
// or was about to, and was killed and cancelled before that was settled: the next run makes
// it anew, once, whether there is a call that updates or not, killed again at each point,
// and also when a verification has seen meanwhile that it is not there.
func TestCallsGoneBack(t *testing.T) {
	t.Parallel()
	update := deleting[strings.Index(deleting, "    - name: update"):strings.Index(deleting, "    - name: remove")]
	kills := [][]string{{"call.intended:1"}, {"call.answered:1"}, {"deliver.prepared:1"}, {"call.answered:1", "call.anew:1"}, {"call.answered:1", "call.answered:2"}, {"deliver.prepared:1", "call.intended:1"}, {"deliver.prepared:1", "call.answered:1"}}
	processes := map[string]string{"update": deleting, "create only": strings.Replace(deleting, update, "", 1), "verified": deleting + readBack}
	for turn, name := range slices.Sorted(maps.Keys(processes)) {
		process := processes[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{Unseen: 50 * time.Millisecond})
			m := newCalls(t, s, 40, process)
			dir := filepath.Dir(m.ledger)
			write(t, dir, "flows/mend.yaml", "steps:\n  - verify: {from: {at: old, table: public.item}, process: processes/assignment.yaml, repair: true}\n")
			m.load(t).ends(t, 0)
			run := 1
			for _, c := range shared(turn, 3, kills...) {
				if name == "verified" && c[len(c)-1] == "call.answered:2" { // the delete is not sent again
					continue
				}
				t.Log(c)
				run += 2
				pgtest.Exec(t, m.from, "drop table if exists away", "create table away as select * from item where id = '000007'", "delete from item where id = '000007'")
				m.load(t, "GODWIT_KILL_AT="+c[0]).ends(t, -1)
				m.start(t, nil, "cancel", fmt.Sprintf("orders-%d", run-1), "--ledger", m.ledger).ends(t, 0)
				pgtest.Exec(t, m.from, "update away set title = title || '!', seq = seq + 1000", "insert into item select * from away")
				if name == "verified" {
					m.proves(t, "mend", 4)
				}
				for _, point := range c[1:] {
					m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
				}
				m.load(t).ends(t, 0)
				m.delivered(t, s)
			}
			m.unchanged(t, s)
		})
	}
}

// TestCallsGoneRedriven: what a later run has found gone, and deleted, is older in the
// dead letters of an earlier one: a redrive does not make it again.
func TestCallsGoneRedriven(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 40, deleting)
	m.load(t).ends(t, 0)
	pgtest.Exec(t, m.from, "update item set title = title || '!' where seq in (7, 8)")
	mend := s.Break(newsys.Fault{Method: "PUT", Do: newsys.Says(409, "application/json", `{"error":{"message":"no"}}`)})
	m.load(t).ends(t, 3)
	mend()
	pgtest.Exec(t, m.from, "create table away as select * from item where seq = 8", "delete from item where seq in (7, 8)")
	m.load(t).ends(t, 0)
	s.Forget()
	m.start(t, nil, "redrive", "orders-2", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
	if v := s.Verdict(); v.Writes != 0 {
		t.Errorf("%d writes of what is gone", v.Writes)
	}
	pgtest.Exec(t, m.from, "update away set seq = 1008", "insert into item select * from away")
	m.load(t).ends(t, 0)
	m.delivered(t, s)
}

// TestCallsLoopAlike has a loop of loads whose items number alike: of each key the record
// that came first is there, the other one is a dead letter, until a redrive delivers it all
// the same. From then on the key is that item's.
func TestCallsLoopAlike(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 20, strings.Replace(created, "group: project\n", "", 1))
	write(t, filepath.Dir(m.ledger), "flows/orders.yaml", `steps:
  - for_each: {items: '["a", "b"]', as: i, key: ""}
    load: {from: {at: old, table: "public.item_${i}"}, process: processes/assignment.yaml}
`)
	pgtest.Exec(t, m.from, "create table item_a as select id, project, seq, title || 'a' as title, notes from item", "alter table item_a add primary key (id)",
		"create table item_b as select id, project, seq, title || 'b' as title, notes from item where seq < 11", "alter table item_b add primary key (id)")
	of := func(item string) (n int) {
		for _, a := range s.Assignments() {
			if title, _ := a["title"].(string); strings.HasSuffix(title, item) {
				n++
			}
		}
		return n
	}
	for _, run := range []string{"orders-1", "orders-2"} {
		m.load(t).ends(t, 3)
		m.start(t, nil, "dead", "list", run, "--ledger", m.ledger).ends(t, 0).says(t, "10 of 10 records", "another item of the loop")
		if of("a") != 20 || of("b") != 0 {
			t.Fatalf("%d objects of the first item, %d of the second", of("a"), of("b"))
		}
	}
	m.start(t, nil, "redrive", "orders-2", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
	if of("a") != 10 || of("b") != 10 {
		t.Errorf("%d objects of the first item, %d of the second", of("a"), of("b"))
	}
	m.load(t).ends(t, 3).says(t, "10 dead letters")
	if of("a") != 10 || of("b") != 10 {
		t.Errorf("%d objects of the first item, %d of the second", of("a"), of("b"))
	}
	m.checked(t)
}

// TestCallsLoopParts: a loop that parts one source by values given to its query, and a
// record that moves from one part to another between two runs: it is updated.
func TestCallsLoopParts(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 20, strings.Replace(created, "group: project\n", "", 1))
	write(t, filepath.Dir(m.ledger), "flows/orders.yaml", `steps:
  - for_each: {items: '["one", "two"]', as: i, key: ""}
    load:
      from: {at: old, query: "select id, project, seq, title, notes from item where state = :i", with: {i: i}}
      process: processes/assignment.yaml
`)
	pgtest.Exec(t, m.from, "alter table item add state text", "update item set state = case when seq % 2 = 0 then 'one' else 'two' end")
	m.load(t).ends(t, 0)
	pgtest.Exec(t, m.from, "update item set state = 'two', title = title || ', moved' where seq % 4 = 0")
	m.load(t).ends(t, 0)
	moved := 0
	for _, a := range s.Assignments() {
		if title, _ := a["title"].(string); strings.HasSuffix(title, ", moved") {
			moved++
		}
	}
	if n := len(s.Assignments()); n != 20 || moved != 5 {
		t.Errorf("%d objects, %d of them moved", n, moved)
	}
	m.checked(t)
}
