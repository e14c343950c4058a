package action

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"godwit/internal/connector"
	"godwit/internal/connector/postgres"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/rig/postgres/pgtest"
)

func TestSo(t *testing.T) {
	t.Parallel()
	scope, err := record.EncodeValue(record.Object{"inputs": record.Object{"n": int64(3)}})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]any{"rows": []any{record.Object{"n": int64(3), "d": record.Decimal("1.50"), "who": "anna@example.com", "at": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "none": nil}}}
	answer := (&connector.Answer{Status: 202, Headers: map[string]any{"retry-after": "3"}, Body: record.Object{"total": int64(2), "state": "busy"}}).Docs()
	for until, c := range map[string]struct {
		docs map[string]any
		yes  bool
		saw  string
		code string
	}{
		"rows[0].n == inputs.n":                  {docs: rows, yes: true, saw: "rows[0].n = 3"},
		"rows[0].n == 4 or rows[0].d > 2":        {docs: rows, saw: "rows[0].n = 3, rows[0].d = 1.50"},
		`rows[0].who == "bob"`:                   {docs: rows, saw: "rows[0].who = text, 16 characters"},
		`rows[0].at > date("2026-02-01")`:        {docs: rows, saw: "rows[0].at = 2026-01-02"},
		"rows[0].none > 1":                       {docs: rows, saw: "rows[0].none = null"},
		"rows[1].n > 1":                          {docs: rows, saw: "rows[1].n is not there"},
		"len(rows) == 1":                         {docs: rows, yes: true, saw: "rows = 1 element"},
		"rows[0].who > 1":                        {docs: rows, code: "wait.until"},
		"rows[0].n":                              {docs: rows, code: "wait.until"},
		`status == 200 and body.state == "done"`: {docs: answer, saw: "status = 202, body.state = text, 4 characters"},
		"body.total == 2":                        {docs: answer, yes: true, saw: "status = 202, body.total = 2"},
		`headers["retry-after"] == "3"`:          {docs: answer, yes: true, saw: "status = 202, headers.retry-after = text, 1 character"},
	} {
		s := &WaitFor{Until: until, Scope: scope}
		if _, ok := c.docs["status"]; ok {
			s.Request = "GET /x"
		}
		yes, saw, err := s.so(c.docs)
		if fault.CodeOf(err) != c.code || yes != c.yes || c.code == "" && !strings.HasPrefix(saw, c.saw) {
			t.Errorf("%s: %v, %q, %v", until, yes, saw, err)
		}
		if strings.Contains(saw, "anna") || err != nil && strings.Contains(err.Error(), "anna") {
			t.Errorf("%s tells a text: %q, %v", until, saw, err)
		}
	}
}

type here struct{ connector.Endpoint }

func (h here) Open(context.Context, string) (connector.Endpoint, error) { return h.Endpoint, nil }

// TestProbe asks a real server: it changes nothing, and may be asked again.
func TestProbe(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	pgtest.Exec(t, url, "create table job (done bool); insert into job values (false), (true)")
	c := postgres.Connector()
	settings, err := c.FromURL(url)
	if err != nil {
		t.Fatal(err)
	}
	ep, err := c.Open(t.Context(), "old", settings)
	if err != nil {
		t.Fatal(err)
	}
	defer ep.Close()
	x := Executors(here{ep})["probe"]
	ask := func(s WaitFor) (string, error) {
		t.Helper()
		s.At = "old"
		u := unit.Unit{ID: "w/probe/all/1", Spec: unit.Body(s)}
		if e, err := x.Done(t.Context(), u, unit.Lease{}); err != nil || e.State != unit.None {
			t.Fatal(e, err)
		}
		r, err := x.Do(t.Context(), u, unit.Lease{}, quiet{})
		return string(r.Facts), err
	}
	open := WaitFor{Query: "select count(*) as open from job where not done", Until: "rows[0].open == 0"}
	for range 2 {
		if facts, err := ask(open); err != nil || facts != `"rows[0].open = 1"` {
			t.Fatal(facts, err)
		}
	}
	pgtest.Exec(t, url, "update job set done = true")
	if facts, err := ask(open); err != nil || facts != "true" {
		t.Fatal(facts, err)
	}
	if facts, err := ask(WaitFor{}); err != nil || facts != "true" {
		t.Fatal(facts, err)
	}
	args, _ := record.EncodeValue(record.Object{"done": true})
	if facts, err := ask(WaitFor{Query: "select * from job where done = :done", Args: args, Until: "len(rows) == 2"}); err != nil || facts != "true" {
		t.Fatal(facts, err)
	}
	for query, code := range map[string]string{
		"select * from nosuch": "query.invalid", "select generate_series(1, 1001) as n": "wait.too-many", "select repeat('x', 2000000) as n": "wait.too-many", "delete from job": "query.invalid",
	} {
		if _, err := ask(WaitFor{Query: query, Until: "rows[0].n == 1"}); fault.CodeOf(err) != code || fault.KindOf(err).Passing() {
			t.Errorf("%s: %v", query, err)
		}
	}
	if n := pgtest.Query[int](t, url, "select count(*) from job"); n != 2 {
		t.Errorf("%d jobs", n)
	}
	var spec WaitFor
	if err := json.Unmarshal(unit.Body(open), &spec); err != nil || spec.Until != open.Until {
		t.Error(err)
	}
}

// quiet is a report that nobody hears.
type quiet struct{}

func (quiet) Progress(unit.Progress) {}
func (quiet) Note(string, any)       {}
func (quiet) Drain() <-chan struct{} { return nil }
func (quiet) At(string)              {}
