package view

import (
	"strconv"
	"strings"
	"time"

	"godwit/internal/record"
	"godwit/internal/ui/layout"
)

// Summary is what is left to say when a run ends.
type Summary struct {
	Run         string
	Outcome     string // done, failed, stopped, cancelled
	Why         string // of an outcome other than done: one sentence
	Took        time.Duration
	Exit        int
	Steps       []record.Account // one per step, Step is its name
	Listed      []record.Account // those of Steps that no other table tells; nil is all
	Notes       []Note
	Verified    *Verified
	Alone       int64  // selected tables that were left as they are
	Accepted    int64  // of the rejected records, those of which all issues are accepted
	Report      string // file
	ReportBytes int64
	Next        []string // commands
}

// Note is one counted line below the accounts.
type Note struct {
	Label string // filtered, dead, settings
	N     int64
	Text  string
	More  string // command that lists them
}

// Verified counts what was read back at the target.
type Verified struct {
	Rows, Equal, Explained, Differ, NotRead int64
	Dark                                    int64 // in parts that differ and were not looked into
	Tables                                  int64 // not verified at all, by name in the report
	Made                                    int64 // of Rows, those that the target made itself: of materialised views
	Beside                                  int64 // of Rows, those that no account of this run speaks of: rows of parts, missing ones
	Rejected                                int64 // records that could not be compared
}

// Total is the sum of all steps.
func (s Summary) Total() record.Account {
	var t record.Account
	for _, a := range s.Steps {
		t = t.Plus(a)
	}
	t.Step = "total"
	return t
}

// Headline is the outcome in words, in terminal and report alike; nothing says
// "done" that left records behind or differs.
func (s Summary) Headline() string {
	t := s.Total()
	closes := true
	for _, a := range s.Steps {
		closes = closes && a.Closes()
	}
	var but []string
	if t.Dead > 0 {
		but = append(but, Plural(t.Dead, "dead letter"))
	}
	if t.Rejected > 0 && (t.Rejected > s.Accepted || s.Exit != 0) {
		but = append(but, Plural(t.Rejected, "rejected record")+accepted(s.Accepted, t.Rejected))
	}
	switch { // they wait for others, or for somebody to look what became of a request
	case t.Pending > 0 && closes && len(but) > 0:
		but = append(but, Count(t.Pending)+" pending")
	case t.Pending > 0 && closes:
		but = append(but, Plural(t.Pending, "pending record"))
	}
	if v := s.Verified; v != nil && v.Differ > 0 {
		but = append(but, Plural(v.Differ, "unexplained difference"))
	}
	switch {
	case s.Outcome == "done" && !closes:
		return "failed: the accounts do not close"
	case s.Outcome == "done" && len(but) > 0:
		last := len(but) - 1
		if last > 0 {
			but[last-1] += " and " + but[last]
			but = but[:last]
		}
		return "finished with " + strings.Join(but, ", ")
	case s.Outcome == "done" && s.Exit == 0:
		return s.done(t)
	case s.Outcome == "done":
		return joined("finished", s.Why)
	case s.Outcome == "stopped":
		return joined("stopped, resumable", s.Why)
	}
	return joined(s.Outcome, s.Why)
}

// done names what a good end does not speak for.
func (s Summary) done(t record.Account) string {
	text := "done: all accounted for"
	if t.Rejected > 0 {
		text += ", " + Plural(t.Rejected, "rejected record") + " accepted"
	}
	if s.Alone > 0 {
		if t.Read == 0 {
			text = "done: nothing was copied"
		}
		text += ", " + Plural(s.Alone, "table") + " left alone, neither copied nor verified"
	}
	if v := s.Verified; v != nil {
		if v.Tables > 0 {
			text += ", " + Plural(v.Tables, "table") + " not verified"
		}
		if v.NotRead > 0 {
			text += ", " + Plural(v.NotRead, "record") + " outside of the sample not verified"
		}
		if v.Rejected > 0 {
			text += ", " + Plural(v.Rejected, "rejected record") + " not verified"
		}
	}
	return text
}

// accepted says how many of some records are accepted.
func accepted(n, of int64) string {
	switch {
	case n == 0:
		return ""
	case n >= of:
		return " (accepted since)"
	}
	return " (" + Count(n) + " accepted)"
}

func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + ": " + b
}

// Draw is Screen's.
func (s Summary) Draw(edge int) []string {
	lines := layout.Wrap(s.Run+"  ", s.Headline()+"   "+Span(s.Took)+"   exit "+strconv.Itoa(s.Exit), layout.Width(s.Run)+2, edge)
	steps, total := s.Steps, s.Total()
	if s.Listed != nil {
		steps, total = s.Listed, Summary{Steps: s.Listed}.Total()
	}
	if len(steps) > 0 {
		lines = append(append(lines, ""), accounts(steps, total)...)
	}
	if len(s.Notes) > 0 || s.Verified != nil || s.Report != "" {
		lines = append(lines, "")
	}
	for _, n := range s.Notes {
		count := ""
		if n.N > 0 {
			count = Count(n.N)
		}
		lines = append(lines, note(n.Label, count, n.Text, n.More, 52, edge))
	}
	report := s.Report
	if report != "" && s.ReportBytes > 0 {
		report += " (" + Size(s.ReportBytes) + ")"
	}
	switch v := s.Verified; {
	case v != nil:
		lines = append(lines, note("verified", Count(v.Rows), v.text(s.Total()), report, 75, edge))
	case report != "":
		lines = append(lines, layout.Left("report", 21)+report)
	}
	for i, next := range s.Next {
		label := ""
		if i == 0 {
			lines = append(lines, "")
			label = "next"
		}
		lines = append(lines, layout.Left(label, 9)+next)
	}
	return lines
}

// text closes the proof against the accounts: what was applied or there
// already and was not read back is named.
func (v Verified) text(t record.Account) string {
	parts := []string{Count(v.Equal) + " equal", Count(v.Differ) + " differ", Count(v.NotRead) + " not read"}
	if v.Explained > 0 {
		parts = append(parts[:1], append([]string{Count(v.Explained) + " explained"}, parts[1:]...)...)
	}
	if v.Dark > 0 {
		parts = append(parts, Count(v.Dark)+" in parts that differ, not looked into")
	}
	if rest := t.Applied + unchanged(t) - (v.Rows - v.Made - v.Beside); rest > 0 && v.NotRead == 0 {
		parts = append(parts, Count(rest)+" not verified")
	}
	if v.Tables > 0 {
		parts = append(parts, Plural(v.Tables, "table")+" not verified")
	}
	text := "rows read back: " + strings.Join(parts, ", ")
	if v.Made > 0 {
		text += "; " + Count(v.Made) + " of materialised views, not copied"
	}
	return text
}

func note(label, n, text, more string, at, edge int) string {
	return layout.Aside(layout.Left(label, 8)+layout.Right(n, 10)+"   "+text, more, at, edge)
}

// accounts is the table whose last column is the verdict.
func accounts(steps []record.Account, total record.Account) []string {
	columns := []layout.Column{{Head: "step", Most: 60}, {Head: "read", Right: true}, {Head: "applied", Right: true, Least: 8},
		{Head: "unchanged", Right: true}, {Head: "filtered", Right: true}, {Head: "rejected", Right: true},
		{Head: "dead", Right: true}, {Head: "pending", Right: true}, {Head: "closes"}}
	var rows [][]string
	for _, a := range steps {
		rows = append(rows, accountRow(a, a.Closes()))
	}
	if len(steps) > 1 {
		closes := true
		for _, a := range steps {
			closes = closes && a.Closes()
		}
		rows = append(rows, accountRow(total, closes))
	}
	return layout.Table(columns, rows)
}

func accountRow(a record.Account, closes bool) []string {
	row := []string{a.Step, Count(a.Read)}
	for _, o := range outcomes(a) {
		row = append(row, Count(o.n))
	}
	if closes {
		return append(row, "yes")
	}
	return append(row, "NO")
}
