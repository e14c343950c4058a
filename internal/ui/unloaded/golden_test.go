package unloaded

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/control/run"
	"godwit/internal/record"
	"godwit/internal/ui/view/viewtest"
)

var update = flag.Bool("update", false, "write testdata")

// golden compares with testdata/NAME.txt.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
	for _, line := range strings.Split(got, "\n") {
		if len(line) > 100 && !strings.Contains(line, "godwit ") {
			t.Errorf("%s: longer than 100: %s", name, line)
		}
	}
}

// now is the morning after the night of the mock-ups; at is in that night.
var now = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

func at(clock string) time.Time {
	t, err := time.Parse(time.TimeOnly, clock)
	if err != nil {
		panic(err)
	}
	return time.Date(2026, 11, 21, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

func causes() []run.Cause {
	return []run.Cause{
		{Cause: "8c1f02aa", Code: "issue.lookup", Text: "unknown workstation", Outcome: record.Rejected, Entity: "assignments", Entities: 1,
			Records: 402, Keys: 402, First: at("02:14:10"), Last: at("04:00:00"), Top: []run.Top{{Field: "workstation_id", Value: `"WS-417"`, Records: 391}, {Field: "workstation_id", Value: `"WS-99"`, Records: 11}}},
		{Cause: "8c1f7b2e", Code: "data.exclusion", Text: "overlaps another row: conflicting key value violates exclusion constraint", Outcome: record.Dead, Entity: "assignments", Entities: 2,
			Records: 27, Keys: 9, First: at("02:40:55"), Last: at("04:00:00"), Top: []run.Top{{Field: "from", Records: 20}, {Field: "to", Value: "2019-02-30", Records: 7}}},
		{Cause: "77aa0c11", Code: "data.too-long", Text: "value too long for varchar(200)", Outcome: record.Dead, Entity: "planboards", Entities: 1,
			Records: 4, Keys: 4, First: at("03:02:12"), Last: at("04:00:00"), Top: []run.Top{{Field: "title", Value: "text of 231 characters, 5e109b", Records: 4}}},
		{Cause: "00f1aa11", Code: "data.check", Text: "breaks check positive", Outcome: record.Dead, Entity: "planboards", Entities: 1, Records: 1, First: at("03:02:12")},
	}
}

func TestStatsGolden(t *testing.T) {
	t.Parallel()
	golden(t, "stats", viewtest.Text(Stats{Now: now, Run: "rollout-12", Causes: causes()}))
	golden(t, "stats_none", viewtest.Text(Stats{Now: now, Run: "rollout-12", Filter: run.Filter{Field: "a b", Outcome: record.Dead}}))
}

func dead() run.Whole {
	return run.Whole{
		Exception: record.Exception{ID: 17, Step: "load", Entity: "assignments", Key: "48211", Unit: "load/load/assignments/3", Chunk: 12,
			Outcome: record.Dead, Cause: "77aa0c11", Code: "data.too-long", Text: "value too long for varchar(200)", Fields: []string{"title"},
			Refusal:  &record.Refusal{Code: "data.too-long", Field: "title", Text: "value too long for varchar(200)", Where: "table assignments", State: "22001", Value: "text of 231 characters, 5e109b"},
			Issues:   []record.Issue{{Rule: "blank", Field: "note", Severity: record.SeverityWarn, Text: "is blank", Owner: "sales-ops"}},
			Attempts: 3, Mapping: "v9", First: at("02:14:10"), Last: at("07:10:00"),
			Payload: record.Payload{Source: json.RawMessage(`{"id":48211,"title":"very long"}`), Sent: json.RawMessage(`[[48211,"very long"]]`)}},
		Run: "rollout-12", Claimed: "redrive-3",
		Redrives: []run.Redriven{
			{Run: "redrive-1", At: at("06:00:00"), Outcome: record.Rejected, Cause: "8c1f02aa", Text: "unknown workstation", Mapping: "v10"},
			{Run: "redrive-2", At: at("07:10:00"), Outcome: record.Dead, Cause: "77aa0c11", Text: "value too long for varchar(200)", Mapping: "v11"},
		},
	}
}

func rejected() run.Whole {
	return run.Whole{
		Exception: record.Exception{ID: 18, Step: "load", Entity: "assignments", Key: "48230", Unit: "load/load/assignments/3", Chunk: 12,
			Outcome: record.Rejected, Cause: "8c1f02aa", Code: "issue.lookup", Text: "unknown workstation", Fields: []string{"workstation_id", "from"},
			Issues: []record.Issue{
				{Rule: "lookup", Field: "workstation_id", Severity: record.SeverityError, Text: "unknown workstation", Value: `"WS-417"`, Hint: "add it to the list of workstations", Owner: "sales-ops"},
				{Rule: "required", Field: "from", Severity: record.SeverityError, Text: "is missing", Owner: "it"},
			},
			Attempts: 2, Mapping: "v9", First: at("02:14:10"), Last: at("06:00:00"), Closed: "applied by redrive-1"},
		Run: "rollout-12", ClosedAt: at("06:00:00"), Claimed: "redrive-1",
		Redrives: []run.Redriven{{Run: "redrive-1", At: at("06:00:00"), Outcome: record.Applied, Mapping: "v10"}},
	}
}

func TestListGolden(t *testing.T) {
	t.Parallel()
	hostile := dead().Exception
	hostile.ID, hostile.Key, hostile.Text, hostile.Refusal = 19, "a\x1b[31m\u202eb", "broken\ninto lines", nil
	golden(t, "list", viewtest.Text(List{Now: now, Run: "rollout-12", Total: 433,
		All: []record.Exception{dead().Exception, hostile}, Filter: run.Filter{Cause: "77aa0c11", Value: `"it's"`}}))
	golden(t, "list_closed", viewtest.Text(List{Now: now, Run: "rollout-12", Total: 1, All: []record.Exception{rejected().Exception}, Filter: run.Filter{State: run.ClosedOnes}}))
}

func TestLetterGolden(t *testing.T) {
	t.Parallel()
	golden(t, "letter", viewtest.Text(Letter{Now: now, Whole: dead()}))
	golden(t, "letter_content", viewtest.Text(Letter{Now: now, Whole: rejected(), WithSource: true, WithSent: true}))
	content := viewtest.Text(Letter{Now: now, Whole: dead(), WithSource: true})
	if !strings.Contains(content, `{"id":48211,"title":"very long"}`) || strings.Contains(content, "[[48211") {
		t.Error(content)
	}
}

// A record's content is told to nobody who did not ask for it, on no way.
func TestContentIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]any{"letter": Letter{Whole: dead()}.Value(), "trace": Trace{Letters: []run.Whole{dead()}}.Value()} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "very long") {
			t.Errorf("%s: %s", name, b)
		}
	}
	b, err := json.Marshal(Letter{Whole: dead(), WithSource: true, WithSent: true}.Value())
	if err != nil || strings.Count(string(b), "very long") != 2 {
		t.Errorf("%s %v", b, err)
	}
}

func TestRedriveGolden(t *testing.T) {
	t.Parallel()
	all := causes()
	golden(t, "redrive", viewtest.Text(Redrive{Run: "rollout-12", Flow: "rollout", Filter: run.Filter{Entity: "assignments", IDs: []int64{1, 2}},
		Steps: []Step{{"load", all[:2]}, {"load-2", all[2:3]}}, InHand: []run.InHand{{Run: "redrive-1", Records: 3, Alive: true}, {Run: "redrive-2", Records: 1200, Doubt: 1}},
		HeldUp: []run.HeldUp{{Step: "load", Records: 2, Groups: 1, First: "48211"}}}))
}

func groups() []run.IssueGroup {
	return []run.IssueGroup{
		{Rule: "lookup", Field: "workstation_id", Value: `"WS-417"`, Severity: record.SeverityError, Owner: "sales-ops", Text: "unknown workstation",
			Hint: "add it to the list of workstations", Issues: 391, Keys: 391, First: at("02:14:10")},
		{Rule: "lookup", Field: "workstation_id", Value: `"WS-99"`, Severity: record.SeverityError, Owner: "sales-ops", Text: "unknown workstation",
			Hint: "add it to the list of workstations", Issues: 11, Keys: 11, First: at("02:14:10")},
		{Rule: "blank", Field: "note", Severity: record.SeverityWarn, Text: "is blank", Issues: 5, Keys: 5, First: at("02:14:10")},
	}
}

func TestIssuesGolden(t *testing.T) {
	t.Parallel()
	golden(t, "issues", viewtest.Text(Issues{Now: now, Run: "rollout-12", Groups: groups(), More: true}))
	golden(t, "issues_each", viewtest.Text(Each{Now: now, Run: "rollout-12", All: []run.Issue{
		{Issue: rejected().Issues[0], ID: 1, Run: "rollout-12", Exception: 18, Entity: "assignments", Key: "48230", State: "still"},
		{Issue: dead().Issues[0], ID: 2, Run: "rollout-12", Entity: "assignments", Key: "48211", State: "new"},
	}}))
	golden(t, "issues_over", viewtest.Text(Issues{Now: now, Run: "rollout-12", Groups: groups(), Over: OverRuns(over())}))
	golden(t, "issues_none", viewtest.Text(Issues{Now: now, Run: "rollout-12", Over: OverRuns(over())}))
	for state, want := range map[string]string{run.Accepted: "no accepted issues", run.OpenOnes: "no open issues", run.ClosedOnes: "no closed issues", run.AllOnes: "no issues"} {
		if got := viewtest.Text(Issues{Run: "a-1", State: state}) + viewtest.Text(Each{Run: "a-1", State: state}); strings.Count(got, want) != 2 {
			t.Errorf("%s: %s", state, got)
		}
	}
}

func TestTraceGolden(t *testing.T) {
	t.Parallel()
	gone := rejected() // put right, tried again in vain, and given up
	gone.ID, gone.Mapping, gone.ClosedAt = 19, strings.Repeat("0123456789abcdef", 4), at("09:20:00")
	gone.Patches = []run.Patch{{At: at("08:00:00"), Actor: "maria", Reason: "asked the branch"}}
	gone.Patches[0].Changes = slices.Grow(gone.Patches[0].Changes, 2)[:2] // of a package that ui does not know
	gone.Patches[0].Changes[0].Field, gone.Patches[0].Changes[1].Field = "workstation_id", "from"
	gone.Redrives = []run.Redriven{{Run: "redrive-4", Actor: "maria", At: at("08:30:00"), Outcome: record.Rejected, Code: "issue.lookup", Mapping: gone.Mapping}}
	gone.Closed = "dismissed by ada: a test order"
	golden(t, "trace_hands", viewtest.Text(Trace{Now: now, Entity: "assignments", Key: "48211", Letters: []run.Whole{gone},
		Accepted: []run.Acceptance{{At: at("09:00:00"), Run: "rollout-12", Actor: "ada", Reason: "as it came", Rule: "lookup", Field: "workstation_id"}},
		Standing: []run.Standing{{Place: record.Place{Entity: "assignments", At: "new"}, State: record.Rejected, Attempts: 2, Mapping: "0123456789abcdef", Run: "redrive-4", At: at("08:30:00")}}}))
	golden(t, "trace", viewtest.Text(Trace{Now: now, Entity: "assignments", Key: "48211", Letters: []run.Whole{rejected(), dead()},
		Issues: []run.Issue{{Issue: dead().Issues[0], Run: "rollout-14", Step: "load", First: at("07:30:00")}}}))
	golden(t, "trace_none", viewtest.Text(Trace{Now: now, Entity: "assignments", Key: "1"}))
	if got := viewtest.Text(Trace{Now: now, Entity: "a", Key: "1", Issues: []run.Issue{{Issue: dead().Issues[0], Run: "rollout-14"}}}); !strings.Contains(got, "loaded, with warnings") {
		t.Error(got)
	}
}
