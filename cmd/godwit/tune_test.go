package main_test

import (
	"encoding/json"
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
	const rows, size = 1500, 5
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
	if len(now) > asked+5*50 { // five seconds of the old rate
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
	write(t, filepath.Dir(project), "godwit.yaml", strings.Replace(string(text), "rate: 200/s", "rate: 40/s", 1)) // is no other flow
	p = m.load(t)
	eventually(t, "it asks", func() bool { return len(s.Arrivals()) > before })
	first := time.Now()
	eventually(t, "six seconds are over", func() bool { return time.Since(first) > 6*time.Second })
	says("orders-1 running", "limits api 6/m, 4 at the same time, tuned by jane")
	if n := len(s.Arrivals()) - before; n > 4 {
		t.Errorf("%d requests of the next owner", n)
	}
	do(0, "tune", "orders-1", "--reset")
	says("orders-1 running", "limits api 40/s, 4 at the same time")
	p.ends(t, 0).says(t, "tuned api to what is declared by jane", "in which requests to api waited for its limit")
	do(2, "tune", "orders-1", "--rate", "5/s").says(t, "run.ended")
	do(0, "report", "orders-1", "--json").says(t, `tuned api to 6/m by jane \"users complain\"`)
	if got := pgtest.Query[int](t, m.to, "select count(distinct id) from item"); got != rows {
		t.Errorf("%d objects", got)
	}
	m.checked(t)
}

// TestTuneWorkers has fewer units of a load work at the same time, then more
// again; its source, a database, is read at the lower of two rates meanwhile.
func TestTuneWorkers(t *testing.T) {
	t.Parallel()
	m := newMove(t, pgtest.Database(t), pgtest.Database(t))
	m.env = []string{"GODWIT_RECORDS=1000"}
	dir := filepath.Dir(m.ledger)
	pgtest.Exec(t, m.from, "create table item (id int primary key)", "insert into item select generate_series(1, 40000)", "analyze")
	pgtest.Exec(t, m.to, "create table item (id int primary key)")
	write(t, dir, "godwit.yaml", fmt.Sprintf("connections:\n  old: {postgres: {url: %q, limit: {rate: 100/s}}}\n  new: {postgres: {url: %q}}\n", m.from, m.to))
	write(t, dir, "maps/item.yaml", "fields:\n  id: {from: id}\n")
	write(t, dir, "flows/orders.yaml", "steps:\n  - load: {from: {at: old, table: public.item}, map: maps/item.yaml, to: {at: new, table: public.item}, workers: 4, limit: {rate: 5/s}}\n")
	active := func(want int) {
		t.Helper()
		eventually(t, fmt.Sprintf("%d units are active", want), func() bool {
			var s struct {
				Active []struct{ Unit string }
			}
			said := m.start(t, nil, "status", "orders-1", "--json", "--ledger", m.ledger)
			if said.exit(t) != 0 {
				return false
			}
			for _, line := range strings.Split(said.said.String(), "\n") {
				_ = json.Unmarshal([]byte(line), &s)
			}
			return len(s.Active) == want
		})
	}
	start := time.Now()
	p := m.load(t)
	active(4)
	m.start(t, nil, "tune", "orders-1", "--workers", "1", "--step", "load", "--ledger", m.ledger).ends(t, 0).says(t, "1 unit at the same time")
	active(1)
	m.start(t, nil, "tune", "orders-1", "--workers", "3", "--ledger", m.ledger).ends(t, 0)
	m.start(t, nil, "tune", "orders-1", "--workers", "3", "--step", "load", "--ledger", m.ledger).ends(t, 0)
	active(3)
	p.ends(t, 0).says(t, "tuned load/workers to 1")
	if got := pgtest.Query[string](t, m.to, "select count(*) || ' ' || count(distinct id) from item"); got != "40000 40000" {
		t.Errorf("the target holds %s", got)
	}
	if took := time.Since(start); took < 7*time.Second { // 40 pages and more
		t.Errorf("40 pages at 5/s took %v", took)
	}
	m.checked(t)
}
