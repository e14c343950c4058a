package unloaded

import (
	"fmt"
	"strings"

	"godwit/internal/control/run"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
)

// Over is how a run's issues stand beside those of earlier runs, and beside what
// is expected.
type Over struct {
	Before string
	Sum    run.IssueCounts
	Known  []run.Expected
	Stubs  []run.Stubs
}

// OverRuns takes it from what a run left behind.
func OverRuns(l *run.Left) Over {
	o := Over{Before: l.Before, Known: l.Known, Stubs: l.Stubs}
	for _, s := range l.Counts {
		o.Sum = o.Sum.Plus(s)
	}
	return o
}

// since is the comparison in words, "" when there is nothing to compare.
func (o Over) since() string {
	if o.Before == "" {
		return ""
	}
	parts := []string{view.Count(o.Sum.New) + " new", view.Count(o.Sum.Still) + " still"}
	if o.Sum.Reopened > 0 {
		parts = append(parts, view.Count(o.Sum.Reopened)+" reopened")
	}
	return strings.Join(append(parts, view.Count(o.Sum.Fixed)+" fixed"), ", ") + " since " + o.Before
}

// lines are below a list of a run's issues in a state.
func (o Over) lines(name, state string) []string {
	var lines []string
	if text := o.since(); text != "" {
		lines = append(lines, text)
	}
	if o.Sum.Accepted > 0 && state == run.OpenOnes {
		lines = append(lines, view.Count(o.Sum.Accepted)+" accepted, not listed: "+command("issues list", name, "--accepted"))
	}
	for _, s := range o.Stubs {
		lines = append(lines, view.Plural(s.Stubs, "stub")+" of "+s.Entity+" that earlier runs made still "+view.Either(s.Stubs, "stands", "stand")+": "+command("issues list", s.Run, "--rule stub --each"))
	}
	if len(o.Known) == 0 {
		return lines
	}
	if len(lines) > 0 {
		lines = append(lines, "")
	}
	var rows [][]string
	for _, e := range o.Known {
		rows = append(rows, []string{e.Rule, e.Entity, e.Field, view.Count(e.Count), view.Count(e.Found), difference(e), e.Note})
	}
	return append(lines, layout.Table([]layout.Column{{Head: "known", Most: 24}, {Head: "entity", Most: 20}, {Head: "field", Most: 20}, {Head: "expected", Right: true},
		{Head: "found", Right: true}, {Head: "difference", Right: true}, {Head: "note", Most: 40}}, rows)...)
}

func difference(e run.Expected) string {
	if e.More() == 0 {
		return "none"
	}
	return fmt.Sprintf("%+d", e.More())
}

// notes are the lines of a run's end about the same.
func (o Over) notes(name string) []view.Note {
	var notes []view.Note
	if text := o.since(); text != "" && o.Sum.Open()+o.Sum.Fixed > 0 {
		notes = append(notes, view.Note{Label: "issues", N: o.Sum.Open(), Text: text, More: command("issues list", name)})
	}
	if o.Sum.Accepted > 0 {
		notes = append(notes, view.Note{Label: "accepted", N: o.Sum.Accepted, Text: view.Either(int(min(o.Sum.Accepted, 2)), "issue", "issues"), More: command("issues list", name, "--accepted")})
	}
	as := int64(0)
	for _, e := range o.Known {
		if e.More() == 0 {
			as++
			continue
		}
		text := e.Rule
		for _, part := range []string{e.Entity, e.Field} {
			if part != "" {
				text += " " + part
			}
		}
		notes = append(notes, view.Note{Label: "known", N: e.Found, Text: text + ": " + view.Count(e.Count) + " expected, " + view.Count(e.Found) + " found (" + difference(e) + ")"})
	}
	if as > 0 {
		notes = append(notes, view.Note{Label: "known", N: as, Text: view.Either(int(min(as, 2)), "rule", "rules") + " broken as often as expected"})
	}
	return notes
}

// Accepted says what was decided about issues.
type Accepted struct {
	Verb   string `json:"-"` // accept, unaccept
	Run    string `json:"run"`
	Issues int64  `json:"issues"`
	Reason string `json:"reason"`
	DryRun bool   `json:"dry_run"`
}

// Draw is Screen's.
func (a Accepted) Draw(int) []string {
	text := view.Plural(a.Issues, "issue") + " of " + a.Run
	switch {
	case a.DryRun:
		return []string{text + " would be " + a.Verb + "ed. Nothing was changed."}
	case a.Verb == "accept":
		return []string{text + " accepted, now and in later runs as long as the values are the same.",
			"Taken back by: " + command("issues unaccept", a.Run, "--rule RULE --reason TEXT")}
	}
	return []string{text + " not accepted any more."}
}

// Wrote says how many rows of a table of issues were written.
type Wrote struct {
	Run    string `json:"run"`
	Issues int    `json:"issues"`
}

// Draw is Screen's.
func (w Wrote) Draw(int) []string {
	if w.Issues == 0 {
		return []string{"The table of issues is up to date."}
	}
	return []string{view.Plural(w.Issues, "row") + " written."}
}
