package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestCallsOnto updates objects by PUTs that replace them: what people have set in the
// meantime stays, also what they set between the reading and the writing; killed in
// between, and with lost answers.
func TestCallsOnto(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{Seed: 7})
	m := newCalls(t, s, 200, strings.Replace(created, `      in_doubt: repeat
`, `      onto: {}
`, 1))
	m.load(t).ends(t, 0)
	for i := 1; i <= 200; i++ {
		s.Set(fmt.Sprintf("%06d", i), "remark", i)
	}
	pgtest.Exec(t, m.from, "update item set title = title || ', changed'")
	var foreign atomic.Int64
	s.Break(newsys.Fault{Method: "GET", Path: "/assignments/*", Share: 0.1, Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		if n := foreign.Add(1); n <= 10 { // what was read is of yesterday
			s.Set(fmt.Sprintf("%06d", n*7), "late", n)
		}
	}})
	racing := idOf(t, s, "000005")
	s.Break(newsys.Fault{Method: "GET", Path: "/assignments/" + racing, Count: 2, Do: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(w, r)
		s.Set("000005", "between", true)
	}})
	s.Break(newsys.Fault{Method: "PUT", Share: 0.05, Do: newsys.CutAfter()})
	for _, point := range []string{"call.read:30", "call.answered:30"} {
		m.load(t, "GODWIT_KILL_AT="+point).ends(t, -1)
	}
	m.load(t).ends(t, 0)
	m.delivered(t, s)
	late := 0
	for _, a := range s.Assignments() {
		if a["remark"] == nil {
			t.Errorf("%v has lost its remark: %v", a["externalId"], a)
		}
		if a["late"] != nil {
			late++
		}
		if a["externalId"] == "000005" && a["between"] != true {
			t.Errorf("what was set between reading and writing is gone: %v", a)
		}
	}
	if want := min(10, int(foreign.Load())); late != want || want == 0 {
		t.Errorf("%d of %d late changes are there", late, want)
	}
}
