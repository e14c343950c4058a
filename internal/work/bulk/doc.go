// Package bulk moves whole tables as bytes: the copy verb with its plan, the
// relay between a reader and a writer, and the executors that settle chunks,
// put right what a lost snapshot left behind, and take the marks away. It
// knows no system and no record: only the seam's readers and writers. Start
// at Verb, then plan.go, then data.go; crashes are in DESIGN.md.
package bulk
