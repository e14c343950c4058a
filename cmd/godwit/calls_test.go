package main_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// newCalls is a project with a flow from a table of n assignments, in groups of
// about 20, into an API.
func newCalls(t testing.TB, s *newsys.System, n int, process string) *move {
	t.Helper()
	m := newMove(t, pgtest.Database(t), "")
	dir := filepath.Dir(m.ledger)
	m.env = []string{"GODWIT_RECORDS=500", "GODWIT_SETTLE=50", "GODWIT_SETTLE_EVERY=200ms", "TOKEN=" + token}
	write(t, dir, "godwit.yaml", fmt.Sprintf(`connections:
  old: {postgres: {url: %q}}
  api:
    http:
      url: %q
      auth: {bearer: {env: TOKEN}}
      timeout: 300ms
      limit: {rate: 1000/s, concurrency: 8}
      error: body?.error?.message
`, m.from, s.URL()))
	write(t, dir, "maps/assignment.yaml", `fields:
  externalId: {from: id, type: text, required: true}
  projectId: {from: project, required: true}
  seq: {from: seq}
  title: {from: title, required: true}
`)
	write(t, dir, "processes/assignment.yaml", process)
	write(t, dir, "flows/orders.yaml", "steps:\n  - load:\n      from: {at: old, table: public.item}\n      process: processes/assignment.yaml\n")
	pgtest.Exec(t, m.from, "create table item (id text primary key, project text, seq int, title text, notes jsonb)",
		fmt.Sprintf(`insert into item select to_char(i, 'FM000000'), 'P' || i %% %d, i, 'Assignment ' || i, jsonb_build_array() from generate_series(1, %d) i`, max(1, n/20), n))
	return m
}

const created = `key: id
group: project
map: maps/assignment.yaml
to:
  at: api
  calls:
    - name: create
      when: 'op == "create"'
      request: POST /assignments
      body: "${record}"
      keep: {id: response.body.id}
      in_doubt: {request: GET /assignments, params: {externalId: "${key}"}, items: body.results, keep: {id: item.id}}
    - name: update
      when: 'op == "update"'
      request: "PUT /assignments/${create.id}"
      body: "${record}"
      in_doubt: repeat
`

// delivered proves what the API has against the source.
func (m *move) delivered(t testing.TB, s *newsys.System) {
	t.Helper()
	want := pgtest.Column[string](t, m.from, "select id || ' ' || project || ' ' || title from item order by id")
	got := map[string]int{}
	for _, a := range s.Assignments() {
		got[fmt.Sprintf("%v %v %v", a["externalId"], a["projectId"], a["title"])]++
	}
	wrong := 0
	for _, w := range want {
		if got[w] != 1 {
			if wrong++; wrong < 5 {
				t.Errorf("%s is there %d times", w, got[w])
			}
		}
		delete(got, w)
	}
	for g := range got {
		if wrong++; wrong < 10 {
			t.Errorf("%s is there, and not at the source", g)
		}
	}
	if v := s.Verdict(); len(v.Duplicates)+len(v.Disorder)+len(v.Unfinished) > 0 {
		t.Errorf("verdict: %.10q %.10q %.10q", v.Duplicates, v.Disorder, v.Unfinished)
	}
	m.checked(t)
}

// TestCalls loads into an API; a second run over the same data sends nothing, one
// over some that are changed sends these.
func TestCalls(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 3000, created)
	m.load(t).ends(t, 0)
	m.delivered(t, s)
	s.Forget()
	m.load(t).ends(t, 0)
	if v := s.Verdict(); v.Writes != 0 {
		t.Errorf("%d writes of what is unchanged", v.Writes)
	}
	pgtest.Exec(t, m.from, "update item set title = title || '!' where seq % 10 = 0")
	m.load(t).ends(t, 0)
	if v := s.Verdict(); v.Writes != 300 {
		t.Errorf("%d writes of 300 that changed", v.Writes)
	}
	m.delivered(t, s)
	noToken(t, m)
}

// TestCallsKilled kills at each named point, and by chance, with lost answers.
func TestCallsKilled(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{Unseen: 100 * time.Millisecond, Seed: 5})
	s.Break(newsys.Fault{Method: "POST", Share: 0.05, Do: newsys.CutAfter()})
	m := newCalls(t, s, 6000, created)
	for _, point := range []string{"load.prepared:2", "load.committed:2", "load.settled:3", "call.counted:1", "call.intended:5", "call.answered:20", "deliver.settled:20",
		"call.lost:1", "deliver.prepared:1", "deliver.settled:1", "deliver.settled:15", "call.looked:3"} {
		t.Log(point)
		m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
	}
	for range 5 {
		p := m.load(t)
		kill(p, 100*time.Millisecond+time.Duration(rand.Int64N(int64(time.Second))))
		if code := p.exit(t); code == 0 || m.phase(t) == "after the end" {
			break
		} else if code != -1 {
			t.Fatalf("exit %d:\n%s", code, p.said.String())
		}
	}
	m.load(t).ends(t, 0)
	m.delivered(t, s)
}
