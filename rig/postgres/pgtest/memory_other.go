//go:build unix && !linux

package pgtest

// memory is empty: no folder in memory is known here.
func memory() string { return "" }
