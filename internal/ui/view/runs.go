package view

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/ui/layout"
)

// Runs is the list of runs, newest first.
type Runs struct {
	Now  time.Time
	All  []Run
	More int64 // older ones
}

// Run is one row of the list. Exit is -1 while it has not ended.
type Run struct {
	Name     string
	State    string // running, stopped, lost, done, failed ...
	Started  time.Time
	Took     time.Duration
	Read     int64
	Applied  int64
	Rejected int64
	Dead     int64
	After    After
	Exit     int
	By       string // run and step that called it: rollout-1 move[north]
}

// After is what became, since their run, of records that it had not loaded.
type After struct {
	Open int64 // as of now; -1: they are kept with other runs
	Ends []Ending
}

// Ending is how so many of them ended.
type Ending struct {
	How     string `json:"how"` // applied by redrive-1
	Records int64  `json:"records"`
}

// line is that in a line.
func (a After) line(edge int) []string {
	if len(a.Ends) == 0 {
		return nil
	}
	var parts []string
	for _, s := range a.Ends {
		parts = append(parts, Count(s.Records)+" "+s.How)
	}
	return layout.Wrap(layout.Left("since", 9), strings.Join(parts, ", ")+"; "+Count(a.Open)+" still open", 9, edge)
}

// Draw is Screen's.
func (r Runs) Draw(int) []string {
	if len(r.All) == 0 {
		return []string{"No runs in this ledger."}
	}
	const at = 6 // the column of rejected records
	rejected := slices.ContainsFunc(r.All, func(r Run) bool { return r.Rejected > 0 })
	left := slices.ContainsFunc(r.All, func(r Run) bool { return r.Rejected+r.Dead+max(0, r.After.Open) > 0 || len(r.After.Ends) > 0 })
	called := slices.ContainsFunc(r.All, func(r Run) bool { return r.By != "" })
	columns := []layout.Column{{Head: "run", Most: 30}, {Head: "state"}, {Head: "started"}, {Head: "took", Right: true},
		{Head: "read", Right: true}, {Head: "applied", Right: true},
		{Head: "rejected", Right: true}, {Head: "dead", Right: true}, {Head: "open", Right: true}, {Head: "exit", Right: true}}
	var rows [][]string
	for _, run := range r.All {
		exit := "-"
		if run.Exit >= 0 {
			exit = strconv.Itoa(run.Exit)
		}
		row := []string{run.Name, run.State, Clock(run.Started, r.Now), Span(run.Took),
			Count(run.Read), Count(run.Applied), Count(run.Rejected), Count(run.Dead), "-", exit}
		if run.After.Open >= 0 {
			row[at+2] = Count(run.After.Open)
		}
		if !left {
			row = slices.Delete(row, at+2, at+3)
		}
		if !rejected {
			row = slices.Delete(row, at, at+1)
		}
		if called {
			row = append(row, run.By)
		}
		rows = append(rows, row)
	}
	if !left {
		columns = slices.Delete(columns, at+2, at+3)
	}
	if called {
		columns = append(columns, layout.Column{Head: "called by", Most: 40})
	}
	if !rejected { // mostly there are none
		columns = slices.Delete(columns, at, at+1)
	}
	if r.More > 0 {
		return append(layout.Table(columns, rows), "", Count(r.More)+" more, older ones: godwit runs --limit 0")
	}
	return layout.Table(columns, rows)
}
