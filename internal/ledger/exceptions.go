package ledger

import (
	"context"

	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/records"
	"godwit/internal/ledger/store"
)

// The words of package exception, for those who look at a ledger.
type (
	Exceptions      = exception.Look
	ExceptionFilter = exception.Filter
	InHand          = exception.InHand
	LaterRun        = exception.LaterRun
	Stubs           = exception.Stubs
	HeldUp          = exception.HeldUp
	Cause           = exception.Cause
	Top             = exception.Top
	Whole           = exception.Whole
	Redriven        = exception.Redrive
	Issue           = exception.Issue
	IssueGroup      = exception.IssueGroup
	IssueFilter     = exception.IssueFilter
	Left            = exception.Left
	CauseLeft       = exception.CauseLeft
	Ending          = exception.Ending
	Deed            = exception.Deed
	Patch           = exception.Patch
	Acceptance      = exception.Acceptance
	Counts          = exception.Counts
	Standing        = records.Standing
)

// Which exceptions and issues: those that are open, closed, or all.
const (
	OpenOnes   = exception.Open
	ClosedOnes = exception.Closed
	AllOnes    = exception.All
)

// Standing is how a record stands beyond runs, at all places where it is known.
func (v *View) Standing(ctx context.Context, entity, key string) ([]Standing, error) {
	all, err := records.Of(ctx, v.db, entity, key)
	return all, v.ledger.fault(err)
}

// Doubt keeps what the ledger remembers of the records of units from being told
// until they are done: their target lost some of them. It may be called twice.
func (s *Session) Doubt(ctx context.Context, units []string) error {
	return s.In(ctx, "doubt what units have loaded", func(run int64, change store.Change) error {
		return records.Doubt(change, run, units)
	})
}
