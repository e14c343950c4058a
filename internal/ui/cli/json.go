package cli

import (
	"time"

	"godwit/internal/control/run"
	"godwit/internal/record"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// What commands give to programs with --json. Names and meanings never change
// within version 1 of the stream; times are RFC 3339, durations seconds.

type countValue struct {
	Kind  string `json:"kind"`
	Class string `json:"class"`
	State string `json:"state"`
	Units int    `json:"units"`
}

type statusValue struct {
	Run      string           `json:"run"`
	State    string           `json:"state"` // running, paused, cancelling, stopped, lost, ended
	Outcome  string           `json:"outcome,omitempty"`
	Exit     *int             `json:"exit,omitempty"`
	Plan     string           `json:"plan"`
	Owner    string           `json:"owner,omitempty"`
	Started  time.Time        `json:"started"`
	Wrote    time.Time        `json:"wrote"` // when its owner wrote last
	Accounts []report.Account `json:"accounts"`
	Called   []report.Called  `json:"called,omitempty"` // runs that it has called
	Units    []countValue     `json:"units"`
	Active   []unit.Progress  `json:"active"`
	Held     []run.OnHold     `json:"held"` // steps and units that wait for their time
	Waiting  int              `json:"waiting"`
	Answered int64            `json:"answered,omitempty"` // records that calls were made for, in no account before their chunk is settled
	Limits   []run.Limit      `json:"limits,omitempty"`   // in force, of connections
	Skipped  []string         `json:"skipped,omitempty"`  // steps whose condition was false
	Open     *int64           `json:"open,omitempty"`     // records that were not loaded, as of now; missing where other runs keep them
	Since    []view.Ending    `json:"since,omitempty"`    // what became of the others
}

func statusOf(n *run.Now) statusValue {
	v := statusValue{
		Run: n.Run.Name(), State: n.State, Outcome: n.Run.Outcome, Plan: n.Run.PlanHash, Owner: n.Run.Owner,
		Started: n.Run.Opened, Wrote: n.Wrote, Accounts: accountsOf(n.Steps), Active: orEmpty(n.Progress), Held: orEmpty(n.Held), Waiting: n.Waiting, Answered: n.Answered, Limits: n.Limits, Skipped: n.Passed,
	}
	if n.Run.State == "ended" {
		v.State, v.Exit = n.Run.State, &n.Run.Exit
	}
	for _, c := range n.Counts {
		v.Units = append(v.Units, countValue{c.Kind, c.Class, c.State, c.Units})
	}
	return v
}

// accountsOf are sums per step, in the words of the report.
func accountsOf(sums []record.Account) []report.Account {
	list := []report.Account{}
	for _, a := range sums {
		list = append(list, report.AccountOf(a, int64(a.Chunk)))
	}
	return list
}

// orEmpty keeps an empty list a list in JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

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
	v := summaryValue{s.Run, s.Outcome, s.Why, s.Exit, s.Took.Seconds(), accountsOf(s.Steps), r.Verdict.Of, r.Verdict.Open, r.Called, nil, s.Alone, s.Accepted, s.Report, s.Next}
	if w := s.Verified; w != nil {
		v.Verified = &verifiedValue{w.Rows, w.Equal, w.Differ, w.Dark, w.Tables, w.NotRead, w.Rejected}
	}
	return v
}
