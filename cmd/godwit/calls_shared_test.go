package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestCallsShared: two processes with one ledger keep to the limit of a connection
// together, and each has its part; it is measured at the receiver.
func TestCallsShared(t *testing.T) {
	t.Parallel()
	s := newSystem(t, 0, newsys.Options{Latency: [2]time.Duration{40 * time.Millisecond, 60 * time.Millisecond}})
	m := newCalls(t, s, 400, created)
	dir := filepath.Dir(m.ledger)
	project, err := os.ReadFile(filepath.Join(dir, "godwit.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "godwit.yaml", strings.Replace(string(project), "limit: {rate: 1000/s, concurrency: 8}", "limit: {rate: 50/s, concurrency: 4}", 1))
	pgtest.Exec(t, m.from, "update item set project = id", "create view low as select * from item where seq <= 200", "create view high as select * from item where seq > 200")
	for _, name := range []string{"low", "high"} {
		write(t, dir, "flows/"+name+".yaml", "steps:\n  - load:\n      from: {at: old, table: public."+name+"}\n      process: processes/assignment.yaml\n")
	}
	one, two := m.runs(t, "low"), m.runs(t, "high")
	one.ends(t, 0)
	two.ends(t, 0)
	m.delivered(t, s)
	v := s.Verdict()
	if v.Concurrency > 4 {
		t.Errorf("%d requests at the same time", v.Concurrency)
	}
	if v.Busiest > 53 { // 50, and what was late on the way
		t.Errorf("%d requests in a second", v.Busiest)
	}
	if left, _ := filepath.Glob(m.ledger + ".pace~*"); len(left) > 0 {
		t.Errorf("left behind: %s", strings.Join(left, ", "))
	}
}
