package report

import (
	"strconv"
	"strings"
	"time"

	"godwit/internal/ui/view"
)

// NotLoaded says which records a run did not load, and why.
type NotLoaded struct {
	Causes []Cause  `json:"causes"` // most frequent first
	Issues []Issues `json:"issues"` // open ones, most frequent first
	More   bool     `json:"more,omitempty"`
	// Accepted counts records of which all issues that kept them out are accepted.
	Accepted int64      `json:"accepted,omitempty"`
	Before   string     `json:"before,omitempty"` // run that owners are told the difference to
	Owners   []Owner    `json:"owners,omitempty"`
	Known    []Expected `json:"known,omitempty"`
	Stubs    []Stubs    `json:"stubs,omitempty"` // of earlier runs, that still stand
}

// Stubs are rows of an entity that stand in for records that have not come.
type Stubs struct {
	Entity string `json:"entity"`
	Stubs  int64  `json:"stubs"`
	Run    string `json:"run"` // the newest one that made some
}

// Cause is all records with the same reason.
type Cause struct {
	Cause    string    `json:"cause"`
	Outcome  string    `json:"outcome"` // dead, rejected, pending
	Code     string    `json:"code"`
	Text     string    `json:"reason"`
	Entity   string    `json:"entity"`
	Field    string    `json:"field,omitempty"`
	Records  int64     `json:"records"`
	Share    float64   `json:"share"` // of the records read
	Open     int64     `json:"open"`  // not closed yet
	Closed   []Ending  `json:"closed,omitempty"`
	First    time.Time `json:"first"`
	Fix      string    `json:"fix,omitempty"`
	Owner    string    `json:"owner,omitempty"`
	Examples []Example `json:"examples,omitempty"`
}

// Ending is how records were closed: applied by redrive-1.
type Ending struct {
	Text    string `json:"how"`
	Records int64  `json:"records"`
}

// Example is one record of a cause. Its value is as it was made safe.
type Example struct {
	Number int64  `json:"number"` // of dead show
	Entity string `json:"entity"`
	Key    string `json:"key"`
	Field  string `json:"field,omitempty"`
	Value  string `json:"value,omitempty"`
	Closed string `json:"closed,omitempty"`
}

// Issues are all issues of a rule, field and value with one owner.
type Issues struct {
	Rule     string    `json:"rule"`
	Field    string    `json:"field,omitempty"`
	Value    string    `json:"value,omitempty"`
	Severity string    `json:"severity"`
	Owner    string    `json:"owner,omitempty"`
	Text     string    `json:"what"`
	Fix      string    `json:"fix,omitempty"`
	Issues   int64     `json:"issues"`
	Keys     int64     `json:"keys"`
	First    time.Time `json:"first"`
}

// notLoaded is never nil.
func (p page) notLoaded() NotLoaded {
	if p.NotLoaded == nil {
		return NotLoaded{}
	}
	return *p.NotLoaded
}

func (p page) causes() Table {
	t := Table{ID: "causes", Title: "Causes",
		Help: "Records with the same reason. Open ones that a map made can be processed again: godwit redrive " + p.Verdict.Run + " --cause CAUSE",
		Columns: []Column{{Name: "cause"}, {Name: "outcome"}, {Name: "records", Numbers: true}, {Name: "share", Numbers: true},
			{Name: "open", Numbers: true}, {Name: "entity"}, {Name: "field"}, {Name: "reason", Wide: true}, {Name: "code"},
			{Name: "what to do", Wide: true}, {Name: "owner"}, {Name: "closed", Wide: true}, {Name: "first"}}}
	for _, c := range p.notLoaded().Causes {
		var closed []string
		for _, e := range c.Closed {
			closed = append(closed, view.Count(e.Records)+" "+e.Text)
		}
		t.Rows = append(t.Rows, []Cell{hash(c.Cause), text(c.Outcome), bad(c.Records), part(c.Share), bad(c.Open), name(c.Entity), text(c.Field),
			text(c.Text), text(c.Code), text(c.Fix), text(c.Owner), text(strings.Join(closed, ", ")), p.when(c.First)})
	}
	return t
}

func (p page) examples() Table {
	t := Table{ID: "examples", Title: "Examples", Help: "Three of each cause. All of them: godwit dead list " + p.Verdict.Run,
		Columns: []Column{{Name: "key"}, {Name: "entity"}, {Name: "cause"}, {Name: "field"}, {Name: "value"}, {Name: "closed"}, {Name: "number", Numbers: true}}}
	for _, c := range p.notLoaded().Causes {
		for _, e := range c.Examples {
			t.Rows = append(t.Rows, []Cell{text(e.Key), name(e.Entity), hash(c.Cause), text(e.Field), text(e.Value), text(e.Closed), number(e.Number)})
		}
	}
	return t
}

func (p page) issues() Table {
	t := Table{ID: "issues", Title: "Issues by rule",
		Help: "Open issues. As lists for their owners: godwit issues export " + p.Verdict.Run + " --csv DIR",
		Columns: []Column{{Name: "rule"}, {Name: "field"}, {Name: "severity"}, {Name: "issues", Numbers: true}, {Name: "keys", Numbers: true},
			{Name: "owner"}, {Name: "what is wrong", Wide: true}, {Name: "value"}, {Name: "what to do", Wide: true}, {Name: "first"}}}
	if p.notLoaded().More {
		t.Help = "The most frequent ones; all of them: godwit issues list " + p.Verdict.Run + " --limit 0."
	}
	for _, i := range p.notLoaded().Issues {
		t.Rows = append(t.Rows, []Cell{text(i.Rule), text(i.Field), text(i.Severity), number(i.Issues), number(i.Keys), text(i.Owner),
			text(i.Text), text(i.Value), text(i.Fix), p.when(i.First)})
	}
	return t
}

func (p page) stubs() Table {
	t := Table{ID: "stubs", Title: "Stubs that stand", Help: "Rows that earlier runs made in place of records that others refer to, and that have not come since. By key: godwit issues list RUN --rule stub --each",
		Columns: []Column{{Name: "entity"}, {Name: "stubs", Numbers: true}, {Name: "last made by"}}}
	for _, s := range p.notLoaded().Stubs {
		t.Rows = append(t.Rows, []Cell{name(s.Entity), number(s.Stubs), text(s.Run)})
	}
	return t
}

// part is a share that is none only when it is zero.
func part(s float64) Cell {
	c := share(s)
	if s > 0 && s < 0.01 {
		c.Text, c.Raw = "under 1 %", strconv.FormatFloat(s, 'g', 4, 64)
	}
	return c
}
