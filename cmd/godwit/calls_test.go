package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// newCalls is a project with a flow from a table of n assignments, in groups of
// about 20, into an API.
func newCalls(t testing.TB, s *newsys.System, n int, process string) *move {
	t.Helper()
	return newCallsFrom(t, s, pgtest.Database(t), n, process)
}

func newCallsFrom(t testing.TB, s *newsys.System, from string, n int, process string) *move {
	t.Helper()
	m := newMove(t, from, "")
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
  notes: {expr: "len(doc.notes)"}
`)
	write(t, dir, "processes/assignment.yaml", process)
	write(t, dir, "flows/orders.yaml", "steps:\n  - load:\n      from: {at: old, table: public.item}\n      process: processes/assignment.yaml\n")
	pgtest.Exec(t, m.from, "create table item (id text primary key, project text, seq int, title text, notes jsonb)",
		fmt.Sprintf(`insert into item select to_char(i, 'FM000000'), 'P' || i %% %d, i, 'Assignment ' || i, jsonb_build_array() from generate_series(1, %d) i`, max(1, n/20), n))
	return m
}

// unchanged runs the load once more, and proves that it writes nothing to the system.
func (m *move) unchanged(t testing.TB, s *newsys.System) {
	t.Helper()
	s.Forget()
	m.load(t).ends(t, 0)
	if v := s.Verdict(); v.Writes != 0 {
		t.Errorf("%d writes of what is unchanged", v.Writes)
	}
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
	m.unchanged(t, s)
	pgtest.Exec(t, m.from, "update item set title = title || '!' where seq % 10 = 0")
	m.load(t).ends(t, 0)
	if v := s.Verdict(); v.Writes != 300 {
		t.Errorf("%d writes of 300 that changed", v.Writes)
	}
	m.delivered(t, s)
	m.edit(t, "maps/assignment.yaml", "title: {from: title,", `title: {from: title, convert: {replace: ["01$", "xx"]},`)
	s.Forget()
	m.load(t).ends(t, 0)
	if v := s.Verdict(); v.Writes != 29 { // 101, 201 ... 2901
		t.Errorf("%d writes of what a field of the map changes", v.Writes)
	}
	noToken(t, m)
}

// calledPoints are where a delivery is killed. Between them some are delivered: five
// deaths in a row without any end a unit.
var calledPoints = []string{"load.prepared:2", "load.committed:2", "load.settled:3", "call.counted:1", "call.intended:5", "call.answered:20", "deliver.settled:20",
	"call.lost:1", "deliver.prepared:1", "deliver.settled:1", "deliver.settled:15", "call.looked:3", "call.delivered:1"}

// TestCallsKilled kills at each named point with lost answers.
func TestCallsKilled(t *testing.T) {
	t.Parallel()
	slow(t)
	s := newSystem(t, 0, newsys.Options{Unseen: 100 * time.Millisecond, Seed: 5})
	s.Break(newsys.Fault{Method: "POST", Share: 0.05, Do: newsys.CutAfter()})
	m := newCalls(t, s, 6000, created)
	for _, point := range calledPoints {
		t.Log(point)
		m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
	}
	m.load(t).ends(t, 0)
	m.delivered(t, s)
}

// withNotes is a process with a second call for each note.
func withNotes(keyed bool) string {
	process := created + `    - name: note
      each: doc.notes
      key: item.id
      request: "POST /assignments/${create.id}/annotations"
      body: {externalId: "${item.id}", text: "${item.text}"}
      in_doubt: {request: "GET /assignments/${create.id}/annotations", params: {externalId: "${item.id}"}, items: body.results}
`
	if keyed {
		process = regexp.MustCompile(`in_doubt: \{.*\}`).ReplaceAllString(process, "in_doubt: idempotency_key")
	}
	return process
}

// TestCallsEach makes a second call for each note, killed and with lost answers: no
// assignment is without its notes, none has one twice, nor is one sent again later.
func TestCallsEach(t *testing.T) {
	t.Parallel()
	for name, process := range map[string]string{"look-up": withNotes(false), "key": withNotes(true)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{Seed: 7})
			for _, path := range []string{"/assignments", "/assignments/*/annotations"} {
				s.Break(newsys.Fault{Method: "POST", Path: path, Share: 0.05, Do: newsys.CutAfter()})
				s.Break(newsys.Fault{Method: "POST", Path: path, Share: 0.05, Do: newsys.Throttle(0)})
			}
			m := newCalls(t, s, 400, process)
			pgtest.Exec(t, m.from, twoNotes+"where seq % 2 = 0")
			for _, point := range []string{"call.answered:90", "call.intended:100", "call.answered:30"} {
				m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
			}
			m.load(t).ends(t, 0)
			m.delivered(t, s)
			m.notes(t, s, 400)
			pgtest.Exec(t, m.from, "update item set title = title || '!' where seq = 2", `update item set notes = notes || '{"id": "new", "text": "three"}' where seq = 4`)
			s.Forget()
			m.load(t).ends(t, 0)
			posts := 0
			for _, a := range s.Arrivals() {
				if a.Method == "POST" && a.Status == 201 {
					posts++
				}
			}
			if posts > 1 {
				t.Errorf("%d notes were sent, of one that is new", posts)
			}
			m.notes(t, s, 401)
		})
	}
}

// notes counts the annotations that are there, and those that are there twice.
func (m *move) notes(t testing.TB, s *newsys.System, want int) {
	t.Helper()
	all := s.Annotations()
	seen := map[string]bool{}
	for _, a := range all {
		id := fmt.Sprint(a["externalId"])
		if seen[id] {
			t.Errorf("note %s is there twice", id)
		}
		seen[id] = true
	}
	if len(all) != want {
		t.Errorf("%d notes, want %d", len(all), want)
	}
}

// TestCallsGroups has a record refused at the head of a group.
func TestCallsGroups(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]struct {
		code    int
		says    string
		objects int
	}{"block": {3, "1 dead letter", 380}, "skip": {3, "1 dead letter", 399}, "stop": {1, "records.stopped", 0}} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{})
			m := newCalls(t, s, 400, strings.Replace(created, "to:\n", "dead: {group: "+policy+"}\nto:\n", 1))
			pgtest.Exec(t, m.from, "update item set title = ' ' where seq = 3")
			m.load(t).ends(t, want.code).says(t, want.says)
			if policy == "stop" {
				m.load(t).ends(t, 3) // goes on behind it
				want.objects = 399
			}
			if n := len(s.Assignments()); n != want.objects {
				t.Errorf("%d objects, want %d", n, want.objects)
			}
			m.checked(t)
			if policy != "block" {
				return
			}
			m.start(t, nil, "dead", "list", "orders-1", "--ledger", m.ledger).ends(t, 0).says(t, "title must not be empty")
			m.start(t, nil, "dead", "show", "orders-1", "1", "--ledger", m.ledger).ends(t, 0).says(t, "POST /assignments", "422")
			m.start(t, nil, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, 3)
			if n := len(s.Assignments()); n != 380 {
				t.Errorf("%d objects, want 380: nothing was mended", n)
			}
			write(t, filepath.Dir(m.ledger), "maps/assignment.yaml", "fields:\n  externalId: {from: id, type: text}\n  projectId: {from: project}\n  seq: {from: seq}\n  title: {from: title, convert: trim, expr: 'value == \"\" ? \"none\" : value'}\n  notes: {expr: \"len(doc.notes)\"}\n")
			m.start(t, nil, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
			pgtest.Exec(t, m.from, "update item set title = 'none' where seq = 3")
			m.delivered(t, s)
			s.Forget()
			m.load(t).ends(t, 0)
			if v := s.Verdict(); v.Writes != 0 {
				t.Errorf("%d writes behind the redrive", v.Writes)
			}
		})
	}
}

// TestCallsUnique: a record that was refused, or waited in its group, does not break a
// rule over many records by itself when it is redriven; others do.
func TestCallsUnique(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 100, created)
	path := filepath.Join(filepath.Dir(m.ledger), "maps", "assignment.yaml")
	rule := func(title string) {
		write(t, filepath.Dir(path), filepath.Base(path), fmt.Sprintf(`fields:
  externalId: {from: code, required: true}
  projectId: {from: project}
  seq: {from: seq}
  title: {from: [%s]}
rules: {one_code: {unique: [externalId]}}
`, title))
	}
	rule("title")
	pgtest.Exec(t, m.from, "alter table item add code text, add named text", "update item set code = 'C' || id", "update item set title = ' ', named = 'named' where seq = 50",
		"update item set code = (select code from item where seq = 50) where seq = 100")
	m.load(t).ends(t, 3)
	m.start(t, nil, "dead", "list", "orders-1", "--ledger", m.ledger).ends(t, 0).says(t, "11 of 11 records", "000050")
	rule("named, title")
	m.start(t, nil, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, 3)
	m.start(t, nil, "dead", "list", "orders-1", "--ledger", m.ledger).ends(t, 0).says(t, "1 of 1 record", "000100", "an earlier record has the same")
	if n := len(s.Assignments()); n != 99 {
		t.Errorf("%d objects, want all but the one with the code of another", n)
	}
}

// TestCallsWithoutSource goes on when what was produced cannot be asked any more.
func TestCallsWithoutSource(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 1000, created)
	m.load(t, "GODWIT_KILL_AT=call.intended:200").ends(t, -1)
	pgtest.Exec(t, m.from, "alter table item rename to away")
	m.load(t).ends(t, 0)
	pgtest.Exec(t, m.from, "alter table away rename to item")
	m.delivered(t, s)
}

// TestCallsOutage: what passes dead-letters nothing; a wrong login neither.
func TestCallsOutage(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{Seed: 9})
	m := newCalls(t, s, 1500, created)
	s.Break(newsys.Fault{Method: "POST", Skip: 200, Count: 1, Do: newsys.Throttle(time.Second)})
	s.Break(newsys.Fault{Method: "POST", Share: 0.1, Do: newsys.Unavailable(-1)})
	s.Break(newsys.Fault{Method: "POST", Share: 0.05, Do: newsys.HTML(502)})
	mend := s.Break(newsys.Fault{Skip: 300, Do: newsys.Unavailable(-1)})
	m.env = append(m.env, "TOKEN=wrong")
	m.load(t).ends(t, 1).says(t, "http.denied")
	m.env = append(m.env, "TOKEN="+token)
	p := m.load(t)
	eventually(t, "some are delivered", func() bool { return len(s.Assignments()) > 50 })
	time.AfterFunc(5*time.Second, mend)
	p.ends(t, 0)
	m.delivered(t, s)
}

// TestCallsRefs: what a call keeps is what other maps refer to, in the same run and
// later; without it a record waits.
func TestCallsRefs(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 60, created)
	dir := filepath.Dir(m.ledger)
	pgtest.Exec(t, m.from, "create table project (id text primary key, name text)", "insert into project select distinct project, case project when 'P1' then ' ' else project end from item")
	write(t, dir, "maps/project.yaml", "fields:\n  externalId: {from: id}\n  title: {from: name}\n")
	write(t, dir, "maps/assignment.yaml", "fields:\n  externalId: {from: id}\n  projectId: {from: project, ref: project}\n  seq: {from: seq}\n  title: {from: title}\n")
	write(t, dir, "processes/project.yaml", strings.NewReplacer("group: project\n", "", "maps/assignment", "maps/project").Replace(created))
	write(t, dir, "flows/orders.yaml", `steps:
  - load: {from: {at: old, table: public.project}, process: processes/project.yaml}
  - load: {from: {at: old, table: public.item}, process: processes/assignment.yaml}
`)
	m.load(t).ends(t, 3).says(t, "1 dead letter", "20 pending")
	pgtest.Exec(t, m.from, "update project set name = id")
	m.load(t).ends(t, 0)
	ids, right := map[string]string{}, 0
	for _, a := range s.Assignments() {
		ids[fmt.Sprint(a["externalId"])] = fmt.Sprint(a["id"])
	}
	for _, a := range s.Assignments() {
		if p := fmt.Sprint(a["projectId"]); strings.HasPrefix(fmt.Sprint(a["externalId"]), "0") && p != "<nil>" {
			n, _ := strconv.Atoi(fmt.Sprint(a["seq"]))
			if p == ids[fmt.Sprintf("P%d", n%3)] {
				right++
			}
		}
	}
	if right != 60 || len(ids) != 63 {
		t.Errorf("%d of 60 assignments have their project, %d objects", right, len(ids))
	}
	m.checked(t)
}

// TestCallsMany measures what many records cost: memory, and what stays in the ledger.
func TestCallsMany(t *testing.T) {
	t.Parallel()
	slow(t)
	n := 200_000
	if many, err := strconv.Atoi(os.Getenv("GODWIT_MANY")); err == nil {
		n = many
	}
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, n, created)
	write(t, filepath.Dir(m.ledger), "godwit.yaml", fmt.Sprintf(`connections:
  old: {postgres: {url: %q}}
  api: {http: {url: %q, auth: {bearer: {env: TOKEN}}, limit: {concurrency: 32}}}
`, m.from, s.URL()))
	m.env = []string{"TOKEN=" + token}
	began := time.Now()
	p := m.load(t).ends(t, 0)
	took := time.Since(began)
	usage := p.ProcessState.SysUsage().(*syscall.Rusage)
	cpu := p.ProcessState.UserTime() + p.ProcessState.SystemTime()
	size := int64(0)
	for _, f := range []string{m.ledger, m.ledger + "-wal"} {
		if info, err := os.Stat(f); err == nil {
			size += info.Size()
		}
	}
	// The memory is at least that of the test itself, from which the process was made.
	t.Logf("%d records in %v, %v of CPU, at most %d MiB, ledger %d bytes a record", n, took.Round(time.Millisecond), cpu, usage.Maxrss>>10, size/int64(n))
	if size/int64(n) > 100 {
		t.Errorf("%d bytes a record", size/int64(n))
	}
	m.delivered(t, s)
}
