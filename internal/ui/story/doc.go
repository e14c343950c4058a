// Package story puts what the ledger knows about a run into the words of its
// end: the report, the proof and the lines of the summary. Start at Report.
package story
