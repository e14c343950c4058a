// Package verify proves that two sides hold the same: rows by count and
// order-free sum, what differs narrowed down to keys and columns, sequences
// and definitions compared. It reads and never writes. A table that could not
// be read is never called verified. Start at Verb, then table.go.
package verify
