package unloaded

import (
	"slices"
	"strconv"
	"time"

	"godwit/internal/control/run"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
)

// Issues are a run's issues by rule, field, value and owner.
type Issues struct {
	Now    time.Time
	Run    string
	State  string // of run.IssueFilter
	Groups []run.IssueGroup
	More   bool // there are others
	Over   Over
}

func noIssues(name, state string) string {
	switch state {
	case run.ClosedOnes:
		return name + " has no closed issues that this selects."
	case run.Accepted:
		return name + " has no accepted issues that this selects."
	case run.AllOnes:
		return name + " has no issues that this selects."
	}
	return name + " has no open issues that this selects."
}

// Draw is Screen's.
func (i Issues) Draw(edge int) []string {
	if len(i.Groups) == 0 {
		return append([]string{noIssues(i.Run, i.State)}, i.Over.lines(i.Run, i.State)...)
	}
	var rows [][]string
	var texts, hints []string
	var total int64
	for _, g := range i.Groups {
		rows = append(rows, []string{g.Rule, g.Field, g.Severity, view.Count(g.Issues), view.Count(g.Keys), g.Owner})
		text := g.Text
		if g.Value != "" {
			text += ": " + g.Value
		}
		if g.Values > 1 {
			text += ": " + view.Count(g.Values) + " values"
		}
		texts = append(texts, text)
		total += g.Issues
		if hint := layout.Left(g.Rule+" "+g.Field, 28) + " " + g.Hint; g.Hint != "" && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	if len(rows) > 1 {
		rows, texts = append(rows, []string{"total", "", "", view.Count(total), "", ""}), append(texts, "")
	}
	lines := beside([]layout.Column{{Head: "rule", Most: 24}, {Head: "field", Most: 24}, {Head: "severity"},
		{Head: "issues", Right: true}, {Head: "keys", Right: true}, {Head: "owner", Most: 20}}, rows, "what is wrong, value", texts, edge)
	for n, h := range hints {
		label := ""
		if n == 0 {
			lines, label = append(lines, ""), "to mend"
		}
		lines = append(lines, layout.Wrap(layout.Left(label, 9), h, 38, edge)...)
	}
	if i.More {
		lines = append(lines, "", "The most frequent ones; --limit 0 lists all.")
	}
	if over := i.Over.lines(i.Run, i.State); len(over) > 0 {
		lines = append(append(lines, ""), over...)
	}
	return append(lines, "", "One by one: "+command("issues list", i.Run, "--each"),
		"As lists for their owners: "+command("issues export", i.Run, "--csv DIR"))
}

// Value is the groups for programs.
func (i Issues) Value() any {
	return struct {
		Run    string           `json:"run"`
		Groups []run.IssueGroup `json:"groups"`
		More   bool             `json:"more"`
		Before string           `json:"before,omitempty"` // run that the counts are beside
		Counts run.IssueCounts  `json:"counts"`
		Known  []run.Expected   `json:"known,omitempty"`
		Stubs  []run.Stubs      `json:"stubs,omitempty"` // of earlier runs, that still stand
	}{i.Run, append([]run.IssueGroup{}, i.Groups...), i.More, i.Over.Before, i.Over.Sum, i.Over.Known, i.Over.Stubs}
}

// Each are single issues.
type Each struct {
	Now   time.Time
	Run   string
	State string
	All   []run.Issue
	More  bool
}

// Draw is Screen's.
func (e Each) Draw(edge int) []string {
	if len(e.All) == 0 {
		return []string{noIssues(e.Run, e.State)}
	}
	var rows [][]string
	var texts []string
	for _, i := range e.All {
		exception := "loaded"
		if i.Exception != 0 {
			exception = strconv.FormatInt(i.Exception, 10)
		}
		rows = append(rows, []string{i.Entity, i.Key, i.Rule, i.Field, i.Severity, i.State, i.Owner, exception})
		text := i.Text
		if i.Value != "" {
			text += ": " + i.Value
		}
		texts = append(texts, text)
	}
	lines := beside([]layout.Column{{Head: "entity", Most: 20}, {Head: "key", Most: 20}, {Head: "rule", Most: 20}, {Head: "field", Most: 16},
		{Head: "severity"}, {Head: "state"}, {Head: "owner", Most: 16}, {Head: "id", Right: true}}, rows, "what is wrong, value", texts, edge)
	if e.More {
		lines = append(lines, "", "The first "+view.Count(len(e.All))+"; --limit 0 lists all.")
	}
	return append(lines, "", "All about the record of an id: godwit dead show "+e.Run+" ID")
}

// Value is the issues for programs.
func (e Each) Value() any {
	return struct {
		Run  string      `json:"run"`
		All  []run.Issue `json:"issues"`
		More bool        `json:"more"`
	}{e.Run, append([]run.Issue{}, e.All...), e.More}
}
