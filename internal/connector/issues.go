package connector

import (
	"context"
	"time"

	"godwit/internal/catalog"
)

// IssueRow is one issue over all runs of a flow in an environment, for a table
// that people ask.
type IssueRow struct {
	ID        string // the same for the same issue, whatever becomes of it
	Flow, Env string
	Step      string
	Entity    string
	Key       string
	Rule      string
	Field     string
	Value     string // as it was made safe to be shown
	Severity  string
	Text      string
	Hint      string
	Owner     string
	Status    string // new, reopened, still, accepted, dismissed, fixed
	First     time.Time
	Last      time.Time // seen
	Times     int64     // runs that found it
	Run       string    // that said last what it is
}

// IssueKeeper is an endpoint that keeps issues in a table.
type IssueKeeper interface {
	// KeepIssues brings rows up to date, by their IDs, all of them or none. The
	// table is made, with its indexes, where there is none. AsOf grows with what is
	// known: a row that was written by somebody who knew more stays. It may be
	// called twice, and by several at once.
	KeepIssues(ctx context.Context, table catalog.Name, asOf int64, rows []IssueRow) error
}
