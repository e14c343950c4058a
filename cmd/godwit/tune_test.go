package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/rig/newsys"
	"godwit/rig/postgres/pgtest"
)

// TestTune tunes a load from an API while it goes on: seen at the receiver, told
// by status with who did it and why, kept by the owner behind a crash, and taken
// back.
func TestTune(t *testing.T) {
	t.Parallel()
	const rows, size = 2500, 5
	s := newSystem(t, rows, newsys.Options{})
	m := newAPI(t, s, fmt.Sprintf("{by: page, size: %d, items: body.results, total: body.total}", size), "{at: api, request: GET /assignments, "+assignmentFields+"}")
	m.env = append(m.env, "GODWIT_ACTOR=jane")
	project := filepath.Join(filepath.Dir(m.ledger), "godwit.yaml")
	text, err := os.ReadFile(project)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Dir(project), "godwit.yaml", strings.Replace(string(text), "rate: 200/s", "rate: 50/s", 1))
	do := func(code int, args ...string) *process {
		t.Helper()
		return m.start(t, nil, append(args, "--ledger", m.ledger)...).ends(t, code)
	}
	says := func(words ...string) {
		t.Helper()
		said := ""
		eventually(t, "status says "+strings.Join(words, ", "), func() bool {
			said = strings.Join(strings.Fields(do(0, "status", "orders-1").said.String()), " ")
			for _, w := range words {
				if !strings.Contains(said, w) {
					return false
				}
			}
			return true
		})
		t.Log(said)
	}
	p := m.load(t)
	eventually(t, "it asks", func() bool { return len(s.Arrivals()) > 50 })
	do(0, "tune", "orders-1", "--rate", "6/m", "--reason", "users complain").says(t, "orders-1 was asked to keep to 6/m")
	asked := len(s.Arrivals())
	says("limits api 6/m, 4 at the same time, tuned by jane \"users complain\"", "waits load assignment: ", "s, api 6/m")
	now := s.Arrivals()
	took := now[min(len(now)-1, asked+250)].At - now[asked-1].At
	for i := asked; i < len(now); i++ { // the last one at the old rate
		if gap := now[i].At - now[i-1].At; gap < 5*time.Second {
			took = now[i].At - now[asked-1].At
		}
	}
	t.Logf("it held %v after the command had ended", took)
	if took > 5*time.Second || len(now) > asked+5*50 {
		t.Errorf("it held %v later, %d requests", took, len(now)-asked)
	}

	do(2, "tune", "orders-1", "--rate", "51/s").says(t, "tune.above", "api declares 50/s")
	do(2, "tune", "orders-1", "--connection", "apj", "--rate", "5/s").says(t, "tune.unknown", "did you mean api?")
	do(2, "tune", "orders-1").says(t, "tune.nothing")
	do(2, "tune", "orders-1", "--workers", "2", "--step", "laod").says(t, "tune.unknown", "did you mean load?")

	if err := p.Process.Kill(); err != nil { // the next owner keeps to it
		t.Fatal(err)
	}
	p.ends(t, -1)
	before := len(s.Arrivals())
	p = m.load(t)
	eventually(t, "it asks", func() bool { return len(s.Arrivals()) > before })
	first := time.Now()
	eventually(t, "six seconds are over", func() bool { return time.Since(first) > 6*time.Second })
	says("orders-1 running", "limits api 6/m, 4 at the same time, tuned by jane")
	if n := len(s.Arrivals()) - before; n > 4 {
		t.Errorf("%d requests of the next owner", n)
	}
	do(0, "tune", "orders-1", "--reset")
	p.ends(t, 0).says(t, "tuned api to what is declared by jane", "in which requests to api waited for its limit")
	do(2, "tune", "orders-1", "--rate", "5/s").says(t, "run.ended")
	do(0, "report", "orders-1", "--json").says(t, `tuned api to 6/m by jane \"users complain\"`)
	if got := pgtest.Query[int](t, m.to, "select count(distinct id) from item"); got != rows {
		t.Errorf("%d objects", got)
	}
	m.checked(t)
}
