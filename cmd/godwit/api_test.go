package main_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"

	"github.com/rogpeppe/go-internal/testscript"
)

// token is the login of the systems in these tests: no output may hold it.
const token = "t0ken-of-newsys-4711"

// newAPI is a project with a flow from an API into an empty table.
func newAPI(t testing.TB, s *newsys.System, pages, from string) *move {
	t.Helper()
	m := newMove(t, "", pgtest.Database(t))
	dir := filepath.Dir(m.ledger)
	m.env = []string{"GODWIT_RECORDS=500", "TOKEN=" + token}
	write(t, dir, "godwit.yaml", fmt.Sprintf(`connections:
  api:
    http:
      url: %q
      auth: {bearer: {env: TOKEN}}
      limit: {rate: 200/s, concurrency: 4}
      pages: %s
  new: {postgres: {url: %q}}
`, s.URL(), pages, m.to))
	write(t, dir, "maps/assignment.yaml", `fields:
  id: {from: externalId, required: true}
  project: {from: projectId}
  title: {from: title, required: true}
  costs: {from: costs, type: "decimal(12,2)"}
  urgent: {from: urgent}
  city: {from: address.city}
  labels: {from: labels}
  parent: {from: parentId, missing: as_null}
  remark: {from: remark, missing: as_null}
`)
	write(t, dir, "flows/orders.yaml", "steps:\n  - load:\n      from: "+from+"\n      key: externalId\n      map: maps/assignment.yaml\n      to: {at: new, table: public.item}\n")
	pgtest.Exec(t, m.to, "create table item (id text, project text, title text, costs numeric(12,2), urgent bool, city text, labels jsonb, parent text, remark text)")
	return m
}

func newSystem(t testing.TB, n int, o newsys.Options) *newsys.System {
	t.Helper()
	if o.Login.Bearer == "" {
		o.Login.Bearer = token
	}
	s, err := newsys.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Fill(n)
	return s
}

const assignmentFields = "fields: [externalId, projectId, title, costs, urgent, address, labels, parentId, remark]"

// TestLoadAPI loads from an API that refuses, breaks down and loses its answers,
// killed at each step of a chunk and by chance: the target holds each object
// once, and what was settled is not asked for again.
func TestLoadAPI(t *testing.T) {
	t.Parallel()
	const rows = 5000
	s := newSystem(t, rows, newsys.Options{Seed: 3})
	s.Break(newsys.Fault{Skip: 5, Count: 2, Do: newsys.Throttle(time.Second)})
	s.Break(newsys.Fault{Share: 0.05, Do: newsys.Throttle(0)})
	s.Break(newsys.Fault{Share: 0.1, Do: newsys.Unavailable(-1)})
	s.Break(newsys.Fault{Share: 0.05, Do: newsys.CutAfter()})
	m := newAPI(t, s, "{by: page, size: 100, items: body.results, total: body.total}", "{at: api, request: GET /assignments, "+assignmentFields+"}")
	for _, point := range []string{"load.prepared:2", "load.committed:2"} {
		m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
	}
	ended := false
	for range 2 {
		p := m.load(t)
		kill(p, time.Duration(rand.Int64N(int64(time.Second))))
		code := p.exit(t)
		if code != -1 && code != 0 {
			t.Fatalf("exit %d:\n%s", code, p.said.String())
		}
		if ended = code == 0 || m.phase(t) == "after the end"; ended {
			break // the next one would be another run
		}
	}
	settled := pgtest.Query[int](t, m.to, "select count(*) from item")
	s.Forget()
	if !ended {
		m.load(t).ends(t, 0)
	}
	want := 0
	for _, o := range s.Assignments() {
		if o["remark"] != nil {
			want++
		}
	}
	if got := pgtest.Query[string](t, m.to, `select count(*) || ' ' || count(distinct id) || ' ' || count(parent) || ' ' || count(remark) || ' ' || sum(costs) || ' ' || count(*) filter (where urgent)
		from item where title like 'Assignment %, <house> & "garden"' and city = 'Zwolle' and labels->>0 = 'fiber'`); got != fmt.Sprintf("%d %d %d %d %s %d", rows, rows, rows/7, want, "12504975.00", rows/10) {
		t.Errorf("the target holds %s", got)
	}
	pages, again := 0, 0
	for _, a := range s.Arrivals() {
		var n int
		if _, err := fmt.Sscanf(a.Path, "/assignments?page=%d", &n); err == nil {
			if pages++; n > 1 && n*100 <= settled {
				again++
			}
		}
	}
	if settled < 1000 || again > 0 {
		t.Errorf("%d of %d requests were for the %d objects that were settled before", again, pages, settled)
	}
	v := s.Verdict()
	t.Logf("%d requests, %d in the busiest second, %d at the same time, %d connections", v.Requests, v.Busiest, v.Concurrency, v.Connections)
	if v.Writes > 0 || v.Concurrency > 4 {
		t.Errorf("%+v", v)
	}
	m.checked(t)
	noToken(t, m)
}

// TestLoadAPIOutage: a system that stays away stops the run, which goes on later;
// one whose list changes meanwhile is not believed.
func TestLoadAPIOutage(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 3000, newsys.Options{})
	m := newAPI(t, s, "{by: page, size: 100, items: body.results, total: body.total}", "{at: api, request: GET /assignments, "+assignmentFields+"}")
	flow := filepath.Join(filepath.Dir(m.ledger), "flows/orders.yaml")
	text, err := os.ReadFile(flow)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Dir(flow), "orders.yaml", strings.Replace(string(text), "  - load:", "  - retry: {for: 1s, wait: 100ms}\n    load:", 1))
	mend := s.Break(newsys.Fault{Skip: 12, Do: newsys.HTML(502)})
	m.load(t).ends(t, 5).says(t, "502 Bad Gateway: Bad & broken gateway")
	mend()
	mend = s.Break(newsys.Fault{Skip: 1, Do: newsys.Throttle(time.Hour)})
	s.Forget()
	m.load(t).ends(t, 5).says(t, "no requests are wanted before")
	if v := s.Verdict(); v.Requests > 2 {
		t.Errorf("%d requests within the hour in which none is wanted", v.Requests)
	}
	mend()
	mend = s.Break(newsys.Fault{Skip: 1, Do: newsys.Alter(func(o newsys.Object) { o["total"] = 2999 })})
	m.load(t).ends(t, 1).says(t, "there were 3000 objects, and now there are 2999: the list changed")
	mend()
	m.load(t).ends(t, 0)
	if got := pgtest.Query[string](t, m.to, "select count(*) || ' ' || count(distinct id) from item"); got != "3000 3000" {
		t.Errorf("the target holds %s", got)
	}
	m.checked(t)
	noToken(t, m)
}

// target is the new system of a script.
type target struct {
	*newsys.System
	mend func()
}

// misbehave runs a new system for a script: newsys start N, which sets TOKEN
// and puts its URL in place of $API in godwit.yaml; newsys break EFFECT, of all requests but one to its root; newsys mend.
func misbehave(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value("newsys").(*target)
	switch {
	case neg || len(args) == 0:
		ts.Fatalf("usage: newsys start N | break EFFECT | mend")
	case args[0] == "start":
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		s.System = newSystem(ts.Value("test").(testing.TB), n, newsys.Options{})
		project := ts.ReadFile("godwit.yaml")
		ts.Check(os.WriteFile(ts.MkAbs("godwit.yaml"), []byte(strings.ReplaceAll(project, "$API", s.URL())), 0o600))
		ts.Setenv("API", s.URL())
		ts.Setenv("TOKEN", token)
		ts.Setenv("RIGHT", token)
	case args[0] == "break":
		do, ok := effects[args[1]]
		if !ok {
			ts.Fatalf("there is no effect %s", args[1])
		}
		s.mend = s.Break(newsys.Fault{Path: "/assignments", Do: do})
	case args[0] == "mend":
		s.mend()
	}
}

var effects = map[string]newsys.Effect{
	"html": newsys.HTML(502), "page": newsys.Says(200, "text/html", "<html><head><title>Login</title></head><body><h1>Please log in</h1></body></html>"),
	"truncated": newsys.Truncated(20), "endless": newsys.Endless(), "error": newsys.OKError(), "401": newsys.Says(401, "text/plain", "who are you, "+token+"?"),
	"items": newsys.Alter(func(o newsys.Object) { o["results"] = newsys.Object{"id": 1} }), "total": newsys.Alter(func(o newsys.Object) { o["total"] = 99 }),
	"hour": newsys.Throttle(time.Hour), "elsewhere": newsys.Redirect(302, "http://127.0.0.1:1/"), "objects": newsys.Says(200, "", `{"total":3,"results":[{"externalId":"A","title":"one"},7,{"externalId":"C","title":"x","title":"y"}]}`),
}

// noToken looks for the login in all that was left.
func noToken(t testing.TB, m *move) {
	t.Helper()
	err := filepath.WalkDir(filepath.Dir(m.ledger), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(token)) {
			t.Errorf("%s holds the token", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
