package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/unit"
	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
	"godwit/rig/proxy"
)

// newWait is a project with one flow, whose steps write into a table log.
func newWait(t *testing.T, steps string) *move {
	t.Helper()
	m := newMove(t, "", pgtest.Database(t))
	m.env = []string{"TO=" + m.to}
	dir := filepath.Dir(m.ledger)
	write(t, dir, "godwit.yaml", "connections:\n  new: {postgres: {url_secret: {env: TO}}}\n")
	write(t, dir, "flows/f.yaml", "steps:\n"+steps)
	pgtest.Exec(t, m.to, "create table log (n serial, what text, at timestamptz default clock_timestamp())")
	return m
}

func logs(what string) string {
	return fmt.Sprintf("  - {sql: {at: new, query: \"insert into log (what) values ('%s')\"}}\n", what)
}

func (m *move) flow(t *testing.T, env ...string) *process {
	t.Helper()
	return m.start(t, env, "run", "f", "--ledger", m.ledger, "--progress", "none")
}

// command runs one on the ledger to its end.
func (m *move) command(t *testing.T, code int, args ...string) *process {
	t.Helper()
	return m.start(t, nil, append(args, "--ledger", m.ledger)...).ends(t, code)
}

// due is when the step w is over, by the journal.
func (m *move) due(t *testing.T) (due time.Time) {
	t.Helper()
	m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
		events, err := v.Events(ctx, run.ID, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if b, err := unit.Decode[unit.Entered](e); err == nil && e.Kind == unit.NodeEntered && e.Node == "w" {
				due = b.Due
			}
		}
	})
	return due
}

func (m *move) waiting(t *testing.T) {
	t.Helper()
	eventually(t, "the step waits", func() bool { return !m.due(t).IsZero() })
}

// TestWaitKeepsItsClock kills a run that waits, and stops it: whoever goes on
// with it waits for the same time.
func TestWaitKeepsItsClock(t *testing.T) {
	t.Parallel()
	m := newWait(t, logs("before")+"  - {id: w, wait: 6s}\n"+logs("after"))
	p := m.flow(t)
	m.waiting(t)
	due := m.due(t)
	p.signal(t, syscall.SIGKILL)
	p.ends(t, -1)
	p = m.command(t, 0, "status", "f-1")
	p.says(t, "lost: nobody owns it", "waits   step w: waits 6s, until "+due.UTC().Format("2006-01-02 15:04:05 MST"), "resume: godwit resume f-1")
	p = m.flow(t)
	eventually(t, "it is gone on with", func() bool { return m.events(t, unit.RunResumed) == 1 })
	p.signal(t, syscall.SIGINT)
	p.ends(t, 5)
	if got := m.due(t); !got.Equal(due) {
		t.Fatalf("due %v, was %v", got, due)
	}
	m.flow(t).ends(t, 0)
	at := pgtest.Query[time.Time](t, m.to, "select at from log where what = 'after'")
	if late := at.Sub(due); late < 0 || late > 20*time.Second {
		t.Errorf("it went on %v after it was due", late)
	}
	if n := pgtest.Query[int](t, m.to, "select count(*) from log"); n != 2 {
		t.Errorf("%d lines", n)
	}
	m.checked(t)
	p = m.command(t, 0, "report", "f-1", "--json")
	var r struct {
		Waits []struct {
			Unit    string
			Seconds float64
		}
	}
	if err := json.Unmarshal(p.said.Bytes(), &r); err != nil || len(r.Waits) != 1 || r.Waits[0].Unit != "step w" || r.Waits[0].Seconds < 6 {
		t.Errorf("%v: %+v", err, r)
	}
}

// TestWaitForKilled kills a run that asks: the time out of the step counts from
// its beginning, whoever owns it.
func TestWaitForKilled(t *testing.T) {
	t.Parallel()
	m := newWait(t, "  - {id: w, wait_for: {at: new, query: 'select count(*) as n from log', until: 'rows[0].n > 0', every: 50ms, timeout: 1h, otherwise: continue}}\n"+logs("after"))
	for range 3 {
		m.flow(t, "GODWIT_KILL_AT=probe.asked:3").ends(t, -1)
	}
	due := m.due(t)
	p := m.flow(t)
	eventually(t, "it asks again", func() bool { return m.events(t, unit.UnitRetry) > 8 })
	if got := m.due(t); !got.Equal(due) {
		t.Errorf("due %v, was %v", got, due)
	}
	pgtest.Exec(t, m.to, "insert into log (what) values ('there')")
	p.ends(t, 0)
	m.checked(t)
}

// TestApproveWhileNobodyOwnsIt: an answer is kept for who goes on; it is no
// answer to a question that comes later.
func TestApproveWhileNobodyOwnsIt(t *testing.T) {
	t.Parallel()
	m := newWait(t, `  - for_each: {items: '["a", "b"]', as: who, parallel: 2}
    id: w
    approve: {ask: "Move ${who}?", timeout: 1h}
`+logs("moved")+`  - {id: again, approve: {ask: "Again?"}}
`)
	p := m.flow(t)
	m.waits(t, "w[a]")
	p.signal(t, syscall.SIGINT)
	p.ends(t, 5)
	p = m.command(t, 2, "approve", "f-1")
	p.says(t, "f-1 asks 2 questions: say which one is answered [approve.nothing]", `w[a] asks "Move a?", for the operator`, "godwit approve f-1 w[b]")
	m.command(t, 0, "approve", "f-1", "w[b]").says(t, "Nobody drives it: godwit resume f-1")
	m.command(t, 0, "approve", "f-1", "w[b]") // twice is once
	m.command(t, 0, "approve", "f-1", "w[a]", "--reason", "it is time")
	p = m.flow(t)
	m.waits(t, "again")
	p.signal(t, syscall.SIGKILL)
	p.ends(t, -1)
	m.command(t, 0, "status", "f-1").says(t, `step again: asks "Again?", for the operator`, "to end it: godwit approve f-1")
	p = m.flow(t)
	m.command(t, 0, "approve", "f-1").says(t, "f-1 again: approved by")
	p.ends(t, 0)
	if n := pgtest.Query[int](t, m.to, "select count(*) from log"); n != 1 {
		t.Errorf("%d lines", n)
	}
	p = m.command(t, 0, "report", "f-1", "--json")
	p.says(t, "it is time", "approved by")
}

// waits waits until a step has begun to.
func (m *move) waits(t *testing.T, step string) {
	t.Helper()
	eventually(t, "step "+step+" waits", func() (yes bool) {
		m.look(t, func(ctx context.Context, v *ledger.View, run ledger.Run) {
			events, _ := v.Events(ctx, run.ID, 0, 0)
			for _, e := range events {
				yes = yes || e.Kind == unit.NodeEntered && e.Node == step
			}
		})
		return yes
	})
}

// shows waits until status says words: its owner writes once a second.
func (m *move) shows(t *testing.T, words ...string) {
	t.Helper()
	eventually(t, strings.Join(words, ", "), func() bool {
		said := m.command(t, 0, "status", "f-1").said.String()
		for _, w := range words {
			if !strings.Contains(said, w) {
				return false
			}
		}
		return true
	})
}

// TestCancelWhileWaiting: what was done is taken back, the end runs.
func TestCancelWhileWaiting(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]string{
		"wait": "wait: 1h", "approve": `approve: {ask: "Go?"}`, "wait_for": `wait_for: {at: new, query: "select 1 as n", until: "rows[0].n == 2", every: 1h}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newWait(t, "  - {id: w, "+step+"}\n"+logs("after")+"finally:\n"+logs("end"))
			p := m.flow(t)
			m.waits(t, "w")
			m.command(t, 0, "cancel", "f-1")
			p.ends(t, 1)
			if got := pgtest.Query[string](t, m.to, "select string_agg(what, ',') from log"); got != "end" {
				t.Errorf("%s", got)
			}
			m.command(t, 2, "approve", "f-1").says(t, "asks nothing")
		})
	}
}

// TestWaitForIsThere: the system that a step waits for, and those behind it need,
// is away when the run is started.
func TestWaitForIsThere(t *testing.T) {
	t.Parallel()
	m := newWait(t, "  - {id: w, wait_for: {at: old, every: 100ms}}\n  - {load: {from: {at: old, table: item}, key: id, to: {at: new, table: item}}}\n")
	old := proxy.New(t, pgtest.Database(t))
	write(t, filepath.Dir(m.ledger), "godwit.yaml", "connections:\n  old: {postgres: {url_secret: {env: OLD}}}\n  new: {postgres: {url_secret: {env: TO}}}\n")
	m.env = append(m.env, "OLD="+old.URL())
	pgtest.Exec(t, old.URL(), "create table item (id int primary key); insert into item values (1), (2)")
	pgtest.Exec(t, m.to, "create table item (id int primary key)")
	old.Refuse()
	m.command(t, 0, "doctor", "f").says(t, "a step before waits for it")
	m.command(t, 0, "plan", "f").says(t, "until old answers, asked every", "behind what waits for its systems")
	p := m.flow(t)
	eventually(t, "it has asked", func() bool { return m.events(t, unit.UnitRetry) > 1 })
	m.shows(t, "step w: waits until old answers", "last answer: ask old: ")
	old.Resume()
	p.ends(t, 0)
	if n := pgtest.Query[int](t, m.to, "select count(*) from item"); n != 2 {
		t.Errorf("%d items", n)
	}
	m.checked(t)
}

// TestWaitForRequest: jobs of an API are waited for; answers that are none, and
// texts of it, neither end it nor are they told.
func TestWaitForRequest(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{Jobs: 4 * time.Second})
	m := newWait(t, `  - id: w
    wait_for:
      at: api
      request: "GET /jobs"
      params: {kind: planboard, state: open}
      until: "body.total == 0 and body.results[0].kind == nil"
      every: 100ms
`+logs("after"))
	m.env = append(m.env, "TOKEN="+token)
	write(t, filepath.Dir(m.ledger), "godwit.yaml", fmt.Sprintf("connections:\n  api: {http: {url: %q, auth: {bearer: {env: TOKEN}}}}\n  new: {postgres: {url_secret: {env: TO}}}\n", s.URL()))
	postTo(t, s, "/planboards", `{"externalId": "p1"}`)
	mend := s.Break(newsys.Fault{Path: "/jobs", Do: newsys.HTML(503)})
	p := m.flow(t)
	eventually(t, "it has asked", func() bool { return m.events(t, unit.UnitRetry) > 1 })
	m.shows(t, "last answer: status = 503")
	mend()
	p.ends(t, 0)
	if strings.Contains(p.said.String(), "planboard,") {
		t.Error(p.said.String())
	}
	s.Break(newsys.Fault{Path: "/jobs", Do: newsys.Says(401, "text/plain", "who are you?")})
	m.flow(t).ends(t, 2).says(t, "ask api: GET /jobs: 401 Unauthorized")
}

func postTo(t *testing.T, s *newsys.System, path, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+path, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusAccepted {
		t.Fatalf("%s: %s", path, a.Status)
	}
}
