package report

import (
	"time"

	"godwit/internal/ui/view"
)

// Called is a run that a step, or an item of one, has called. It counts what that
// run, and those that it has called itself, came to by the end of this one.
type Called struct {
	Step      string  `json:"step"`          // move[north]
	Run       string  `json:"run,omitempty"` // none was started
	Flow      string  `json:"flow,omitempty"`
	State     string  `json:"state"` // done, failed, stopped ..., waiting
	Why       string  `json:"why,omitempty"`
	Exit      *int    `json:"exit,omitempty"`
	Seconds   float64 `json:"duration_s"`
	Read      int64   `json:"read"`
	Applied   int64   `json:"applied"`
	Unchanged int64   `json:"unchanged"`
	Filtered  int64   `json:"filtered"`
	Rejected  int64   `json:"rejected"`
	Dead      int64   `json:"dead"`
	Pending   int64   `json:"pending"`
}

func (p page) called() Table {
	t := Table{ID: "called", Title: "By called run", Help: "Each has a report of its own. A run that failed counts here with what it did; it gives its accounts to this run when it ends well.",
		Columns: []Column{{Name: "step"}, {Name: "run"}, {Name: "state", Wide: true}, {Name: "exit", Numbers: true}, {Name: "took", Numbers: true}, {Name: "read", Numbers: true},
			{Name: "applied", Numbers: true}, {Name: "unchanged", Numbers: true}, {Name: "filtered", Numbers: true}, {Name: "rejected", Numbers: true},
			{Name: "dead", Numbers: true}, {Name: "pending", Numbers: true}}}
	var all Called
	runs := 0
	for _, c := range p.Called {
		state, exit := text(c.State), text("")
		if c.Exit != nil {
			state.Text, exit = view.Ended(c.State, *c.Exit), number(int64(*c.Exit))
		}
		if c.Why != "" || c.Exit != nil && *c.Exit != 0 {
			state.Mark = "bad"
		}
		if c.Run != "" {
			runs++
		}
		t.Rows = append(t.Rows, append([]Cell{name(c.Step), text(c.Run), state, exit, span(time.Duration(c.Seconds * float64(time.Second)))}, c.counts()...))
		all.Read, all.Applied, all.Unchanged, all.Filtered = all.Read+c.Read, all.Applied+c.Applied, all.Unchanged+c.Unchanged, all.Filtered+c.Filtered
		all.Rejected, all.Dead, all.Pending = all.Rejected+c.Rejected, all.Dead+c.Dead, all.Pending+c.Pending
	}
	if len(p.Called) > 1 {
		t.Foot = append([]Cell{text("total"), text(view.Plural(runs, "run")), text(""), text(""), text("")}, all.counts()...)
	}
	return t
}

// calledWhy has the reasons in a table of their own: beside ten numbers they would
// stand in a column too narrow to read, or out of sight.
func (p page) calledWhy() Table {
	t := Table{ID: "called-why", Title: "Called runs that failed", Columns: []Column{{Name: "step"}, {Name: "run"}, {Name: "flow"}, {Name: "why", Wide: true}}}
	for _, c := range p.Called {
		if c.Why != "" {
			t.Rows = append(t.Rows, []Cell{name(c.Step), text(c.Run), text(c.Flow), text(c.Why)})
		}
	}
	return t
}

func (c Called) counts() []Cell {
	return []Cell{number(c.Read), number(c.Applied), number(c.Unchanged), number(c.Filtered), bad(c.Rejected), bad(c.Dead), number(c.Pending)}
}
