package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// loadSpec is a verb that leaves exceptions, in as few words as it takes.
type loadSpec struct {
	From  string `flow:"from,required,name" help:"connection"`
	To    string `flow:"to,required,name" help:"connection"`
	Again *unit.Redrive
}

// place is a folder with a project and a ledger.
type place struct {
	*testing.T
	program *Program
	ledger  *ledger.Ledger
	runs    *run.Runs
	out     bytes.Buffer
	err     bytes.Buffer
}

func newPlace(t *testing.T) *place {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"godwit.yaml":     "connections:\n  old: {fake: {}}\n  new: {fake: {}}\n",
		"flows/shop.yaml": "inputs:\n  day: {default: monday}\nsteps:\n  - load: {from: old, to: new}\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	p := &place{T: t}
	lang := flow.Language{
		Verbs: []unit.Verb{{Name: "load", Spec: func() any { return &loadSpec{} },
			Check:  func(any) []unit.Problem { return nil },
			Limits: func(any, int) map[string]int { return nil },
			Needs:  func(any) (unit.Needs, error) { return unit.Needs{}, nil },
			Redrive: func(spec any, a unit.Redrive) any {
				l := *spec.(*loadSpec)
				l.Again = &a
				return &l
			}}},
		Systems: []connector.Connector{{System: "fake", Settings: func() any { return &struct{}{} }}},
	}
	l, err := ledger.Open(t.Context(), filepath.Join(dir, ".godwit", "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	p.ledger, p.runs = l, &run.Runs{Ledger: l, Language: lang, Cores: 2, Version: "test", Owner: "host:1"}
	p.program = &Program{Language: lang, Version: "test", In: strings.NewReader(""), Out: &p.out, Err: &p.err, Zone: time.UTC,
		Open: func(context.Context, string) (*run.Runs, func() error, error) {
			return p.runs, func() error { return nil }, nil
		}}
	return p
}

// says runs a command, expects its exit code and returns all that it said.
func (p *place) says(code int, args ...string) string {
	p.Helper()
	p.out.Reset()
	p.err.Reset()
	if got := p.program.Run(p.Context(), args); got != code {
		p.Fatalf("%v: exit %d, want %d:\n%s%s", args, got, code, p.out.String(), p.err.String())
	}
	return p.out.String() + p.err.String()
}

// contains runs a command that goes well and has all these words.
func (p *place) contains(args string, words ...string) {
	p.Helper()
	said := p.says(0, strings.Fields(args)...)
	for _, w := range words {
		if !strings.Contains(said, w) {
			p.Errorf("godwit %s lacks %q:\n%s", args, w, said)
		}
	}
}

// refused runs a command that ends with 2 and a code.
func (p *place) refused(args, code string) {
	p.Helper()
	if said := p.says(ExitRefused, strings.Fields(args)...); !strings.Contains(said, "["+code+"]") {
		p.Errorf("godwit %s: no %s:\n%s", args, code, said)
	}
}

func (p *place) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// bound is the flow as run binds it.
func (p *place) bound(day string) *flow.Bound {
	p.Helper()
	_, f, wrong := flow.Open("shop", p.program.Language)
	p.must(wrong.Err())
	b, wrong := f.Bind(map[string]string{"day": day}, "")
	p.must(wrong.Err())
	return b
}

// ends starts a run of a flow and lets its one unit of ten records end with
// these exceptions and warnings.
func (p *place) ends(b *flow.Bound, outcome record.Account, exceptions []record.Exception, warnings []record.Warning) run.Ref {
	p.Helper()
	const id = "load/load/customers/1"
	ctx := p.Context()
	r, err := p.runs.Start(ctx, b, &run.Plan{Hash: "9f3c1e"}, true, "ann@desk")
	p.must(err)
	s, err := p.ledger.Own(ctx, r, "host:1", time.Minute)
	p.must(err)
	put := func(c unit.Change) {
		p.Helper()
		_, err := s.Turn(ctx, func([]unit.Event, time.Time) (unit.Change, error) { return c, nil })
		p.must(err)
	}
	put(unit.Change{Events: []unit.Event{
		{Kind: unit.UnitExpanded, Node: "load", Body: unit.Body(unit.Expanded{Units: []unit.Unit{{ID: id, Step: "load", Kind: "load", Entity: "customers", Class: "load", Weight: 10,
			Spec: unit.Body(map[string]any{"schema": &catalog.Schema{Fields: []catalog.Field{{Name: "id"}}}})}}})},
		{Kind: unit.UnitStarted, Node: "load", Unit: id, Attempt: 1},
	}})
	fence, _, err := s.Claim(ctx, id, 1)
	p.must(err)
	if again := b.Steps[0].Spec.(*loadSpec).Again; again != nil {
		of, err := p.ledger.Find(ctx, again.Of)
		p.must(err)
		var f run.Filter
		p.must(json.Unmarshal(again.Filter, &f))
		_, err = s.Take(ctx, of, f)
		p.must(err)
	}
	outcome.Step, outcome.Entity, outcome.Unit, outcome.Generation = "load", "customers", id, 1
	p.must(s.Prepare(ctx, id, fence, record.Chunk{Number: 1, Account: outcome}, exceptions, warnings))
	p.must(s.Settle(ctx, id, fence, 1))
	chunks, err := s.Chunks(ctx, id)
	p.must(err)
	exit := ExitDone
	if outcome.Dead+outcome.Rejected > 0 {
		exit = ExitOpen
	}
	put(unit.Change{Unit: id, Fence: fence, Accounts: []record.Account{chunks[0].Account},
		Events: []unit.Event{{Kind: unit.UnitDone, Node: "load", Unit: id, Attempt: 1, Body: unit.Body(unit.Ended{Rows: outcome.Read})}}})
	put(unit.Change{Events: []unit.Event{{Kind: unit.RunFinished, Body: unit.Body(unit.Finished{Outcome: "done", Exit: exit})}}})
	p.must(s.Release(ctx))
	found, err := p.ledger.Find(ctx, r.Name())
	p.must(err)
	return found
}

// refusedRow and incomplete are records that are not loaded.
func refusedRow(key string) record.Exception {
	e := record.Exception{Key: key, Outcome: record.Dead, Code: "data.too-long", Text: "value too long for varchar(20)", Mapping: "v1", Attempts: 1,
		Refusal: &record.Refusal{Code: "data.too-long", Field: "title", Text: "value too long for varchar(20)", State: "22001", Value: "text of 31 characters, 5e109b"},
		Payload: record.Payload{Source: json.RawMessage(`["secret of ` + key + `"]`), Sent: json.RawMessage(`[["sent ` + key + `"]]`)}}
	e.Cause = record.Cause(e)
	return e
}

func incomplete(key string) record.Exception {
	e := record.Exception{Key: key, Outcome: record.Rejected, Code: "issue.required", Text: "is missing", Mapping: "v1", Fields: []string{"title"}, Attempts: 1,
		Issues:  []record.Issue{{Rule: "required", Field: "title", Severity: record.SeverityError, Text: "is missing", Owner: "sales", Hint: "fill it in"}},
		Payload: record.Payload{Source: json.RawMessage(`["secret of ` + key + `"]`)}}
	e.Cause = record.Cause(e)
	return e
}

func (p *place) shop() run.Ref {
	return p.ends(p.bound("tuesday"), record.Account{Read: 10, Applied: 7, Rejected: 2, Dead: 1},
		[]record.Exception{refusedRow("1"), incomplete("2"), incomplete("=3")},
		[]record.Warning{{Step: "load", Entity: "customers", Key: "4", Issue: record.Issue{Rule: "blank", Field: "note", Severity: record.SeverityWarn, Text: "is blank"}}})
}

func TestUnloaded(t *testing.T) {
	p := newPlace(t)
	p.shop()
	p.contains("runs", "finished with records left", "rejected")
	p.contains("status shop-1", "finished with records left")
	p.contains("dead stats shop-1", "is missing", "value too long for varchar(20): text of 31 characters,", "total     1         2",
		"godwit explain data.too-long", "godwit issues list shop-1 --rule required")
	p.contains("dead stats shop-1 --json", `{"type":"dead.stats","run":"shop-1","records":3,"dead":1,"rejected":2,"causes":[{"cause":`, `"open":3,"closed":[]}`)
	p.contains("dead list shop-1 --outcome rejected", "2 of 2 records", "=3")
	p.contains("dead list shop-1 --limit 1", "1 of 3 records; --limit 0 lists all")
	p.contains("dead list shop-1 --closed", "no dead letters or rejected records that are closed")
	p.contains("dead list shop-1 --json --field title", `"run":"shop-1","records":3,"exceptions":[`)
	p.contains("dead list shop-1 --cause "+refusedRow("").Cause[:4], "1 of 1 record")
	p.contains("dead show shop-1 1", "customers/1   dead", "code of the server 22001", "godwit redrive shop-1 --id 1 --dry-run")
	p.contains("dead show shop-1 1 --source --sent", "secret of 1", "sent 1")
	p.contains("issues list shop-1", "sales", "fill it in", "blank")
	p.contains("issues list shop-1 --each --severity warn --json", `"issues":[{"rule":"blank"`)
	p.contains("record customers/2", "rejected", "shop-1", "required title: is missing")
	p.contains("record shop-1 customers/4", "loaded, with warnings")
	p.contains("record customers/99", "nothing is known of it", "leaves no row of its own")
	p.contains("issues export shop-1 --csv lists", "lists/no-owner.csv", "lists/sales.csv")
	list, err := os.ReadFile("lists/sales.csv")
	p.must(err)
	if !strings.Contains(string(list), "\r\n'=3,customers,title,required,error,is missing,,fill it in,new,") {
		t.Errorf("%s", list)
	}
	for _, args := range []string{"dead show shop-1 1", "dead show shop-1 1 --json", "dead list shop-1 --json", "record customers/1 --json", "report shop-1 --json"} {
		if said := p.says(0, strings.Fields(args)...); strings.Contains(said, "secret of") || strings.Contains(said, "sent 1") {
			t.Errorf("godwit %s tells what nobody asked for:\n%s", args, said)
		}
	}
	p.refused("dead list shop-1 --outcome lost", "usage")
	p.refused("dead list shop-1 --closed --all", "usage")
	p.refused("dead list shop-1 --cause ffff", "usage")
	p.refused("dead list shop-1 --since yesterday", "usage")
	p.refused("dead show shop-1 x", "usage")
	p.refused("dead show shop-1 99", "exception.unknown")
	p.refused("issues list shop-1 --severity bad", "usage")
	p.refused("issues export shop-1", "usage")
	p.refused("record customers", "usage")
	p.refused("resume shop-1", "run.ended")
}

// A redrive is bound from today's file with the inputs of the run, and what it
// does is seen from both runs.
func TestRedriven(t *testing.T) {
	p := newPlace(t)
	of := p.shop()
	p.contains("redrive shop-1 --dry-run", "3 records of shop-1", "by flow shop as it is now", "Run this: godwit redrive shop-1")
	p.contains("redrive shop-1 --dry-run --rule required --json", `"records":2`, `"command":"godwit redrive shop-1 --rule required"`)
	p.refused("redrive shop-1 --field none", "redrive.nothing")

	redriving, err := p.runs.Redrive(t.Context(), of, func(run.Ref) (*flow.Bound, error) { return p.bound("tuesday"), nil }, run.Again{Filter: run.Filter{Rule: "required"}})
	p.must(err)
	again := redriving.Flow
	left := incomplete("=3")
	left.ID = 3
	p.ends(again, record.Account{Read: 2, Applied: 1, Rejected: 1}, []record.Exception{{ID: 2, Outcome: record.Applied, Mapping: "v2"}, left}, []record.Warning{
		{Step: "load", Entity: "customers", Key: "2", Issue: record.Issue{Rule: "blank", Field: "note", Severity: record.SeverityWarn, Text: "is blank"}}})
	p.contains("dead list shop-1 --closed", "applied by redrive-1")
	p.contains("dead stats redrive-1", "redrive-1 processes records of shop-1 again", "total     1         1")
	p.contains("issues list redrive-1", "did not load are kept with shop-1", "blank", "godwit issues list redrive-1 --each")
	p.contains("record redrive-1 customers/=3", "shop-1", "redrive-1   rejected")
	p.contains("record customers/2", "closed: applied by redrive-1")
	p.contains("record customers/=3", "redrive-1   rejected")
	var report struct {
		NotLoaded struct {
			Causes []struct {
				Code, Fix string
				Open      int
				Closed    []struct{ How string }
			}
		} `json:"not_loaded"`
		Verdict struct{ Of string }
	}
	p.must(json.Unmarshal([]byte(p.says(0, "report", "shop-1", "--json")), &report))
	causes := report.NotLoaded.Causes
	if len(causes) != 2 || causes[0].Open != 1 || causes[0].Closed[0].How != "applied by redrive-1" || causes[0].Fix != "fill it in" ||
		!strings.Contains(causes[1].Fix, "godwit redrive RUN") {
		t.Errorf("%+v", causes)
	}
	p.must(json.Unmarshal([]byte(p.says(0, "report", "redrive-1", "--json")), &report))
	if report.Verdict.Of != "shop-1" {
		t.Error(report.Verdict.Of)
	}
	p.contains("report shop-1 --html first.html", "first.html")
	p.contains("report shop-1 --html second.html", "second.html")
	first, err := os.ReadFile("first.html")
	p.must(err)
	second, err := os.ReadFile("second.html")
	p.must(err)
	if !bytes.Equal(first, second) || !bytes.Contains(first, []byte("Why not")) {
		t.Error("the report of the same run has other bytes, or no reasons")
	}

	p.must(os.WriteFile("flows/shop.yaml", []byte("steps:\n  - load: {from: old, to: new}\n"), 0o600))
	p.refused("redrive shop-1 --dry-run", "input.unknown")
	p.must(os.WriteFile("flows/shop.yaml", []byte("inputs:\n  day: {default: x}\nsteps:\n  - id: other\n    load: {from: old, to: new}\n"), 0o600))
	p.refused("redrive shop-1 --dry-run", "redrive.step")
	p.must(os.Remove("flows/shop.yaml"))
	p.refused("redrive shop-1 --dry-run", "flow.missing")
	b := again
	b.Flow, b.Files, b.Steps[0].Spec = "load", nil, &loadSpec{From: "old", To: "new"}
	made := p.ends(b, record.Account{Read: 1, Dead: 1}, []record.Exception{refusedRow("1")}, nil)
	p.refused("redrive "+made.Name()+" --dry-run", "redrive.no-flow")
}

// The end of a run that left records behind says so and what is next.
func TestEndWithRecordsLeft(t *testing.T) {
	p := newPlace(t)
	of := p.shop()
	s := &session{Program: p.program, ledger: filepath.Join(t.TempDir(), "ledger.db")}
	err := s.summary(t.Context(), p.runs, run.Ended{Run: of, Exit: of.Exit}, "")
	if e, ok := err.(exit); !ok || e.code != ExitOpen {
		t.Fatal(err)
	}
	for _, want := range []string{"shop-1  finished with 1 dead letter and 2 rejected records", "exit 3", "1 rule, 1 owner", "godwit dead stats shop-1",
		"godwit issues list shop-1", "next     godwit redrive shop-1 --dry-run"} {
		if !strings.Contains(p.out.String(), want) {
			t.Errorf("lacks %q:\n%s", want, p.out.String())
		}
	}
}
