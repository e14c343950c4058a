package unloaded

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/record"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
	"godwit/internal/ui/view/viewtest"
)

func left() *run.Left {
	l := &run.Left{Of: run.Ref{Flow: "rollout", N: 12}}
	l.Issues = groups()
	for _, c := range causes() {
		l.Causes = append(l.Causes, run.CauseLeft{Cause: c})
	}
	l.Causes[0].Closed = []run.Ending{{Text: "applied by redrive-1", Records: 400}}
	l.Causes[0].Examples = []record.Exception{rejected().Exception}
	l.Causes[2].Examples = []record.Exception{dead().Exception}
	return l
}

// over is what a run leaves that is not the first.
func over() *run.Left {
	l := left()
	l.Before = "rollout-11"
	l.Counts = []run.IssueCounts{{Owner: "", New: 5}, {Owner: "sales-ops", New: 11, Reopened: 2, Still: 389, Fixed: 40, Accepted: 31}}
	l.Known = []run.Expected{{Known: flow.Known{Rule: "lookup", Field: "workstation_id", Count: 391, Note: "WS-417 was never built"}, Found: 402},
		{Known: flow.Known{Rule: "blank", Entity: "assignments", Count: 5}, Found: 5}, {Known: flow.Known{Rule: "unique", Count: 3}, Found: 1}}
	l.Owners = map[string]flow.Owner{"sales-ops": {Mail: "ops@example.com", Link: "https://old.example/a/${key}"}}
	l.Each = []run.Issue{{Issue: rejected().Issues[0], ID: 1, Entity: "assignments", Key: "4/8", State: "still", First: at("02:14:10")}}
	l.Fixed = []run.Issue{{Issue: rejected().Issues[0], ID: 2, Entity: "assignments", Key: "9", State: "closed", First: at("02:14:10")}}
	return l
}

// Owners get what is theirs, with the state beside the run before.
func TestOwnersReport(t *testing.T) {
	t.Parallel()
	r := Report(over(), 128_400, func(string) string { return "" })
	want := report.Owner{Name: "sales-ops", Mail: "ops@example.com", New: 11, Reopened: 2, Still: 389, Fixed: 40, Accepted: 31}
	for i, state := range []string{"still", "fixed"} {
		of := rejected().Issues[0]
		want.Issues = append(want.Issues, report.OwnIssue{Key: []string{"4/8", "9"}[i], Entity: "assignments", Field: of.Field, Rule: of.Rule, Value: of.Value, Text: of.Text,
			Fix: of.Hint, State: state, First: at("02:14:10"), Link: []string{"https://old.example/a/4%2F8", "https://old.example/a/9"}[i]})
	}
	if diff := cmp.Diff([]report.Owner{{New: 5}, want}, r.Owners); diff != "" {
		t.Error(diff)
	}
	if len(r.Known) != 3 || r.Before != "rollout-11" {
		t.Errorf("%+v", r)
	}
}

func TestEndingGolden(t *testing.T) {
	t.Parallel()
	total := record.Account{Step: "assignments", Read: 128_400, Applied: 126_222, Filtered: 1730, Rejected: 402, Dead: 31, Pending: 15, Blocked: 15}
	s := view.Summary{Run: "rollout-12", Outcome: "done", Exit: 3, Took: 6_720_000_000_000, Steps: []record.Account{total},
		Notes: Notes("rollout-12", left(), total), Next: Next(left(), total), Report: "rollout-12.html", ReportBytes: 1_200_000}
	golden(t, "ending", viewtest.Text(s))
	again := record.Account{Step: "load", Read: 433, Applied: 400, Rejected: 2, Dead: 31}
	s = view.Summary{Run: "redrive-1", Outcome: "done", Exit: 3, Steps: []record.Account{again},
		Notes: Notes("redrive-1", &run.Left{Of: left().Of}, again), Next: Next(left(), again)}
	golden(t, "ending_redrive", viewtest.Text(s))
	l := over()
	l.Accepted = 402
	total.Applied, total.Dead, total.Pending, total.Blocked = total.Applied+46, 0, 0, 0
	s = view.Summary{Run: "rollout-12", Outcome: "done", Accepted: 402, Steps: []record.Account{total}, Notes: Notes("rollout-12", l, total), Next: Next(l, total)}
	golden(t, "ending_over", viewtest.Text(s))
	spooled := record.Account{Step: "load", Read: 603, Applied: 401, Pending: 202}
	s = view.Summary{Run: "rollout-2", Outcome: "cancelled", Exit: 1, Steps: []record.Account{spooled},
		Notes: Notes("rollout-2", &run.Left{Of: run.Ref{Flow: "rollout", N: 2, Outcome: "cancelled"}}, spooled)}
	golden(t, "ending_cancelled", viewtest.Text(s))
	if clean := (record.Account{Read: 1, Applied: 1}); Notes("a-1", &run.Left{Of: run.Ref{Flow: "a", N: 1}}, clean) != nil || Next(left(), clean) != nil {
		t.Error("a run without trouble has something to tell")
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	r := Report(left(), 128_400, func(code string) string { return "about " + code })
	first := r.Causes[0]
	if first.Open != 2 || first.Fix != "add it to the list of workstations" || first.Owner != "sales-ops, it" || first.Share != 402.0/128_400 {
		t.Errorf("%+v", first)
	}
	if diff := cmp.Diff([]report.Ending{{Text: "applied by redrive-1", Records: 400}}, first.Closed); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]report.Example{{Number: 17, Entity: "assignments", Key: "48211", Field: "title", Value: "text of 231 characters, 5e109b"}}, r.Causes[2].Examples); diff != "" {
		t.Error(diff)
	}
	if r.Causes[2].Fix != "about data.too-long" || r.Causes[2].Open != 4 || len(r.Issues) != 3 {
		t.Errorf("%+v", r)
	}
	if Report(&run.Left{}, 0, nil) != nil {
		t.Error("nothing left, and a section about it")
	}
}

// Each owner gets one file, whatever it is called; nothing computes.
func TestExport(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "issues")
	all := []run.Issue{
		{Issue: record.Issue{Rule: "required", Field: "title", Severity: "error", Text: "is missing", Hint: "fill it", Owner: "../sales/ops"}, ID: 1,
			Run: "a-1", Exception: 7, Entity: "customers", Key: "=1+2", State: "new", First: at("02:00:00"), Last: at("03:00:00")},
		{Issue: record.Issue{Rule: "range", Field: "n", Severity: "warn", Text: "is low", Value: "-5", Owner: "_/sales/ops"}, ID: 2, Run: "a-1", Entity: "customers", Key: "ü"},
		{Issue: record.Issue{Rule: "range", Owner: ""}, ID: 3},
		{Issue: record.Issue{Rule: "range", Owner: "../sales/ops"}, ID: 9},
	}
	files, err := Export(dir, map[string]flow.Owner{"../sales/ops": {Link: "https://old.example/${key}"}}, func(after int64) ([]run.Issue, error) {
		for i, one := range all {
			if one.ID > after {
				return all[i : i+1], nil
			}
		}
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []File{{"_sales_ops.csv", "../sales/ops", 2}, {"__sales_ops.csv", "_/sales/ops", 1}, {"no-owner.csv", "", 1}} {
		found := false
		for _, f := range files {
			found = found || f == File{filepath.Join(dir, want.Name), want.Owner, want.Issues}
		}
		if !found || len(files) != 3 {
			t.Errorf("%d: %v", i, files)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "_sales_ops.csv"))
	if err != nil {
		t.Fatal(err)
	}
	want := "\ufeffkey,entity,field,rule,severity,what is wrong,value,what to do,state,first seen,last seen,run,number,link\r\n" +
		"'=1+2,customers,title,required,error,is missing,,fill it,new,2026-11-21T02:00:00Z,2026-11-21T03:00:00Z,a-1,7,https://old.example/=1+2\r\n" +
		",,,range,,,,,,0001-01-01T00:00:00Z,0001-01-01T00:00:00Z,,,\r\n"
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
	if _, err := Export(dir, nil, func(int64) ([]run.Issue, error) { return nil, errors.New("gone") }); err == nil {
		t.Error("the error is lost")
	}
	for owner, want := range map[string]string{"...": "no-owner", "a b": "a_b", "Ünal@x.org": "Ünal@x.org"} {
		if got := fileOf(owner); got != want {
			t.Errorf("%q: %q", owner, got)
		}
	}
}
