// Package order tells how the steps of a flow stand to each other: which are around
// one, which before it may make what it needs, or wait for a system that it needs.
// It looks at the flow alone. Start at NewAround and NewWriters.
package order
