package report

import (
	"strings"
	"testing"
)

// A long reason neither pushes numbers out of sight nor makes their row tall.
func TestWhyCalledRunsFailedStandsBelowTheirNumbers(t *testing.T) {
	t.Parallel()
	const why = "step projects[p05], flows/rollout.yaml:22:11: there is no flow \"project_access\" [flow.missing]"
	r := sample()
	r.Called = []Called{
		{Step: "projects[p04]", Run: "project-1", Flow: "project", State: "done", Read: 50, Applied: 50},
		{Step: "projects[p05]", State: "failed", Why: why},
	}
	tables := map[string]Table{}
	for _, one := range Tables(r) {
		tables[one.ID] = one
	}
	numbers, reasons := tables["called"], tables["called-why"]
	for _, c := range numbers.Columns {
		if c.Name == "why" {
			t.Errorf("%q stands beside the numbers", c.Name)
		}
	}
	if len(numbers.Rows) != 2 || len(numbers.Rows[0]) != len(numbers.Columns) || len(numbers.Foot) != len(numbers.Columns) {
		t.Errorf("rows of another width than the %d columns: %v", len(numbers.Columns), numbers)
	}
	if len(reasons.Rows) != 1 || reasons.Rows[0][0].Text != "projects[p05]" || reasons.Rows[0][3].Text != why {
		t.Errorf("reasons are %v", reasons.Rows)
	}
	if page := render(t, r); !strings.Contains(page, `<table id="called-why">`) {
		t.Error("the page does not have them")
	}
}
