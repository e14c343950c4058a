package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// poisoned has a system answer requests for some records in its own way.
func poisoned(s *newsys.System, words string, do newsys.Effect) (mend func()) {
	return s.Break(newsys.Fault{Method: "POST", Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if regexp.MustCompile(words).Match(body) {
			do(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}})
}

// TestCallsPoison: a record whose request is never answered as it should be becomes a
// dead letter with the system's words once it was tried as often as is said, while the
// others go on; a redrive finds out what became of it. An outage of the system is not that.
func TestCallsPoison(t *testing.T) {
	t.Parallel()
	keyed := regexp.MustCompile(`in_doubt: \{.*\}`).ReplaceAllString(created, "in_doubt: idempotency_key")
	for name, process := range map[string]string{"look-up": created, "key": keyed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{})
			mend := poisoned(s, `"000003"`, newsys.Says(500, "application/json", `{"error":{"message":"poison"}}`))
			m := newCalls(t, s, 400, strings.Replace(process, "to:\n", "dead: {attempts: 4}\nto:\n", 1))
			m.edit(t, "godwit.yaml", "timeout: 300ms", "timeout: 1s")
			m.load(t).ends(t, 3).says(t, "1 dead letter")
			if n := len(s.Assignments()); n != 380 { // it blocks the 19 behind it
				t.Errorf("%d objects, want 380", n)
			}
			sent := ""
			for _, a := range s.Arrivals() {
				if a.Method == "POST" {
					sent += map[int]string{201: ".", 500: "p"}[a.Status]
				}
			}
			if strings.Count(sent, "p") > 4 || strings.Count(sent, ".") != 380 || strings.Count(sent[strings.Index(sent, "p"):strings.LastIndex(sent, "p")], ".") <= 8 {
				t.Errorf("at most 4 tries (p) and 380 others are wanted, and more of these in between than there are requests at the same time:\n%s", sent)
			}
			m.checked(t)
			m.start(t, nil, "dead", "list", "orders-1", "--ledger", m.ledger).ends(t, 0).says(t, "after 4 attempts", "500 Internal Server Error: poison")
			mend()
			m.start(t, nil, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
			m.delivered(t, s)
		})
	}
	t.Run("outage", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t, 0, newsys.Options{})
		m := newCalls(t, s, 400, strings.Replace(keyed, "to:\n", "dead: {attempts: 2}\nto:\n", 1))
		pgtest.Exec(t, m.from, "update item set project = 'P' || seq % 4") // few at a time: each is tried several times
		mend := s.Break(newsys.Fault{Method: "POST", Skip: 200, Do: newsys.Says(500, "application/json", `{"error":{"message":"the database is away"}}`)})
		p := m.load(t)
		// Five that fail in a row are an outage; three probes behind them are more tries than one record has.
		eventually(t, "it is away for long", func() bool { return s.Verdict().Statuses[500] >= 5+3 })
		mend()
		p.ends(t, 0)
		m.delivered(t, s)
	})
}

// TestCallsHead has a record at the head of a group that the system does not take: what
// is behind it waits, is delivered all the same, or the step stops; the redrive keeps
// the order in every group.
func TestCallsHead(t *testing.T) {
	t.Parallel()
	slow(t)
	for policy, want := range map[string]struct{ code, objects int }{"block": {3, 298}, "skip": {3, 397}, "stop": {1, 397}} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{Latency: [2]time.Duration{0, 5 * time.Millisecond}})
			mend := poisoned(s, `"00000[123]"`, newsys.Says(422, "application/json", `{"error":{"message":"poison"}}`))
			m := newCalls(t, s, 400, strings.Replace(created, "to:\n", "dead: {group: "+policy+"}\nto:\n", 1))
			pgtest.Exec(t, m.from, "update item set project = 'P' || seq % 12")
			m.load(t).ends(t, want.code)
			for range 3 { // one of them each time
				if policy == "stop" && m.load(t).exit(t) == 3 {
					break
				}
			}
			if n := len(s.Assignments()); n != want.objects {
				t.Errorf("%d objects, want %d", n, want.objects)
			}
			m.checked(t)
			mend()
			m.start(t, nil, "redrive", "orders-1", "--ledger", m.ledger, "--progress", "none").ends(t, 0)
			inOrder(t, s, policy == "block")
			if policy == "block" {
				m.delivered(t, s)
			}
			s.Forget()
			m.load(t).ends(t, 0)
			if v := s.Verdict(); v.Writes != 0 {
				t.Errorf("%d writes behind the redrive", v.Writes)
			}
		})
	}
}

// inOrder expects all records, those of a group in the order in which they were made;
// of those that were passed over only that they are there.
func inOrder(t testing.TB, s *newsys.System, strict bool) {
	t.Helper()
	last, all := map[string]int{}, s.Assignments()
	for _, a := range all {
		seq := 0
		if _, err := fmt.Sscan(fmt.Sprint(a["seq"]), &seq); err != nil {
			t.Fatal(err)
		}
		p := fmt.Sprint(a["projectId"])
		if seq < last[p] && (strict || seq > 3) {
			t.Errorf("%s: %d came behind %d", p, seq, last[p])
		}
		last[p] = max(last[p], seq)
	}
	if len(all) != 400 {
		t.Errorf("%d objects, want 400", len(all))
	}
}
