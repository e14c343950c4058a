package view

import (
	"strconv"
	"time"
)

// Runs is the list of runs, newest first.
type Runs struct {
	Now time.Time
	All []Run
}

// Run is one row of the list. Exit is -1 while it has not ended.
type Run struct {
	Name    string
	State   string // running, stopped, lost, done, failed ...
	Started time.Time
	Took    time.Duration
	Read    int64
	Applied int64
	Dead    int64
	Exit    int
}

func (r Runs) lines(int) []string {
	if len(r.All) == 0 {
		return []string{"No runs in this ledger."}
	}
	columns := []column{{head: "run", most: 30}, {head: "state"}, {head: "started"}, {head: "took", right: true},
		{head: "read", right: true}, {head: "applied", right: true}, {head: "dead", right: true}, {head: "exit", right: true}}
	var rows [][]string
	for _, run := range r.All {
		exit := "-"
		if run.Exit >= 0 {
			exit = strconv.Itoa(run.Exit)
		}
		rows = append(rows, []string{run.Name, run.State, Clock(run.Started, r.Now), Span(run.Took),
			Count(run.Read), Count(run.Applied), Count(run.Dead), exit})
	}
	return table(columns, rows)
}
