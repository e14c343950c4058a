// Package story says what a run is going to do and what became of it, in the
// words of terminal and report: it counts and words what a plan and a run's
// story hold, and reads nothing else. Start at Plan and Report.
package story
