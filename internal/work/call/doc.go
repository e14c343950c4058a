// Package call gives records to systems that take requests: each by its calls, in
// their order, none twice. What is about to be sent is in the ledger before it
// leaves; what became of a request whose answer was lost is found out before
// anything else is sent for its record. It knows no source and no map. Start at
// Executors; what it survives stands in DESIGN.md.
package call
