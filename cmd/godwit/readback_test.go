package main_test

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"

	"github.com/google/go-cmp/cmp"
)

// withReads is a process with notes that says how all of it is read back.
func withReads(keyed bool) string {
	return withNotes(keyed) + `      read:
        request: "GET /assignments/${create.id}/annotations"
        items: body.results
        key: item.externalId
        map: {text: item.text}
` + readBack
}

// readBack says how assignments are read.
const readBack = `  read:
    request: "GET /assignments/${create.id}"
    map: {externalId: body.externalId, title: body.title, seq: body.seq, projectId: body.projectId}
`

// twoNotes gives two notes to the items that a condition behind it names.
const twoNotes = `update item set notes = jsonb_build_array(jsonb_build_object('id', id || 'a', 'text', 'one'), jsonb_build_object('id', id || 'b', 'text', 'two')) `

// newReadBack is a project that has loaded n assignments with two notes for each
// tenth, and a flow that verifies them.
func newReadBack(t testing.TB, s *newsys.System, n int) *move {
	t.Helper()
	m := newCalls(t, s, n, withReads(false))
	dir := filepath.Dir(m.ledger)
	write(t, dir, "maps/assignment.yaml", `fields:
  externalId: {from: id, type: text, required: true}
  projectId: {from: project, required: true}
  seq: {from: seq}
  title: {from: title, required: true, printable: true}
  notes: {expr: "len(doc.notes)"}
`)
	write(t, dir, "flows/prove.yaml", "steps:\n  - verify: {from: {at: old, table: public.item}, process: processes/assignment.yaml}\n")
	write(t, dir, "flows/some.yaml", "steps:\n  - verify: {from: {at: old, table: public.item}, process: processes/assignment.yaml, sample: 20%}\n")
	pgtest.Exec(t, m.from, twoNotes+"where seq % 10 = 0")
	m.load(t).ends(t, 0)
	return m
}

// proves runs a flow that verifies, and gives its differences and what it said.
func (m *move) proves(t testing.TB, flow string, code int) (list []string, said string) {
	t.Helper()
	p := m.start(t, nil, "run", flow, "--json", "--new", "--ledger", m.ledger).ends(t, code)
	return told(t, p.said.String()).unlike, p.said.String()
}

func idOf(t testing.TB, s *newsys.System, external string) string {
	t.Helper()
	for _, a := range s.Assignments() {
		if a["externalId"] == external {
			return a["id"].(string)
		}
	}
	t.Fatalf("there is no %s", external)
	return ""
}

// byHand sends a request, as somebody may do who works with the system.
func byHand(t testing.TB, s *newsys.System, method, path, body string) (answer string) {
	t.Helper()
	r, err := http.NewRequest(method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode > 299 {
		t.Fatalf("%s %s: %s, %v", method, path, a.Status, err)
	}
	return string(b)
}

// TestReadBack finds what somebody has changed behind an API: a field, a note that is
// lost, one that is nobody's, an object that was deleted; and nothing else.
func TestReadBack(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newReadBack(t, s, 200)
	s.Forget()
	if list, said := m.proves(t, "prove", 0); len(list) > 0 {
		t.Fatalf("%q of what is equal\n%s", list, said)
	}
	if v := s.Verdict(); v.Writes != 0 {
		t.Errorf("verify wrote %d times", v.Writes)
	}
	byHand(t, s, "PUT", "/assignments/"+idOf(t, s, "000007"), `{"externalId":"000007","projectId":"P7","seq":7,"title":"by somebody","notes":0}`)
	byHand(t, s, "DELETE", "/assignments/"+idOf(t, s, "000011"), "")
	byHand(t, s, "POST", "/assignments/"+idOf(t, s, "000012")+"/annotations", `{"externalId":"own","text":"mine"}`)
	s.DropNotes(func(note newsys.Object) bool { return note["externalId"] == "000020b" })
	list, said := m.proves(t, "prove", 4)
	want := []string{
		"api.assignment changed id=000007 title Assignment 7 by somebody",
		"api.assignment missing id=000011",
		"api.assignment/note extra id=000012,note=own",
		"api.assignment/note missing id=000020,note=000020b",
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, said)
	}
	m.checked(t)
	noToken(t, m)
}

// TestReadBackSample asks for a share of the records, the same ones each time, while
// the system wants to be left alone now and then, and breaks connections.
func TestReadBackSample(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newReadBack(t, s, 400)
	for _, f := range []newsys.Fault{{Method: "GET", Share: 0.1, Do: newsys.Throttle(0)}, {Method: "GET", Share: 0.1, Do: newsys.Unavailable(0)}, {Method: "GET", Share: 0.05, Do: newsys.Cut()}} {
		s.Break(f)
	}
	var asked [2]string
	for i := range asked {
		s.Forget()
		if list, said := m.proves(t, "some", 0); len(list) > 0 {
			t.Fatalf("%q\n%s", list, said)
		}
		seen := map[string]bool{}
		for _, r := range s.Arrivals() {
			if path := r.Path; r.Method == "GET" && strings.Count(path, "/") == 2 {
				seen[path] = true
			}
		}
		if len(seen) < 40 || len(seen) > 120 {
			t.Errorf("%d of 400 were asked for, 20 %% are wanted", len(seen))
		}
		for path := range seen {
			asked[i] = max(asked[i], path)
		}
		asked[i] += fmt.Sprint(len(seen))
	}
	if asked[0] != asked[1] {
		t.Errorf("another sample: %v", asked)
	}
}

// TestReadBackUnreadable ends with a fault that names the record.
func TestReadBackUnreadable(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newReadBack(t, s, 40)
	s.Break(newsys.Fault{Method: "GET", Path: "/assignments/" + idOf(t, s, "000009"), Do: newsys.HTML(200)})
	_, said := m.proves(t, "prove", 1)
	if !strings.Contains(said, "verify.answer") || !strings.Contains(said, "assignment/000009") {
		t.Errorf("it says\n%s", said)
	}
}

// TestReadBackRepair has what differs sent again by the next run of the load: as an
// update, as a note, as a new object where it is not there; nothing else is sent, and
// what a look-up finds is not made twice.
func TestReadBackRepair(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newReadBack(t, s, 200)
	dir := filepath.Dir(m.ledger)
	for flow, repair := range map[string]string{"mend": ", repair: true", "prove": ""} {
		write(t, dir, "flows/"+flow+".yaml", "steps:\n  - verify: {from: {at: old, table: public.item}, process: processes/assignment.yaml"+repair+"}\n")
	}
	s.Set("000007", "title", "by somebody")
	s.Set("000007", "remark", "by somebody")
	m.remove(t, s, "000030")
	s.DropNotes(func(note newsys.Object) bool { return note["externalId"] == "000020b" })
	hidden := s.Break(newsys.Fault{Method: "GET", Path: "/assignments/" + idOf(t, s, "000012"), Do: newsys.Says(404, "application/json", "{}")})
	if list, said := m.proves(t, "mend", 4); len(list) != 6 || !strings.Contains(said, `"repaired":4`) {
		t.Errorf("%q\n%s", list, said)
	}
	hidden()
	s.Forget()
	m.load(t).ends(t, 0)
	if v := s.Verdict(); v.Writes != 1+2+3+1 || len(v.Duplicates) > 0 {
		t.Errorf("%d writes: an update, one with a note, an object with two notes, an update of the one that was hidden; duplicates %q", v.Writes, v.Duplicates)
	}
	if list, said := m.proves(t, "prove", 0); len(list) > 0 {
		t.Errorf("%q is still not so\n%s", list, said)
	}
	m.checked(t)
}
