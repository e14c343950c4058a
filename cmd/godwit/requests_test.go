package main_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// single is a project that sends requests as steps, with a rule for lost answers.
func single(t testing.TB, s *newsys.System, doubt, end string) *move {
	t.Helper()
	m := newMove(t, "", pgtest.Database(t))
	m.env = []string{"TOKEN=" + token}
	dir := filepath.Dir(m.ledger)
	write(t, dir, "godwit.yaml", fmt.Sprintf(`connections:
  api:
    http: {url: %q, auth: {bearer: {env: TOKEN}}, timeout: 1s, pages: {by: page, size: 2, items: body.results, total: body.total}}
  new: {postgres: {url: %q}}
`, s.URL(), m.to))
	write(t, dir, "flows/single.yaml", `inputs: {project: {type: text, default: "P 1"}}
steps:
  - id: create
    http:
      at: api
      request: POST /assignments
      body: {externalId: A-1, projectId: "${inputs.project}", seq: 1, title: Lay fibre, notes: 1, costs: 12.50}
      in_doubt: `+doubt+`
      undo: {request: "DELETE /assignments/${body.id}", success: "status in [204, 404]"}
  - id: note
    http:
      at: api
      request: "POST /assignments/${steps.create.body.id}/annotations"
      body: {externalId: N-1, of: "${steps.create.body}"}
      in_doubt: {request: "GET /assignments/${steps.create.body.id}/annotations", params: {externalId: N-1}, items: body.results}
  - {if: "steps.create.status in [200, 201] and steps.note.body.id != nil", sql: {at: new, query: "insert into log values (:id)", with: {id: steps.create.body.id}}}
  - {sql: {at: new, query: "`+end+`"}}
`)
	pgtest.Exec(t, m.to, "create table log (id text)")
	return m
}

const (
	lookup = `{request: GET /assignments, params: {externalId: A-1}, items: body.results}`
	byKey  = "idempotency_key"
)

// TestRequestPoints kills a run that sends requests at every point, with answers
// that are lost as well: each took effect once.
func TestRequestPoints(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	for turn, doubt := range []string{lookup, byKey} {
		m := single(t, s, doubt, "select 1")
		for i, point := range shared(turn, 2, "request.intended", "request.answered", "request.remembered", "unit.before-settle@create/request", "unit.after-settle@create/request") {
			for n := 1; n <= 2; n++ {
				if n == 2 && (os.Getenv("GODWIT_SLOW") == "" || strings.HasPrefix(point, "unit") || point == "request.answered") {
					continue // the second answer is lost
				}
				m.unledger(t)
				s.Clear()
				mend := s.Break(newsys.Fault{Method: "POST", Skip: i % 2, Count: 1, Do: newsys.CutAfter()})
				killed := m.runs(t, "single", fmt.Sprintf("GODWIT_KILL_AT=%s:%d", point, n))
				if code := killed.exit(t); n == 1 || code != 0 { // what was looked up was not answered
					killed.ends(t, -1)
					m.runs(t, "single").ends(t, 0)
				}
				mend()
				if v := s.Verdict(); len(v.Duplicates)+len(v.Unfinished) > 0 || len(s.Assignments()) != 1 {
					t.Errorf("killed at %s:%d, %s: %+v, %v", point, n, doubt, v, s.Assignments())
				}
				if got := fmt.Sprintf("%v %v", s.Assignments()[0]["costs"], s.Assignments()[0]["projectId"]); got != "12.5 P 1" {
					t.Errorf("sent was %s", got)
				}
				m.checked(t)
			}
		}
		noToken(t, m)
	}
}

// TestRequestUndo: what a list did that failed is taken back, also when it is not
// known whether it was done, and when it is killed meanwhile.
func TestRequestUndo(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	for turn, doubt := range []string{lookup, byKey} {
		m := single(t, s, doubt, "select 1 / 0")
		for _, at := range shared(turn, 2, "", "request.intended:1", "request.answered:1", "request.intended:3", "request.answered:3", "request.remembered:3") {
			m.unledger(t)
			s.Clear()
			if at != "" {
				m.runs(t, "single", "GODWIT_KILL_AT="+at).ends(t, -1)
			}
			m.runs(t, "single").ends(t, 1)
			if all := s.Assignments(); len(all) > 0 {
				t.Errorf("killed at %q, %s: %v is left", at, doubt, all)
			}
		}
		m.unledger(t)
		m.runs(t, "single", "GODWIT_KILL_AT=request.answered:1").ends(t, -1)
		m.start(t, nil, "cancel", "single-1", "--ledger", m.ledger).ends(t, 0)
		if all := s.Assignments(); len(all) > 0 {
			t.Errorf("cancelled: %v is left", all)
		}
	}
}

// TestRequestAsk: what nobody can find out is asked, and what is answered is done.
func TestRequestAsk(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--took-effect", "--send-again"} {
		s := newSystem(t, 0, newsys.Options{})
		m := single(t, s, "ask", "select 1")
		flow := filepath.Join(filepath.Dir(m.ledger), "flows")
		write(t, flow, "single.yaml", `steps:
  - {id: create, http: {at: api, request: POST /assignments, body: {externalId: A-1, title: x}, in_doubt: ask}}
  - {http: {at: api, request: POST /assignments, body: {externalId: A-2, title: "${steps.create.status}"}, in_doubt: repeat}}
`)
		do := newsys.CutAfter()
		if flag == "--send-again" {
			do = newsys.Cut()
		}
		mend := s.Break(newsys.Fault{Method: "POST", Count: 1, Do: do})
		p := m.runs(t, "single")
		p.ends(t, 1)
		p.says(t, "whether POST /assignments took effect is not known", "godwit answer single-1 create --took-effect")
		mend()
		m.runs(t, "single").ends(t, 1)
		m.start(t, nil, "answer", "single-1", "create", flag, "--reason", "looked", "--ledger", m.ledger).ends(t, 0)
		m.runs(t, "single").exit(t)
		if v := s.Verdict(); len(v.Duplicates) > 0 || len(s.Assignments()) < 1 {
			t.Errorf("%s: %+v", flag, s.Assignments())
		}
	}
}

// TestRequestTurn: a request that has waited long for its turn is in doubt from the
// moment on that it left. Whoever looks whether it took effect does not look too early.
func TestRequestTurn(t *testing.T) {
	slow(t)
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := single(t, s, lookup, "select 1")
	dir := filepath.Dir(m.ledger)
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections: {api: {http: {url: %q, auth: {bearer: {env: TOKEN}}, timeout: 2s, limit: {rate: 24/m}, pages: {by: page, size: 2, items: body.results, total: body.total}}}}\n", s.URL()))
	write(t, dir, "flows/single.yaml", `steps:
  - {http: {at: api, request: GET /assignments}}
  - {http: {at: api, request: POST /assignments, body: {externalId: A-1, title: x}, in_doubt: `+lookup+`}}
`)
	arrived, done := make(chan bool, 2), make(chan bool, 2)
	s.Break(newsys.Fault{Method: "POST", Count: 1, Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		newsys.Late(0)(w, r, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			arrived <- true
			time.Sleep(1500 * time.Millisecond) // it takes effect within the timeout, whoever has gone
			next.ServeHTTP(httptest.NewRecorder(), r)
			done <- true
		}))
	}})
	p := m.runs(t, "single")
	<-arrived
	_ = p.Process.Kill()
	p.ends(t, -1)
	m.runs(t, "single").ends(t, 0)
	<-done
	if all := s.Assignments(); len(all) != 1 {
		t.Errorf("sent were %v", all)
	}
	m.checked(t)
}

// TestRequestUndoRefused: a request whose answer was lost is sent again to be taken
// back. That this is refused says nothing about the one before.
func TestRequestUndoRefused(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := single(t, s, byKey, "select 1")
	s.Break(newsys.Fault{Method: "POST", Count: 1, Do: newsys.CutAfter()})
	m.runs(t, "single", "GODWIT_KILL_AT=request.answered:1").ends(t, -1)
	s.Break(newsys.Fault{Method: "POST", Count: 1, Do: newsys.Unavailable(-1)})
	m.start(t, nil, "cancel", "single-1", "--ledger", m.ledger).ends(t, 0)
	if all := s.Assignments(); len(all) > 0 {
		t.Errorf("%v is left", all)
	}
}
