package main_test

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres"
	"godwit/rig/postgres/pgtest"
)

// TestCallsAway takes the system away in mid-delivery, among storms of 429 and a tenth
// of 503: the run ends by itself with everything delivered, nothing is a dead letter, and
// the time that was lost is told.
func TestCallsAway(t *testing.T) {
	t.Parallel()
	slow(t)
	for name, gone := range map[string]newsys.Effect{
		"503": newsys.Unavailable(-1), "no answer": newsys.Cut(), "500": newsys.Says(500, "application/json", `{"error":{"message":"the database is away"}}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t, 0, newsys.Options{Seed: 21})
			m := newCalls(t, s, 6000, created)
			s.Break(newsys.Fault{Method: "POST", Skip: 1200, Count: 30, Share: 0.8, Do: newsys.Throttle(time.Second)})
			s.Break(newsys.Fault{Method: "POST", Skip: 2500, Count: 30, Share: 0.8, Do: newsys.Throttle(0)})
			s.Break(newsys.Fault{Share: 0.1, Do: newsys.Unavailable(-1)})
			p := m.load(t)
			eventually(t, "some are delivered", func() bool { return len(s.Assignments()) > 500 })
			mend := s.BreakFirst(newsys.Fault{Do: gone})
			began := time.Now()
			<-time.After(away())
			before := len(s.Assignments())
			mend()
			if before > 5900 {
				t.Fatalf("%d were delivered while it was away", before)
			}
			p.ends(t, 0)
			t.Logf("away for %s, at %d of 6000; ended %s later\n%s", away(), before, time.Since(began)-away(), p.said.String())
			m.delivered(t, s)
			p.says(t, "in which requests to api waited since it refused some, or did not answer")
			lost := 0.0
			if found := regexp.MustCompile(`requests to api waited (?:[0-9.]+ s for its limit, )?([0-9.]+) s since`).FindStringSubmatch(p.said.String()); found != nil {
				lost, _ = strconv.ParseFloat(found[1], 64)
			}
			if lost < away().Seconds()/2 {
				t.Errorf("%g s are told to be lost", lost)
			}
			if a := m.newest(t); a.Dead+a.Rejected+a.Blocked != 0 {
				t.Errorf("%+v", a)
			}
		})
	}
}

// TestCallsSourceStopped stops the source's server once all is produced: the run
// completes, also when it was killed in between.
func TestCallsSourceStopped(t *testing.T) {
	t.Parallel()
	slow(t)
	server := pgtest.Server(t, postgres.Options{Name: "switched-off", Durable: true})
	s := newSystem(t, 0, newsys.Options{})
	m := newCallsFrom(t, s, pgtest.DatabaseOn(t, server), 3000, created)
	m.load(t, "GODWIT_KILL_AT=call.intended:200").ends(t, -1)
	stopServer(t, server)
	m.load(t, "GODWIT_KILL_AT=call.answered:500").ends(t, -1)
	m.load(t).ends(t, 0)
	if n := len(s.Assignments()); n != 3000 {
		t.Errorf("%d objects", n)
	}
	if v := s.Verdict(); len(v.Duplicates)+len(v.Disorder)+len(v.Unfinished) > 0 {
		t.Errorf("verdict: %.10q %.10q %.10q", v.Duplicates, v.Disorder, v.Unfinished)
	}
	m.checked(t)
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.delivered(t, s)
}
