package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestCallsCancelled gives a killed run up: what was in doubt then is found out by the
// next run, what was delivered is not sent again, and the spool is gone.
func TestCallsCancelled(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{Unseen: 100 * time.Millisecond, Seed: 11})
	s.Break(newsys.Fault{Method: "POST", Share: 0.05, Do: newsys.CutAfter()})
	m := newCalls(t, s, 600, withNotes(false))
	pgtest.Exec(t, m.from, `update item set notes = jsonb_build_array(jsonb_build_object('id', id || 'a', 'text', 'one')) where seq % 3 = 0`)
	m.load(t, "GODWIT_KILL_AT=deliver.prepared:3").ends(t, -1)
	m.load(t, "GODWIT_KILL_AT=call.answered:60").ends(t, -1)
	m.start(t, nil, "cancel", "orders-1", "--ledger", m.ledger).ends(t, 0)
	if _, err := os.Stat(m.ledger + ".spool"); !os.IsNotExist(err) {
		t.Errorf("the spool of a cancelled run is there: %v", err)
	}
	m.checked(t)
	pgtest.Exec(t, m.from, "update item set title = 'other ' || seq where seq % 2 = 0")
	m.load(t, "GODWIT_KILL_AT=call.answered:60").ends(t, -1)
	m.load(t).ends(t, 0)
	m.delivered(t, s)
	m.notes(t, s, 200)
	if _, err := os.Stat(m.ledger + ".spool"); !os.IsNotExist(err) {
		t.Errorf("the spool of a run that is done is there: %v", err)
	}
}

// TestCallsSpoolLost: a chunk of the spool that is gone while producing is read again.
func TestCallsSpoolLost(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 5000, created)
	key := pgtest.Query[string](t, m.from, "select id from item limit 1")
	m.start(t, nil, "map", "explain", "orders", key, "--json").ends(t, 0).says(t, `"of":"record","name":"externalId"`)
	m.load(t, "GODWIT_KILL_AT=load.settled:3").ends(t, -1)
	files, err := filepath.Glob(m.ledger + ".spool/*/*")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v %v", files, err)
	}
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	m.load(t, "GODWIT_KILL_AT=call.answered:50").ends(t, -1)
	files, _ = filepath.Glob(m.ledger + ".spool/*/*")
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	m.load(t).ends(t, 1).says(t, "spool.gone")
	if err := os.WriteFile(files[0], text, 0o600); err != nil {
		t.Fatal(err)
	}
	m.load(t).ends(t, 0)
	m.delivered(t, s)
}

// TestCallsAmbiguous: a look-up that finds two is no answer, nor is one that is left to
// a person; both say so, and the record is pending until somebody has decided.
func TestCallsAmbiguous(t *testing.T) {
	t.Parallel()
	for name, process := range map[string]string{"two": created, "ask": regexp.MustCompile(`in_doubt: \{.*\}`).ReplaceAllString(created, "in_doubt: ask")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{})
			m := newCalls(t, s, 100, strings.Replace(process, "group: project\n", "", 1))
			var once sync.Once
			s.Break(newsys.Fault{Method: "POST", Skip: 50, Count: 1, Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
				body, _ := io.ReadAll(r.Body)
				for range 2 {
					r.Body = io.NopCloser(bytes.NewReader(body))
					next.ServeHTTP(httptest.NewRecorder(), r)
				}
				once.Do(func() { newsys.Cut()(w, r, next) })
			}})
			m.load(t).ends(t, 3).says(t, "1 pending record")
			words := map[string]string{"two": "the look-up found 2", "ask": "its answer was lost"}
			m.start(t, nil, "dead", "list", "orders-1", "--outcome", "pending", "--ledger", m.ledger).ends(t, 0).says(t, words[name])
			m.load(t).ends(t, 3) // nothing was decided
			if n := len(s.Assignments()); n != 101 {
				t.Errorf("%d objects, want 101: nobody asked for another one", n)
			}
			m.checked(t)
		})
	}
}

// TestCallsRedriveKilled: a redrive that dies makes no call twice.
func TestCallsRedriveKilled(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 400, withNotes(false))
	pgtest.Exec(t, m.from, `update item set notes = jsonb_build_array(jsonb_build_object('id', id || 'a', 'text', 'one'), jsonb_build_object('id', id || 'b', 'text', 'two')) where seq % 2 = 0`)
	mend := s.Break(newsys.Fault{Method: "POST", Path: "/assignments/*/annotations", Skip: 1, Do: newsys.Says(422, "application/json", `{"error":{"message":"no notes today"}}`)})
	m.load(t).ends(t, 3)
	m.start(t, nil, "dead", "list", "orders-1", "--ledger", m.ledger).ends(t, 0).says(t, "no notes today")
	mend()
	m.start(t, []string{"GODWIT_KILL_AT=load.committed:1"}, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, -1)
	for _, point := range []string{"call.answered:30", "deliver.prepared:2", "deliver.settled:1"} {
		m.start(t, []string{"GODWIT_KILL_AT=" + point}, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, -1)
	}
	m.start(t, nil, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
	m.delivered(t, s)
	m.notes(t, s, 400)
	s.Forget()
	m.load(t).ends(t, 0)
	if v := s.Verdict(); v.Writes != 0 {
		t.Errorf("%d writes behind the redrive", v.Writes)
	}
}

// TestCallsLongGroup: one group that is longer than what is held of it keeps its order,
// and the others do not wait for it.
func TestCallsLongGroup(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{Latency: [2]time.Duration{0, 2 * time.Millisecond}})
	m := newCalls(t, s, 1500, created)
	pgtest.Exec(t, m.from, "update item set project = 'long' where seq <= 1200")
	p := m.load(t)
	others := 0
	eventually(t, "the others are there", func() bool {
		others = 0
		all := s.Assignments()
		for _, a := range all {
			if a["projectId"] != "long" {
				others++
			}
		}
		return others == 300 || len(all) == 1500
	})
	if n := len(s.Assignments()); n > 1000 {
		t.Errorf("%d objects are there with the last of the others", n)
	}
	p.ends(t, 0)
	m.delivered(t, s)
}

// TestCallsTree: records that refer to others of their own entity come behind them,
// whatever their order at the source, also when it is killed between the rounds.
func TestCallsTree(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 300, strings.Replace(created, "group: project\n", "", 1))
	pgtest.Exec(t, m.from, "alter table item add parent text", "update item set parent = to_char(seq + 1, 'FM000000') where seq % 5 <> 0", "update item set parent = 'none' where seq = 200")
	write(t, filepath.Dir(m.ledger), "maps/assignment.yaml", "fields:\n  externalId: {from: id}\n  projectId: {from: project}\n  title: {from: title}\n  parentId: {from: parent, ref: assignment, orphan: nothing}\n")
	for _, point := range []string{"blocked.counted:2", "load.prepared:2", "call.answered:40", "deliver.prepared:2"} {
		m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
	}
	m.load(t).ends(t, 0)
	m.delivered(t, s)
	ids := map[string]string{}
	for _, a := range s.Assignments() {
		ids[fmt.Sprint(a["externalId"])] = fmt.Sprint(a["id"])
	}
	wrong := 0
	for _, a := range s.Assignments() {
		key := fmt.Sprint(a["externalId"])
		n, _ := strconv.Atoi(key)
		want := "<nil>"
		if n%5 != 0 {
			want = ids[fmt.Sprintf("%06d", n+1)]
		}
		if got := fmt.Sprint(a["parentId"]); got != want {
			if wrong++; wrong < 5 {
				t.Errorf("%s has parent %s, want %s", key, got, want)
			}
		}
	}
	m.unchanged(t, s)
}

// TestCallsMultipart sends files with their records; one that is not there is a dead
// letter before anything is sent.
func TestCallsMultipart(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{Seed: 13})
	s.Break(newsys.Fault{Method: "POST", Path: "/assignments/*/documents", Share: 0.1, Do: newsys.CutAfter()})
	m := newCalls(t, s, 60, created+`    - name: file
      when: 'op == "create"'
      request: "POST /assignments/${create.id}/documents"
      multipart:
        meta: {json: {externalId: "${key}", name: "${doc.title}.txt"}}
        file: {at: archive, object: "${key}.txt", type: text/plain}
      keep: {id: response.body.id}
      in_doubt: {request: "GET /assignments/${create.id}/documents", params: {externalId: "${key}"}, items: body.results, keep: {id: item.id}}
      read:
        request: "GET /assignments/${create.id}/documents"
        items: body.results
        key: item.externalId
        map: {meta.name: item.name, file.size: item.bytes, file.sha256: item.sha256}
`)
	dir := filepath.Dir(m.ledger)
	project, err := os.ReadFile(filepath.Join(dir, "godwit.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "godwit.yaml", string(project)+"  archive: {file: {dir: "+filepath.Join(dir, "archive")+"}}\n")
	for i := 1; i < 60; i++ {
		write(t, dir, fmt.Sprintf("archive/%06d.txt", i), fmt.Sprint("content of ", i))
	}
	m.load(t, "GODWIT_KILL_AT=call.answered:50").ends(t, -1)
	m.load(t).ends(t, 3).says(t, "1 dead letter")
	m.start(t, nil, "dead", "list", "orders-1", "--ledger", m.ledger).ends(t, 0).says(t, "multipart.file", "no such file")
	write(t, dir, "archive/000060.txt", "late")
	m.start(t, nil, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
	m.delivered(t, s)
	seen := map[string]int{}
	for _, d := range s.Documents() {
		seen[fmt.Sprint(d.Meta["externalId"], " ", d.Bytes)]++
	}
	for i := 1; i < 60; i++ {
		if want := fmt.Sprintf("%06d %d", i, len(fmt.Sprint("content of ", i))); seen[want] != 1 {
			t.Errorf("%s is there %d times", want, seen[want])
		}
	}
	if len(seen) != 60 || seen["000060 4"] != 1 {
		t.Errorf("%d documents: %v", len(seen), seen["000060 4"])
	}
	write(t, dir, "flows/prove.yaml", "steps:\n  - verify: {from: {at: old, table: public.item}, process: processes/assignment.yaml}\n")
	if list, said := m.proves(t, "prove", 0); len(list) > 0 {
		t.Errorf("%q of what is equal\n%s", list, said)
	}
	write(t, dir, "archive/000008.txt", "another 8")
	list, said := m.proves(t, "prove", 4)
	if len(list) != 2 || !strings.HasPrefix(list[0], "api.assignment/file changed id=000008 file.sha256") || !strings.HasPrefix(list[1], "api.assignment/file changed id=000008 file.size") {
		t.Errorf("%q\n%s", list, said)
	}
}

// TestCallsOneGroup: a single group, longer than what of it may be in memory, is
// delivered once, in its order.
func TestCallsOneGroup(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{})
	m := newCalls(t, s, 300, created)
	pgtest.Exec(t, m.from, "update item set project = 'P'")
	m.load(t).ends(t, 0)
	if v := s.Verdict(); v.Writes != 300 {
		t.Errorf("%d writes of 300 records", v.Writes)
	}
	m.delivered(t, s)
}
