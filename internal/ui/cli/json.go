package cli

import (
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
)

// What the end of a run gives to programs with --json. Names and meanings never
// change within version 1 of the stream; durations are seconds.

type verifiedValue struct {
	Rows        int64 `json:"rows"`
	Equal       int64 `json:"equal"`
	Differ      int64 `json:"differ"`
	Dark        int64 `json:"not_looked_into"`
	NotVerified int64 `json:"tables_not_verified"`
	Outside     int64 `json:"records_outside_of_sample,omitempty"`
	Rejected    int64 `json:"records_rejected,omitempty"` // that could not be compared
}

type summaryValue struct {
	Run      string           `json:"run"`
	Outcome  string           `json:"outcome"`
	Why      string           `json:"why,omitempty"`
	Exit     int              `json:"exit"`
	Duration float64          `json:"duration_s"`
	Accounts []report.Account `json:"accounts"`
	Of       string           `json:"of,omitempty"`     // run that a redrive is of
	Open     *int64           `json:"open,omitempty"`   // records of that run which are open still
	Called   []report.Called  `json:"called,omitempty"` // runs that it has called
	Verified *verifiedValue   `json:"verified,omitempty"`
	Alone    int64            `json:"tables_left_alone,omitempty"`
	Accepted int64            `json:"records_accepted,omitempty"` // of those that were rejected
	Report   string           `json:"report,omitempty"`
	Next     []string         `json:"next,omitempty"`
}

func summaryOf(s view.Summary, r report.Report) summaryValue {
	v := summaryValue{s.Run, s.Outcome, s.Why, s.Exit, s.Took.Seconds(), report.AccountsOf(s.Steps), r.Verdict.Of, r.Verdict.Open, r.Called, nil, s.Alone, s.Accepted, s.Report, s.Next}
	if w := s.Verified; w != nil {
		v.Verified = &verifiedValue{w.Rows, w.Equal, w.Differ, w.Dark, w.Tables, w.NotRead, w.Rejected}
	}
	return v
}
