package ledger

import "godwit/internal/ledger/exception"

// The words of package exception, for those who look at a ledger.
type (
	Exceptions      = exception.Look
	ExceptionFilter = exception.Filter
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
)

// Which exceptions and issues: those that are open, closed, or all.
const (
	OpenOnes   = exception.Open
	ClosedOnes = exception.Closed
	AllOnes    = exception.All
)
