package view

import (
	"strings"

	"godwit/internal/control/plan/exit"
)

// Load is a step that reads records, as both sides stand now.
type Load struct {
	Step    string     `json:"step"`
	Fields  int64      `json:"fields"` // of a record
	Key     []string   `json:"key,omitempty"`
	Records int64      `json:"records"`          // estimate; -1 = not known
	Parts   int64      `json:"parts"`            // that are read beside each other
	Writes  []string   `json:"writes"`           // tables
	Proves  bool       `json:"proves,omitempty"` // they are only compared
	Since   string     `json:"since,omitempty"`  // of an incremental read: from where, and why
	Notes   []StepNote `json:"notes,omitempty"`
}

// StepNote is a line about a step that is planned.
type StepNote struct {
	Label string `json:"label"`
	Text  string `json:"text"`
}

// Into is what the tables are to the records.
func (l Load) Into() string {
	if l.Proves {
		return "against"
	}
	return "into"
}

// Goal is where the records go, or what they are compared with.
func (l Load) Goal() string {
	if len(l.Writes) == 0 {
		return "by calls"
	}
	return l.Into() + " " + Plural(len(l.Writes), "table")
}

// Tables are those that are written; an API has none.
func (l Load) Tables() string {
	if len(l.Writes) == 0 {
		return "by calls"
	}
	return strings.Join(l.Writes, ", ")
}

// Does is what is done to the tables.
func (l Load) Does() string {
	if l.Proves {
		return "compares"
	}
	return "writes"
}

// Reads says what is read.
func (l Load) Reads() string {
	what := Plural(l.Fields, "field")
	if l.Records < 0 {
		return what + " of an unknown number of records"
	}
	return what + " of about " + Plural(l.Records, "record")
}

// Ended is a run's outcome in one or a few words. Nothing is called done that
// left records behind.
func Ended(outcome string, code int) string {
	if outcome == "done" && code == exit.Open {
		return "finished with records left"
	}
	return outcome
}
