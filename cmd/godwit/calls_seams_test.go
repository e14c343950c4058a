package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// filed is a project whose flow orders delivers the rows of a file.
func filed(t testing.TB, s *newsys.System, process, rows string) *move {
	t.Helper()
	m := newCalls(t, s, 1, process)
	dir := filepath.Dir(m.ledger)
	project, err := os.ReadFile(filepath.Join(dir, "godwit.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "godwit.yaml", string(project)+"  in: {file: {dir: "+dir+"}}\n")
	write(t, dir, "maps/assignment.yaml", "fields:\n  externalId: {from: id}\n  projectId: {from: project}\n  title: {from: title}\n")
	write(t, dir, "flows/orders.yaml", "steps:\n  - load:\n      from: {at: in, objects: all.csv}\n      process: processes/assignment.yaml\n")
	write(t, dir, "all.csv", "id,project,title\n"+rows)
	return m
}

// TestCallsTwiceTurns has a key come a second time, whose answer is lost: what was sent
// in its first turn is known in the next one.
func TestCallsTwiceTurns(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := filed(t, s, created+`    - name: tell
      when: 'op == "update"'
      request: "POST /assignments/${create.id}/annotations"
      body: {externalId: "${key}"}
      in_doubt: {request: "GET /assignments/${create.id}/annotations", params: {externalId: "${key}"}, items: body.results}
`, "5,P,at first\n5,P,as it stays\n")
	s.Break(newsys.Fault{Method: "POST", Path: "/assignments/*/annotations", Count: 1, Do: newsys.CutAfter()})
	m.load(t).ends(t, 0)
	if n := len(s.Annotations()); n != 1 {
		t.Errorf("%d annotations", n)
	}
	if v := s.Verdict(); v.Writes != 3 {
		t.Errorf("%d writes", v.Writes)
	}
	m.checked(t)
}

// beside is another flow with the same records as orders.
func (m *move) beside(t testing.TB) {
	t.Helper()
	write(t, filepath.Dir(m.ledger), "flows/second.yaml", "steps:\n  - load:\n      from: {at: old, table: public.item}\n      process: processes/assignment.yaml\n")
}

// TestCallsRedriveBeside redrives a record while a run that has read it since is at work
// with it: the redrive waits for that, and leaves alone what it has delivered.
func TestCallsRedriveBeside(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 1, created)
	m.beside(t)
	s.Break(newsys.Fault{Method: "POST", Count: 1, Do: newsys.Says(409, "application/json", `{"error":{"message":"no"}}`)})
	m.load(t).ends(t, 3)
	pgtest.Exec(t, m.from, "update item set title = 'newer'")
	p := m.runs(t, "second", "GODWIT_STOP_AT=call.intended:1")
	p.frozen(t)
	again := m.redrives(t, "orders-1", "1")
	eventually(t, "the redrive waits", func() bool {
		status := m.start(t, nil, "status", "redrive-1", "--ledger", m.ledger)
		status.exit(t)
		return strings.Contains(status.said.String(), "wait for second-1")
	})
	p.signal(t, syscall.SIGCONT)
	p.ends(t, 0)
	again.ends(t, 0)
	m.delivered(t, s)
}

// TestCallsTakenOver has what a process had delivered and not settled taken over while it
// is stopped, or killed: what it says of it later is not taken for how it stands.
func TestCallsTakenOver(t *testing.T) {
	t.Parallel()
	for name, env := range map[string]string{"stopped": "GODWIT_STOP_AT=call.lost:1", "killed": "GODWIT_KILL_AT=deliver.prepared:1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{})
			m := newCalls(t, s, 2, created)
			m.env = append(m.env, "GODWIT_LEASE=3s")
			m.beside(t)
			s.Break(newsys.Fault{Method: "POST", Skip: 1, Count: 1, Do: newsys.CutAfter()})
			p := m.load(t, env, "GODWIT_SETTLE_EVERY=2s")
			if name == "stopped" {
				p.frozen(t)
			} else {
				p.ends(t, -1)
			}
			pgtest.Exec(t, m.from, "update item set title = title || ' newer'")
			m.runs(t, "second").ends(t, 0)
			if name == "stopped" {
				p.signal(t, syscall.SIGCONT)
			}
			if p.exit(t) != 0 {
				m.load(t).ends(t, 0)
			}
			pgtest.Exec(t, m.from, "update item set title = replace(title, ' newer', '')")
			m.load(t).ends(t, 0)
			m.delivered(t, s)
		})
	}
}

// TestCallsLoopFreed has two items of a loop come upon a key of the other one each, one
// behind the other's own: nobody waits for what is not delivered.
func TestCallsLoopFreed(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := filed(t, s, created, "")
	dir := filepath.Dir(m.ledger)
	project, err := os.ReadFile(filepath.Join(dir, "godwit.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "godwit.yaml", strings.Replace(string(project), "timeout: 300ms", "timeout: 30s", 1))
	write(t, dir, "flows/orders.yaml", `steps:
  - for_each: {items: '["a", "b"]', as: i, key: "", parallel: 2}
    load: {from: {at: in, objects: "${i}.csv"}, process: processes/assignment.yaml}
`)
	write(t, dir, "a.csv", "id,project,title\n1,P,of a\n")
	write(t, dir, "b.csv", "id,project,title\n2,P,of b\n")
	m.load(t).ends(t, 0)
	write(t, dir, "a.csv", "id,project,title\n7,P,of a\n9,P,of a\n2,P,of a\n11,P,of a\n1,P,of a newer\n")
	write(t, dir, "b.csv", "id,project,title\n8,P,of b\n10,P,of b\n1,P,of b\n12,P,of b\n2,P,of b newer\n")
	write(t, dir, "processes/assignment.yaml", strings.Replace(created, "to:\n", "dead: {group: skip}\nto:\n", 1))
	var came atomic.Int32
	var pairs [3]sync.WaitGroup // both are there, know of each other, and have come upon the other one's
	for i := range pairs {
		pairs[i].Add(2)
	}
	s.Break(newsys.Fault{Method: "POST", Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		pair := &pairs[(came.Add(1)-1)/2]
		pair.Done()
		pair.Wait()
		next.ServeHTTP(w, r)
	}})
	m.load(t).ends(t, 3).says(t, "2 dead letters")
	for _, a := range s.Assignments() {
		if id, title := a["externalId"], fmt.Sprint(a["title"]); (id == "1" || id == "2") && !strings.HasSuffix(title, "newer") {
			t.Errorf("%s is %q", id, title)
		}
	}
}

// TestCallsTwiceBlocked has a key come again in a group that is blocked, while the first
// one is in doubt: what is known of that is not forgotten.
func TestCallsTwiceBlocked(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := filed(t, s, created, "3,Q,\n5,P,one\n5,Q,two\n")
	write(t, filepath.Dir(m.ledger), "maps/assignment.yaml", "fields:\n  externalId: {from: id}\n  projectId: {from: project}\n  title: {from: title, required: true}\n")
	s.Break(newsys.Fault{Method: "POST", Count: 1, Do: newsys.CutAfter()})
	m.load(t).ends(t, 3).says(t, "1 pending")
	if n := len(s.Assignments()); n != 1 {
		t.Errorf("%d objects", n)
	}
	m.checked(t)
}
