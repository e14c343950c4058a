// Package pipeline moves records: it reads them, maps and checks them, writes
// them and settles what became of each. It knows no system and no ledger: both
// stand behind interfaces. DESIGN.md says what a chunk survives; start reading
// at executor.go.
package pipeline
