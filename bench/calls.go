package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// calledRows are the records at scale 1.
const calledRows = 300_000

// called is a set of records that are given to an API, one request for each.
type called struct {
	n     int
	rate  string        // of the connection's limit
	delay time.Duration // of an answer
	hand  bool
	api   *receiver // of the contender that is under way
	seen  *received // what the first one sent
}

// calls gives records to an API by godwit, and by a program that somebody wrote for
// it: the same reading, mapping and sending, without ledger and checks, and without
// knowing what was sent when it is killed.
func (b *bench) calls(ctx context.Context) error {
	list, set, err := b.callContenders(ctx)
	if err != nil {
		return err
	}
	return b.contest(ctx, &part{Name: "calls", Set: set}, "calls", list, b.rounds)
}

// slowness is what a request takes at a system that does something for it.
const slowness = 5 * time.Millisecond

// Names of contenders.
const (
	ourCalls    = "calls, godwit"
	callsByHand = "calls, by hand"
	steadyCalls = "calls at 5,000 a second, godwit"
	ourSlow     = "calls of 5 ms, godwit"
	slowByHand  = "calls of 5 ms, by hand"
)

func (b *bench) callContenders(ctx context.Context) (list []contender, set string, err error) {
	n := max(2000, int(calledRows*b.scale))
	if err := b.both.fill(ctx, "calls", recordTables(n, 1, 1)); err != nil {
		return nil, "", err
	}
	seen := &received{}
	for name, s := range map[string]called{
		ourCalls: {}, callsByHand: {hand: true}, steadyCalls: {rate: "rate: 5000/s, "},
		ourSlow: {delay: slowness}, slowByHand: {delay: slowness, hand: true},
	} {
		s.n, s.seen = n, seen
		list = append(list, contender{name: name, prepare: s.prepare, run: s.run, records: n, bare: true, ledger: !s.hand, check: s.check})
	}
	slices.SortFunc(list, func(a, b contender) int { return strings.Compare(a.name, b.name) })
	return list, fmt.Sprintf("%d rows of 20 columns, a POST for each", n), nil
}

// prepare starts the API and makes the project.
func (s *called) prepare(ctx context.Context, m *move) (err error) {
	if s.api, err = startReceiver(ctx, s.delay); err != nil {
		return err
	}
	for name, text := range map[string]string{
		"godwit.yaml": "connections:\n  old: {postgres: {url_secret: {env: FROM}}}\n  api: {http: {url: " + s.api.url +
			", limit: {" + s.rate + "concurrency: 32}}}\n",
		"flows/bench.yaml":     "steps:\n  - load:\n      from: {at: old, table: r.good}\n      process: processes/bench.yaml\n",
		"processes/bench.yaml": callProcess,
		"maps/bench.yaml":      relationalMap,
		"lookups/kind.csv":     "key,value\na,alpha\nb,beta\nc,gamma\nd,delta\n",
	} {
		path := filepath.Join(m.work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

const callProcess = `key: id
map: maps/bench.yaml
to:
  at: api
  calls:
    - name: create
      when: 'op == "create"'
      request: POST /records
      body: "${record}"
      keep: {id: response.body.id}
      in_doubt: {request: GET /records, params: {externalId: "${key}"}, items: body.results, keep: {id: item.id}}
`

// run measures the API apart.
func (s *called) run(ctx context.Context, m *move, c *client) error {
	before := s.api.cpu()
	by := s.godwit
	if s.hand {
		by = s.byHand
	}
	err := by(ctx, m, c)
	c.apart = s.api.cpu() - before
	return err
}

func (s *called) godwit(ctx context.Context, m *move, c *client) error {
	cmd := exec.CommandContext(ctx, m.bench.godwit, "run", "bench", "--ledger", m.ledger(), "--progress", "none", "--yes")
	cmd.Dir, cmd.Env = m.work, append(os.Environ(), "FROM="+m.from)
	err := c.pipe(ctx, nil, cmd)
	for _, name := range []string{m.ledger(), m.ledger() + "-wal"} {
		if info, missing := os.Stat(name); missing == nil {
			c.ledger += info.Size()
		}
	}
	return err
}

func (s *called) byHand(ctx context.Context, m *move, c *client) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return c.run(ctx, self, "hand", "calls", m.from, s.api.url+"/records")
}

// check compares what the API has received: whoever delivers a set sends the same.
func (s *called) check(ctx context.Context, _ *move) (string, error) {
	got, err := s.api.received(ctx)
	if err == nil {
		err = s.api.end()
	}
	switch {
	case err != nil:
		return "", err
	case got.Requests != uint64(s.n):
		return fmt.Sprintf("differs: %d requests for %d records", got.Requests, s.n), nil
	case s.seen.Requests > 0 && *s.seen != got:
		return "differs from what the first one sent", nil
	}
	*s.seen = got
	return "same", nil
}
