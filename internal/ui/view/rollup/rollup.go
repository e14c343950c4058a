// Package rollup shows what the runs that a run has called came to. Start at Rollup.
package rollup

import (
	"cmp"
	"strconv"
	"time"

	"godwit/internal/record"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
)

// Rollup is what the runs that a run has called came to: a line for each, and the
// sum over all.
type Rollup struct{ Parts []Part }

// Part is one of them.
type Part struct {
	Step    string // move[north]
	Run     string // "": there is none
	State   string
	Took    time.Duration
	Account record.Account
	Open    int64 // records that are not loaded as of now
	Exit    int   // -1 while it has not ended
	Well    bool  // it is done, and nothing is left
}

// mostParts are shown of many, and all that did not go well.
const mostParts = 30

// Draw is Screen's.
func (r Rollup) Draw(int) []string {
	var sum Part
	runs, well := 0, 0
	for _, p := range r.Parts {
		if sum.Account, sum.Open = sum.Account.Plus(p.Account), sum.Open+p.Open; p.Run != "" {
			runs++
		}
	}
	a := sum.Account
	columns := []layout.Column{{Head: "step", Most: 60}, {Head: "run", Most: 40}, {Head: "state"}, {Head: "took", Right: true}}
	for _, head := range []string{"read", "applied", "unchanged", "filtered", "rejected", "dead", "pending", "open", "exit"} {
		columns = append(columns, layout.Column{Head: head, Right: true})
	}
	left := map[string]bool{"filtered": a.Filtered == 0, "open": a.Rejected+a.Dead+a.Pending+sum.Open == 0} // mostly there are none
	var rows [][]string
	for _, p := range r.Parts {
		if well += one(p.Well); p.Well && len(r.Parts) > mostParts && well > mostParts/2 {
			continue
		}
		rows = append(rows, append(append([]string{p.Step, cmp.Or(p.Run, "-"), p.State, orDash(p.Took > 0, view.Span(p.Took))}, p.counts()...), orDash(p.Exit >= 0, strconv.Itoa(p.Exit))))
	}
	rows = append(rows, append(append([]string{"total", view.Plural(runs, "run"), "", ""}, sum.counts()...), ""))
	for i := len(columns) - 1; i >= 0; i-- {
		if !left[columns[i].Head] {
			continue
		}
		columns = append(columns[:i], columns[i+1:]...)
		for j := range rows {
			rows[j] = append(rows[j][:i], rows[j][i+1:]...)
		}
	}
	lines := layout.Table(columns, rows)
	if more := well - mostParts/2; len(r.Parts) > mostParts && more > 0 {
		lines = append(lines, view.Count(more)+" more are done; the report lists all")
	}
	return lines
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func orDash(is bool, text string) string {
	if is {
		return text
	}
	return "-"
}

func (p Part) counts() []string {
	a := p.Account
	var cells []string
	for _, n := range []int64{a.Read, a.Applied, a.Equal + a.Superseded + a.Redelivered, a.Filtered, a.Rejected, a.Dead, a.Pending, p.Open} {
		cells = append(cells, view.Count(n))
	}
	return cells
}
