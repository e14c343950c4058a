// Package story says what became of a run, in the words of terminal and
// report: it counts and words what the run's story holds, and reads nothing
// else. Start at Report.
package story
