package examination

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"godwit/internal/ui/view"
	"godwit/internal/ui/view/viewtest"

	"github.com/google/go-cmp/cmp"
)

// golden compares with testdata/NAME.txt, the mock-ups of the design.
func golden(t *testing.T, name string, e Examination) {
	t.Helper()
	want, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(viewtest.Text(e), "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestExamination(t *testing.T) {
	t.Parallel()
	golden(t, "doctor", Examination{
		Sides: []view.Side{
			{Name: "old", System: "postgres", Version: "13.14", Database: "dwh", Tables: 412, Schemas: 63, Bytes: 7900 * 1_000_000_000},
			{Name: "new", System: "postgres", Version: "16.3", Database: "dwh"},
		},
		Findings: []view.Finding{
			{Severity: "blocks", Connection: "new", Text: "role etl_owner is missing; it owns 61 tables (sales 48, hr_emea 13)",
				Fixes: []string{"CREATE ROLE etl_owner NOLOGIN;"}, Or: []string{"map it: roles: {etl_owner: mover}"}, Position: "flows/warehouse.yaml:9"},
			{Severity: "blocks", Connection: "new", Text: "mover may not create in schema sales", Fixes: []string{"GRANT CREATE ON SCHEMA sales TO mover;"}},
			{Severity: "warns", Connection: "new", Text: "mover cannot read other sessions: a lock wait would name the pid, not the statement",
				Fixes: []string{"GRANT pg_read_all_stats TO mover;"}},
			{Severity: "warns", Connection: "old", Text: "17 tables have no key: verified as multisets, repaired as a whole", More: "--show keyless"},
			{Severity: "warns", Connection: "old", Text: "docs.page.body: 3 values over 512 MiB, copied in binary"},
			{Severity: "ok", Connection: "old", Text: "not shown"},
		},
		Passed:  []Passed{{"old", 14}, {"new", 15}, {"flow", 2}},
		Took:    4100 * time.Millisecond,
		Command: "godwit doctor warehouse --env prod",
	})
}

// What a step reads and writes that moves records.
func TestExaminationLoads(t *testing.T) {
	t.Parallel()
	load := view.Load{Step: "load", Fields: 14, Key: []string{"id"}, Records: 128_400, Parts: 4, Writes: []string{"shop.customer", "shop.address"}}
	query := load
	query.Step, query.Records, query.Key, query.Parts, query.Writes = "load-2", -1, nil, 1, query.Writes[:1]
	golden(t, "load", Examination{
		Sides: []view.Side{{Name: "old", System: "postgres", Version: "13.14", Database: "dwh"}, {Name: "new", System: "postgres", Version: "16.3", Database: "dwh"}},
		Loads: []view.Load{load, query}, Passed: []Passed{{"old", 14}, {"new", 15}}, Took: 4100 * time.Millisecond, Command: "godwit doctor rollout",
	})
}

// Names come from databases: none may steer the terminal.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	const evil = "a\x1b[2Jb\u202ec\nd\x00\xff"
	text := viewtest.Text(Examination{Findings: []view.Finding{{Severity: "blocks", Text: evil}}})
	if strings.ContainsAny(text, "\x1b\u202e\x00") || strings.Contains(text, "\nd") {
		t.Errorf("%q", text)
	}
}

// TestWaysOut: what comes next is labelled so, and only what stands beside a fix is
// another way.
func TestWaysOut(t *testing.T) {
	t.Parallel()
	e := Examination{Findings: []view.Finding{
		{Severity: "blocks", Connection: "api", Text: "it is away", Or: []string{"see that it runs", "godwit explain x says more"}},
		{Severity: "blocks", Connection: "new", Text: "no role", Fixes: []string{"CREATE ROLE a;"}, Or: []string{"map it: roles", "go without"}},
		{Severity: "blocks", Connection: "flow", Text: "no flow", Or: []string{"flow near: its input is missing"}},
	}}
	want := []string{
		"blocks  api   it is away",
		"             next         see that it runs",
		"                          godwit explain x says more",
		"blocks  new   no role",
		"             fix on new   CREATE ROLE a;",
		"             or map it    roles",
		"             or           go without",
		"blocks  flow  no flow",
		"             flow near    its input is missing",
	}
	text := viewtest.Text(e)
	for _, line := range want {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
}
