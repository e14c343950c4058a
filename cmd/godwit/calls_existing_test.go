package main_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"godwit/internal/record"
	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// badge is a second object for each record.
const badge = `    - name: badge
      when: 'op == "create"'
      request: POST /resources
      body: {externalId: "${key}"}
      in_doubt: {request: GET /resources, params: {externalId: "${key}"}, items: body.results}
`

// adopting is a process that takes what is at the system already as its own.
func adopting() string {
	process := strings.Replace(withReads(false), "    - name: note\n", badge+"    - name: note\n", 1)
	return regexp.MustCompile(`\n(    +)(in_doubt: \{.*\})\n`).ReplaceAllString(process, "\n$1$2\n${1}existing: adopt\n")
}

// forgets takes the ledger away, or puts one back.
func (m *move) forgets(t testing.TB, put string) {
	t.Helper()
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(m.ledger + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(m.ledger + ".spool"); err != nil {
		t.Fatal(err)
	}
	if put != "" {
		if err := os.WriteFile(m.ledger, []byte(put), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// seen waits until what was made last is seen by look-ups.
func seen(t testing.TB, s *newsys.System) {
	t.Helper()
	all := s.Assignments()
	last := all[len(all)-1]["externalId"].(string)
	eventually(t, last+" is seen", func() bool {
		return strings.Contains(byHand(t, s, "GET", "/assignments?externalId="+last, ""), `"`+last+`"`)
	})
}

// writes counts requests: objects and badges made, notes made, objects changed.
func writes(s *newsys.System) (n [4]int) {
	for _, a := range s.Arrivals() {
		switch {
		case a.Method == "PUT":
			n[3]++
		case a.Method == "POST" && strings.HasSuffix(a.Path, "/annotations"):
			n[2]++
		case a.Method == "POST" && a.Path == "/resources":
			n[1]++
		case a.Method == "POST":
			n[0]++
		}
	}
	return n
}

func badges(t testing.TB, s *newsys.System) int {
	return strings.Count(byHand(t, s, "GET", "/resources?size=1000", ""), "externalId")
}

// TestCallsExisting loses the ledger, or has an older one put back: what is there is
// found, brought up to date, and not made again, and what is missing is made.
func TestCallsExisting(t *testing.T) {
	t.Parallel()
	parts := regexp.MustCompile(`(?s)^(.*?)(    - name: create\n.*?)(    - name: update\n.*?)(    - name: badge\n.*)$`)
	for name, order := range map[string]string{"update behind create": "$1$2$3$4", "update before create": "$1$3$2$4"} {
		process := parts.ReplaceAllString(adopting(), order)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			existing(t, process)
		})
	}
}

func existing(t *testing.T, process string) {
	s := newSystem(t, 0, newsys.Options{Unseen: 50 * time.Millisecond})
	m := newCalls(t, s, 50, process)
	write(t, filepath.Dir(m.ledger), "flows/prove.yaml", "steps:\n  - verify: {from: {at: old, table: public.item}, process: processes/assignment.yaml}\n")
	pgtest.Exec(t, m.from, twoNotes)
	pgtest.Exec(t, m.from, "create table later as select * from item where seq > 30", "delete from item where seq > 30")
	equal := func() {
		t.Helper()
		m.delivered(t, s)
		if list, said := m.proves(t, "prove", 0); len(list) > 0 {
			t.Errorf("%q\n%s", list, said)
		}
		m.unchanged(t, s)
		m.checked(t)
		if all := len(s.Assignments()); badges(t, s) != all {
			t.Errorf("%d badges of %d", badges(t, s), all)
		}
	}
	m.load(t).ends(t, 0)
	equal()
	older, err := os.ReadFile(m.ledger)
	if err != nil {
		t.Fatal(err)
	}
	pgtest.Exec(t, m.from, "insert into item select * from later where seq <= 40", "update item set title = 'changed' where seq = 2",
		`update item set notes = notes || '{"id": "new", "text": "three"}' where seq = 4`)
	m.load(t).ends(t, 0)
	equal()

	t.Log("an older ledger")
	seen(t, s)
	m.forgets(t, string(older))
	s.Forget()
	m.load(t).ends(t, 0)
	if n := writes(s); n != [4]int{0, 0, 0, 12} { // ten that it does not know, and two that it knows as they were
		t.Errorf("%d writes", n)
	}
	equal()

	t.Log("no ledger, and what a killed run had left half done")
	pgtest.Exec(t, m.from, "insert into item select * from later where seq > 40")
	m.load(t, "GODWIT_KILL_AT=call.answered:1").ends(t, -1)
	s.DropNotes(func(note newsys.Object) bool { return note["externalId"] == "000003b" })
	pgtest.Exec(t, m.from, "update item set title = 'changed too' where seq = 5")
	seen(t, s)
	m.forgets(t, "")
	there := len(s.Assignments())
	want := [4]int{50 - there, 50 - badges(t, s), 2*50 + 1 - len(s.Annotations()), there}
	s.Forget()
	m.load(t).ends(t, 0)
	if n := writes(s); n != want || n[1] == n[0] {
		t.Errorf("%d writes of %d", n, want)
	}
	equal()
}

// TestCallsExistingTwice finds two that could be the record: it is left to a person, and
// nothing is sent for it.
func TestCallsExistingTwice(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 50, adopting())
	m.load(t).ends(t, 0)
	byHand(t, s, "POST", "/assignments", `{"externalId": "000007", "projectId": "P", "title": "by hand"}`)
	m.forgets(t, "")
	s.Forget()
	m.load(t).ends(t, 3)
	open := 0
	m.each(t, func(e record.Exception) {
		if e.Code == "call.ambiguous" && e.Key == "000007" && e.Outcome == record.Pending {
			open++
		}
	})
	if open != 1 {
		t.Errorf("%d are left to a person", open)
	}
	if n := writes(s); n != [4]int{0, 0, 0, 28} { // all of the one project, of the other those before it
		t.Errorf("%d writes", n)
	}
	m.checked(t)
}
