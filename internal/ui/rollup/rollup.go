// Package rollup shows what the runs that a run has called came to: a line for each,
// and the sum over all. Start at Rollup.
package rollup

import (
	"slices"
	"strconv"

	"godwit/internal/control/run/chronicle"
	"godwit/internal/record"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
)

// Rollup is a table of them.
type Rollup struct {
	Parts []chronicle.Part
	All   bool // also those of many that went well
}

// most lines are shown of many, and all that did not go well.
const most = 30

// Draw is Screen's.
func (r Rollup) Draw(int) []string {
	sum, open := chronicle.Sum(r.Parts)
	columns := []layout.Column{{Head: "step", Most: 30}, {Head: "run", Most: 24}, {Head: "state"}, {Head: "took", Right: true}, {Head: "read", Right: true},
		{Head: "applied", Right: true}, {Head: "unchanged", Right: true}, {Head: "filtered", Right: true}, {Head: "rejected", Right: true}, {Head: "dead", Right: true},
		{Head: "pending", Right: true}, {Head: "open", Right: true}, {Head: "exit", Right: true}}
	shown := map[int]bool{7: sum.Filtered > 0, 11: sum.Rejected+sum.Dead+sum.Pending+open > 0}
	pick := func(row []string) (kept []string) {
		for i, cell := range row {
			if on, optional := shown[i]; on || !optional {
				kept = append(kept, cell)
			}
		}
		return kept
	}
	heads := make([]layout.Column, 0, len(columns))
	for i, c := range columns {
		if on, optional := shown[i]; on || !optional {
			heads = append(heads, c)
		}
	}
	var rows [][]string
	well := 0
	for _, p := range r.Parts {
		if !r.All && len(r.Parts) > most && p.Exit == 0 && !p.Failed() {
			if well++; well > most/2 {
				continue
			}
		}
		rows = append(rows, pick(append([]string{p.Step, dash(p.Run), state(p), took(p)}, append(counts(p.Account, p.Open), exit(p.Exit))...)))
	}
	rows = append(rows, pick(append([]string{"total", view.Plural(int64(runs(r.Parts)), "run"), "", ""}, append(counts(sum, open), "")...)))
	lines := layout.Table(heads, rows)
	if more := well - most/2; more > 0 {
		lines = append(lines, view.Count(more)+" more are done; the report lists all")
	}
	return lines
}

func runs(parts []chronicle.Part) (n int) {
	for _, p := range parts {
		if p.Run != "" {
			n++
		}
	}
	return n
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// state never says done of what its caller could not take back.
func state(p chronicle.Part) string {
	if p.Exit >= 0 {
		if text := view.Ended(p.State, p.Exit); p.Failed() && p.Exit == 0 {
			return "failed: " + p.Fault.Code
		} else if !p.Failed() {
			return text
		}
	}
	if p.Failed() {
		return "failed: " + p.Fault.Code
	}
	return p.State
}

func took(p chronicle.Part) string {
	if p.Took == 0 {
		return "-"
	}
	return view.Span(p.Took)
}

func exit(code int) string {
	if code < 0 {
		return "-"
	}
	return strconv.Itoa(code)
}

func counts(a record.Account, open int64) []string {
	var cells []string
	for _, n := range []int64{a.Read, a.Applied, a.Equal + a.Superseded + a.Redelivered, a.Filtered, a.Rejected, a.Dead, a.Pending, open} {
		cells = append(cells, view.Count(n))
	}
	return cells
}

// Report is the table for the report and for programs.
func Report(parts []chronicle.Part) []report.Called {
	var list []report.Called
	for _, p := range parts {
		a := p.Account
		c := report.Called{Step: p.Step, Run: p.Run, Flow: p.Flow, State: p.State, Seconds: p.Took.Seconds(), Read: a.Read, Applied: a.Applied,
			Unchanged: a.Equal + a.Superseded + a.Redelivered, Filtered: a.Filtered, Rejected: a.Rejected, Dead: a.Dead, Pending: a.Pending}
		if p.Exit >= 0 {
			c.Exit = &p.Exit
		}
		if p.Failed() {
			c.Why = p.Fault.Text + " [" + p.Fault.Code + "]"
		}
		list = append(list, c)
	}
	return list
}

// Others are the accounts of steps that are not told by the runs that they called.
func Others(steps []record.Account, parts []chronicle.Part) []record.Account {
	called := map[string]bool{}
	for _, p := range parts {
		called[p.Step] = true
	}
	return slices.DeleteFunc(append([]record.Account{}, steps...), func(a record.Account) bool { return called[a.Step] })
}
