package main_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestCallsRedriveOlder leaves alone what a later run has delivered when the dead
// letters of an earlier one are redriven: what these were read with is older. What
// somebody has put right since is delivered, and what no later run has brought is, too.
func TestCallsRedriveOlder(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 40, created)
	pgtest.Exec(t, m.from, "create table late as select * from item where seq > 38", "delete from item where seq > 38")
	m.load(t).ends(t, 0)
	pgtest.Exec(t, m.from, "insert into item select * from late", "update item set title = title || ' once' where seq < 5")
	var mend []func()
	for _, method := range []string{"POST", "PUT"} {
		mend = append(mend, s.Break(newsys.Fault{Method: method, Do: newsys.Says(409, "application/json", `{"error":{"message":"no"}}`)}))
	}
	m.load(t).ends(t, 3)
	for _, do := range mend {
		do()
	}
	pgtest.Exec(t, m.from, "update item set title = title || ' and again' where seq in (1, 3, 39)", "create table away as select * from item where seq in (2, 40)", "delete from item where seq in (2, 40)")
	m.load(t).ends(t, 0)
	m.start(t, nil, "dead", "patch", "orders-2", "--key", "000003", "--set", "title=by hand", "--ledger", m.ledger).ends(t, 0)
	s.Forget()
	m.start(t, nil, "redrive", "orders-2", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
	if v := s.Verdict(); v.Writes != 3 {
		t.Errorf("%d writes, of two that the later run has not read and one that was put right", v.Writes)
	}
	pgtest.Exec(t, m.from, "update item set title = 'by hand' where seq = 3", "insert into item select * from away")
	m.delivered(t, s)
}

// refusing has a system take nothing that changes anything.
func refusing(s *newsys.System) (mend func()) {
	post := s.Break(newsys.Fault{Method: "POST", Do: newsys.Says(409, "application/json", `{"error":{"message":"no"}}`)})
	put := s.Break(newsys.Fault{Method: "PUT", Do: newsys.Says(409, "application/json", `{"error":{"message":"no"}}`)})
	return func() { post(); put() }
}

// refusedOnce has six records that a system has refused in the first run, and takes by now.
func refusedOnce(t *testing.T) (*move, *newsys.System) {
	t.Helper()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 6, created)
	mend := refusing(s)
	m.load(t).ends(t, 3)
	mend()
	return m, s
}

// TestCallsRedriveRead: what a later run has read is newer, whatever became of it there:
// equal, filtered, dead, rejected or waiting. What of it is open there is redriven there, before
// or behind the older ones; what no later run has read is delivered, and waits for none of these.
func TestCallsRedriveRead(t *testing.T) {
	t.Parallel()
	for name, runs := range map[string][2]string{"older first": {"orders-2", "orders-3"}, "newer first": {"orders-3", "orders-2"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{})
			m := newCalls(t, s, 40, created)
			m.edit(t, "maps/assignment.yaml", "fields:", "filter: {late: \"doc.seq > 100\"}\nfields:")
			m.load(t).ends(t, 0)
			mend := refusing(s)
			pgtest.Exec(t, m.from, "update item set title = title || ' once' where seq <= 8")
			m.load(t).ends(t, 3)
			pgtest.Exec(t, m.from, "create table away as select * from item where seq = 5", "delete from item where seq = 5",
				"update item set title = 'Assignment ' || seq where seq in (1, 6)", "update item set title = title || ' twice' where seq in (2, 4)",
				"update item set title = null where seq = 3", "update item set seq = 107 where seq = 7", "update item set title = null where seq = 8")
			m.load(t).ends(t, 3)
			mend()
			if runs[0] == "orders-2" {
				m.start(t, nil, "redrive", "orders-2", "--dry-run", "--ledger", m.ledger).ends(t, 0).
					says(t, "1 record of orders-2", "7 records would end as superseded", "orders-3 has some open", "godwit redrive orders-3")
				list := m.start(t, nil, "dead", "list", "orders-2", "--key", "000002", "--json", "--ledger", m.ledger).ends(t, 0)
				id := regexp.MustCompile(`"id": ?([0-9]+)`).FindStringSubmatch(list.said.String())
				m.start(t, nil, "dead", "show", "orders-2", id[1], "--ledger", m.ledger).ends(t, 0).says(t, "orders-3 has it open")
			}
			m.mended(t)
			m.edit(t, "maps/assignment.yaml", "fields:", "filter: {late: \"doc.seq > 100\"}\nfields:")
			s.Forget()
			for _, run := range runs {
				p := m.start(t, nil, "redrive", run, "--ledger", m.ledger, "--progress", "none").ends(t, 0)
				if run == "orders-2" {
					p.says(t, "superseded")
				}
			}
			if v := s.Verdict(); v.Writes != 5 {
				t.Errorf("%d writes, want 5: one that no later run has read, four that are open there", v.Writes)
			}
			pgtest.Exec(t, m.from, "insert into item select * from away", "update item set title = 'none' where title is null", "update item set title = 'Assignment 7' where id = '000007'")
			m.delivered(t, s)
		})
	}
}

// TestCallsRedriveOther: what the run of another flow has said of a record at the same
// place is newer, too, also what its redrive has delivered, and what was dismissed there.
func TestCallsRedriveOther(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 6, strings.Replace(created, "group: project\n", "", 1))
	write(t, filepath.Dir(m.ledger), "flows/other.yaml", "steps:\n  - load:\n      from: {at: old, table: public.item}\n      process: processes/assignment.yaml\n")
	mend := refusing(s)
	m.load(t).ends(t, 3)
	pgtest.Exec(t, m.from, "create table away as select * from item where seq = 6", "delete from item where seq = 6", "update item set title = title || ' later'")
	m.runs(t, "other").ends(t, 3)
	mend()
	m.start(t, nil, "dead", "dismiss", "other-1", "--key", "000001", "--reason", "not wanted", "--ledger", m.ledger).ends(t, 0)
	m.start(t, nil, "redrive", "other-1", "--key", "000002", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
	m.start(t, nil, "dead", "patch", "orders-1", "--key", "000003", "--set", "title=by hand", "--ledger", m.ledger).ends(t, 0)
	m.redriven(t, nil).ends(t, 0)
	if n := len(s.Assignments()); n != 3 {
		t.Errorf("%d objects behind the redrive of the older, want 3", n)
	}
	m.start(t, nil, "redrive", "other-1", "--key", "000004", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
	got := map[string]bool{}
	for _, a := range s.Assignments() {
		got[fmt.Sprint(a["title"])] = true
	}
	for _, title := range []string{"Assignment 2 later", "by hand", "Assignment 4 later", "Assignment 6"} {
		if !got[title] {
			t.Errorf("%q is not there: %v", title, got)
		}
	}
	if len(got) != 4 {
		t.Errorf("%v", got)
	}
	m.checked(t)
}
