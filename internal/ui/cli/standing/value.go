package standing

import (
	"time"

	"godwit/internal/control/run"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

type units struct {
	Kind  string `json:"kind"`
	Class string `json:"class"`
	State string `json:"state"`
	Units int    `json:"units"`
}

// Value is what status gives to programs. Names and meanings never change within
// version 1 of the stream; times are RFC 3339.
type Value struct {
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
	Units    []units          `json:"units"`
	Active   []unit.Progress  `json:"active"`
	Held     []run.OnHold     `json:"held"` // steps and units that wait for their time
	Waiting  int              `json:"waiting"`
	Answered int64            `json:"answered,omitempty"` // records that calls were made for, in no account before their chunk is settled
	Limits   []run.Limit      `json:"limits,omitempty"`   // in force, of connections
	Skipped  []string         `json:"skipped,omitempty"`  // steps whose condition was false
	Open     *int64           `json:"open,omitempty"`     // records that were not loaded, as of now; missing where other runs keep them
	Since    []view.Ending    `json:"since,omitempty"`    // what became of the others
	Next     []string         `json:"next,omitempty"`     // commands that go on with it, where nobody does
}

// ValueOf is a run as it stands; who knows fills in Called, Open, Since and Next.
func ValueOf(n *run.Now) Value {
	v := Value{
		Run: n.Run.Name(), State: n.State, Outcome: n.Run.Outcome, Plan: n.Run.PlanHash, Owner: n.Run.Owner,
		Started: n.Run.Opened, Wrote: n.Wrote, Accounts: report.AccountsOf(n.Steps), Active: orEmpty(n.Progress), Held: orEmpty(n.Held), Waiting: n.Waiting, Answered: n.Answered, Limits: n.Limits, Skipped: n.Passed,
	}
	if n.Run.State == "ended" {
		v.State, v.Exit = n.Run.State, &n.Run.Exit
	}
	for _, c := range n.Counts {
		v.Units = append(v.Units, units{c.Kind, c.Class, c.State, c.Units})
	}
	return v
}

// orEmpty keeps an empty list a list in JSON.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
