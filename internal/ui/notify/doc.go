// Package notify tells people and programs of what happens in a run: it looks at
// the run in the ledger every two seconds, groups what it finds by receiver, sends
// it, tries again, and writes into the run's journal what was sent and what could
// not be. No work knows of it, and nothing of the run waits for it. Start at
// Office.Run; desk.go says what is sent when, and has no clock of its own.
package notify
