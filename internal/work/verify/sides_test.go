package verify_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/verify"
	"godwit/rig/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// pair is both sides of a verification, and what it said.
type pair struct {
	sides map[string]connector.Endpoint

	mu          sync.Mutex
	proofs      map[string]verify.Proof
	differences []verify.Difference
	progress    []unit.Progress
}

// Open implements connector.Opener.
func (p *pair) Open(_ context.Context, name string) (connector.Endpoint, error) {
	return p.sides[name], nil
}

// AloneBlobs is of verify.History too.
func (p *pair) AloneBlobs(context.Context, unit.Ends) ([]uint32, error) { return nil, nil }

// Copied implements verify.History: nothing was copied in this run.
func (p *pair) Copied(context.Context, unit.Ends, map[string]string) (map[string]record.Sum, error) {
	return nil, nil
}

// Added is one more.
func (p *pair) Added(context.Context, unit.Ends, string) (int64, error) { return 0, nil }

// Alone is of verify.History too.
func (p *pair) Alone(context.Context, unit.Ends) (map[catalog.Name]bool, bool, error) {
	return nil, false, nil
}

// Held is one more.
func (p *pair) Held(context.Context, unit.Ends) (map[catalog.Name]int64, error) { return nil, nil }

// Values implements verify.History, too.
func (p *pair) Values(context.Context, unit.Ends) (map[catalog.Name]connector.SequenceValue, error) {
	return nil, nil
}

// The rest implements unit.Report.

func (p *pair) Progress(one unit.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.progress = append(p.progress, one)
}
func (p *pair) Drain() <-chan struct{} { return nil }
func (p *pair) At(string)              {}
func (p *pair) Note(_ string, body any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch b := body.(type) {
	case verify.Proof:
		p.proofs[b.Entity] = b
	case verify.Difference:
		p.differences = append(p.differences, b)
	}
}

// run verifies a database against another and gives the codes of the units
// that failed.
func run(t *testing.T, from, to string) (*pair, []string) {
	t.Helper()
	return verified(t, open(t, "from", from), open(t, "to", to))
}

func verified(t *testing.T, from, to connector.Endpoint) (*pair, []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	p := &pair{sides: map[string]connector.Endpoint{"from": from, "to": to}, proofs: map[string]verify.Proof{}}
	spec := &verify.Verify{From: "from", To: "to", Workers: 1}
	facts := catalog.Facts{}
	facts.Source, facts.Definitions, facts.Unread = look(ctx, t, p.sides["from"])
	var unread string
	facts.Target, facts.TargetDefinitions, unread = look(ctx, t, p.sides["to"])
	facts.Unread += unread
	units, err := verify.Verb().Plan("verify", spec, facts)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	executors := verify.Executors(p, p)
	for n := range 2 { // looking again must find the same
		p.proofs, p.differences, codes = map[string]verify.Proof{}, nil, nil
		for _, u := range units {
			lease := unit.Lease{Run: "00112233445566778899aabbccddeeff", Attempt: n + 1}
			if effect, err := executors[u.Kind].Done(ctx, u, lease); err != nil || effect.State != unit.None {
				t.Errorf("Done of %s: %v, %v", u.ID, effect, err)
			}
			if _, err := executors[u.Kind].Do(ctx, u, lease, p); err != nil {
				codes = append(codes, fault.CodeOf(err))
			}
		}
	}
	slices.Sort(codes)
	return p, slices.Compact(codes)
}

func open(t *testing.T, name, url string) connector.Endpoint {
	t.Helper()
	c := postgres.Connector()
	settings, err := c.FromURL(url)
	if err != nil {
		t.Fatal(err)
	}
	ep, err := c.Open(t.Context(), name, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ep.Close(); err != nil {
			t.Error(err)
		}
	})
	return ep
}

// look gathers one side's facts; definitions that may not be read are none.
func look(ctx context.Context, t *testing.T, ep connector.Endpoint) (*catalog.Database, []catalog.Definition, string) {
	t.Helper()
	db, err := ep.(connector.Inspector).Inspect(ctx, catalog.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := ep.(connector.Definer).Definitions(ctx, "", catalog.Selection{}, db)
	if fault.KindOf(err) == fault.Denied {
		return db, nil, err.Error()
	}
	if err != nil {
		t.Fatal(err)
	}
	return db, list, ""
}

// told are the differences, one line each, sorted.
func (p *pair) told() []string {
	var lines []string
	for _, d := range p.differences {
		key := strings.Join(d.Key, ",")
		if d.Column != "" {
			key += "." + d.Column
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", d.Entity, d.What, key))
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// text is everything that was told, as it stands in the journal.
func (p *pair) text(t *testing.T) string {
	t.Helper()
	all, err := json.Marshal([]any{p.proofs, p.differences})
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}
