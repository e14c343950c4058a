// Package engine runs units. The ledger is the truth and plan.Machine decides;
// a Session joins the two: a turn is one transaction of the journal, doing a
// unit is claim, ask, do, settle. Engines only drive sessions: local/ with
// goroutines in one process. The package knows neither what a unit does nor
// how the ledger stores. Start at Session.
package engine
