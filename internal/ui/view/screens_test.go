package view

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"godwit/internal/record"
)

// The first line of a summary never says more than what holds.
func TestHeadline(t *testing.T) {
	t.Parallel()
	good := []record.Account{{Step: "copy", Read: 5, Applied: 5}}
	for want, s := range map[string]Summary{
		"done: all accounted for":                                                    {Outcome: "done", Steps: good},
		"failed: the accounts do not close":                                          {Outcome: "done", Steps: []record.Account{{Read: 5, Applied: 4}, {Read: 4, Applied: 5}}},
		"finished with 1 dead letter":                                                {Outcome: "done", Exit: 3, Steps: []record.Account{{Read: 5, Applied: 4, Dead: 1}}},
		"finished with 1 rejected record and 3 pending":                              {Outcome: "done", Exit: 3, Steps: []record.Account{{Read: 5, Applied: 1, Rejected: 1, Pending: 3, Blocked: 3}}},
		"finished with 1 rejected record and 2 unexplained differences":              {Outcome: "done", Exit: 4, Steps: []record.Account{{Read: 5, Applied: 4, Rejected: 1}}, Verified: &Verified{Differ: 2}},
		"stopped, resumable: interrupted":                                            {Outcome: "stopped", Why: "interrupted", Exit: 5, Steps: good},
		"done: nothing was copied, 2 tables left alone, neither copied nor verified": {Outcome: "done", Alone: 2, Verified: &Verified{}},
		"failed: 1 unit failed":                                                      {Outcome: "failed", Why: "1 unit failed", Exit: 1, Steps: good},
		"finished: 2 tables not verified":                                            {Outcome: "done", Why: "2 tables not verified", Exit: 4, Steps: good},
	} {
		if got := s.Headline(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What was applied and not read back is named.
func TestSummaryNamesWhatWasNotVerified(t *testing.T) {
	t.Parallel()
	s := Summary{Run: "copy-1", Outcome: "done", Took: time.Minute, Steps: []record.Account{{Step: "copy", Read: 1500, Applied: 1500}},
		Verified: &Verified{Rows: 1400, Equal: 1400, Tables: 1}, Next: []string{"godwit verify copy-1"}}
	want := `copy-1  done: all accounted for, 1 table not verified   1 m 00 s   exit 0

step   read   applied  unchanged  filtered  rejected  dead  pending  closes
copy  1,500     1,500          0         0         0     0        0  yes

verified     1,400   rows read back: 1,400 equal, 0 differ, 0 not read, 100 not verified, 1 table not verified

next     godwit verify copy-1
`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(text(s), "\n")); diff != "" {
		t.Error(diff)
	}
}

// A first plan knows no times, and says so.
func TestPlanWithoutForecast(t *testing.T) {
	t.Parallel()
	want := `step             makes       units     size
1 copy old->new  2 tables        3   3.1 MB

Plan 9f3c1e: 1 step, 3 units, 3.1 MB, destroys nothing.
No forecast before 3 units of a class are done. Run this: godwit run shop --plan 9f3c1e
`
	got := text(Plan{Hash: "9f3c1e", Run: "godwit run shop --plan 9f3c1e", Steps: []PlanStep{{Step: "copy old->new", Makes: "2 tables", Units: 3, Bytes: 3_100_000}}})
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Error(diff)
	}
}
