package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"godwit/internal/record"
	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// byTitle looks up by what two records may have in common.
func byTitle(process string) string {
	return strings.ReplaceAll(process, `params: {externalId: "${key}"}, items: body.results, keep`, `params: {title: "${record.title}"}, items: body.results, keep`)
}

// cutOnce loses the first request that names something, before it takes effect.
func cutOnce(name string) newsys.Effect {
	var cut atomic.Bool
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err == nil && bytes.Contains(body, []byte(name)) && cut.CompareAndSwap(false, true) {
			newsys.Cut()(w, r, next)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	}
}

// left are the records that are pending with a code, and what is said of them.
func (m *move) left(t testing.TB, code string) (keys []string, said string) {
	t.Helper()
	m.each(t, func(e record.Exception) {
		if e.Code == code && e.Outcome == record.Pending && e.Closed == "" {
			keys, said = append(keys, e.Key), said+e.Text
		}
	})
	slices.Sort(keys)
	return keys, said
}

// mends puts the look-up right, and proves that every record has an object of its own then.
func (m *move) mends(t *testing.T, s *newsys.System) {
	t.Helper()
	m.edit(t, "processes/assignment.yaml", `params: {title: "${record.title}"}`, `params: {externalId: "${key}"}`)
	m.redriven(t, nil).ends(t, 0)
	m.delivered(t, s)
	m.checked(t)
}

// TestCallsTaken asks look-ups that find one object for two records: nobody is given what
// another one has, however that came to it.
func TestCallsTaken(t *testing.T) {
	t.Parallel()
	same := "update item set title = 'the same' where seq in (21, 31)"
	t.Run("adopted", func(t *testing.T) {
		t.Parallel()
		s := newSystem(t, 0, newsys.Options{})
		m := newCalls(t, s, 40, byTitle(strings.Replace(created, "keep: {id: item.id}}\n", "keep: {id: item.id}}\n      existing: adopt\n", 1)))
		pgtest.Exec(t, m.from, same, "update item set project = 'alone' where seq = 31")
		byHand(t, s, "POST", "/assignments", `{"externalId": "made by hand", "projectId": "P", "title": "the same"}`)
		p := m.load(t)
		p.ends(t, 3)
		if text := p.said.String(); !regexp.MustCompile(`\n *adopted +1 `).MatchString(text) {
			t.Errorf("the one that was found is not told: %s", text)
		}
		keys, said := m.left(t, "call.taken")
		if len(keys) != 1 || !strings.Contains(said, "'000021'") && !strings.Contains(said, "'000031'") || strings.Contains(said, "'"+keys[0]+"'") {
			t.Fatalf("%q are left: %s", keys, said)
		}
		m.mends(t, s)
	})
	for _, of := range []string{"this run", "one before"} {
		t.Run("of "+of, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{})
			m := newCalls(t, s, 40, byTitle(created))
			pgtest.Exec(t, m.from, same)
			if of == "one before" {
				pgtest.Exec(t, m.from, "create table later as select * from item where seq = 31", "delete from item where seq = 31")
				m.load(t).ends(t, 0)
				pgtest.Exec(t, m.from, "insert into item select * from later")
			}
			s.Break(newsys.Fault{Method: "POST", Do: cutOnce("000031")})
			m.load(t).ends(t, 3)
			if keys, said := m.left(t, "call.taken"); fmt.Sprint(keys) != "[000031]" || !strings.Contains(said, "'000021'") {
				t.Fatalf("%q are left: %s", keys, said)
			}
			m.each(t, func(e record.Exception) { // nothing of those behind it is to be mended
				if e.Code == record.CodeBehind && (len(e.Issues) != 1 || e.Issues[0].Severity != record.SeverityWaits) {
					t.Errorf("%s has %+v", e.Key, e.Issues)
				}
			})
			if of == "this run" {
				m.mends(t, s)
			}
		})
	}
}
