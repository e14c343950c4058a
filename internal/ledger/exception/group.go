package exception

import (
	"context"
	"time"

	"godwit/internal/record"
)

// Cause is all exceptions with the same reason.
type Cause struct {
	Cause    string         `json:"cause"`
	Code     string         `json:"code"`
	Text     string         `json:"text"` // of one of them
	Outcome  record.Outcome `json:"outcome"`
	Entity   string         `json:"entity"`   // the first by name
	Entities int64          `json:"entities"` // how many there are
	Records  int64          `json:"records"`
	Keys     int64          `json:"keys"`
	Copied   bool           `json:"copied,omitempty"` // rows of copies: no map made them, so no redrive takes them
	First    time.Time      `json:"first"`
	Last     time.Time      `json:"last"`
	Top      []Top          `json:"top,omitempty"`
}

// Top is a field and a value that many of a cause have.
type Top struct {
	Field   string `json:"field"`
	Value   string `json:"value"`
	Records int64  `json:"records"`
}

// Causes groups a run's exceptions, most frequent first, each with at most top
// of its fields and values.
func (l Look) Causes(ctx context.Context, run int64, f Filter, top int) ([]Cause, error) {
	where, args := f.Where(run)
	causes, err := ask(ctx, l, func(r scanner) (Cause, error) {
		var c Cause
		var first, last int64
		err := r.Scan(&c.Cause, &c.Code, &c.Text, &c.Outcome, &c.Entity, &c.Entities, &c.Records, &c.Keys, &c.Copied, &first, &last)
		c.First, c.Last = clock(first), clock(last)
		return c, err
	}, `SELECT e.cause, min(e.code), min(e.text), min(e.outcome), min(e.entity), count(DISTINCT e.entity), count(*),
		count(DISTINCT nullif(e.key, '')), min(CASE e.mapping WHEN '' THEN 1 ELSE 0 END), min(e.first), max(e.last)
		FROM exception e`+where+` GROUP BY e.cause ORDER BY count(*) DESC, e.cause`, args...)
	if err != nil || top <= 0 {
		return causes, err
	}
	at := make(map[string]int, len(causes))
	for i, c := range causes {
		at[c.Cause] = i
	}
	_, err = ask(ctx, l, func(r scanner) (t Top, err error) {
		var cause string
		if err = r.Scan(&cause, &t.Field, &t.Value, &t.Records); err != nil {
			return t, err
		}
		if i, ok := at[cause]; ok {
			causes[i].Top = append(causes[i].Top, t)
		}
		return t, nil
	}, `SELECT cause, field, value, records FROM (
			SELECT e.cause, e.field, e.value, count(*) AS records,
				row_number() OVER (PARTITION BY e.cause ORDER BY count(*) DESC, e.field, e.value) AS place
			FROM exception e`+where+` AND e.field <> '' GROUP BY e.cause, e.field, e.value) AS t
		WHERE place <= ? ORDER BY cause, place`, append(args, top)...)
	return causes, err
}

// Issue is a stored one, with what it is about.
type Issue struct {
	record.Issue
	ID        int64     `json:"id"`
	Run       string    `json:"run"`
	Exception int64     `json:"exception,omitempty"` // 0: the record was loaded
	Step      string    `json:"step"`
	Entity    string    `json:"entity"`
	Key       string    `json:"key"`
	State     string    `json:"state"` // new, reopened, still, accepted, closed
	First     time.Time `json:"first"` // over all runs, when listed by run
	Last      time.Time `json:"last"`
}

const (
	ofIssue = `SELECT i.id, r.flow || '-' || r.n, i.exception, i.step, i.entity, i.key, i.rule, i.field, i.severity, i.text, i.value,
		i.hint, i.owner, `
	selectIssue = ofIssue + `i.state, i.first, i.last FROM issue i JOIN run r ON r.id = i.run`
	shownIssue  = ` AND NOT EXISTS (SELECT 1 FROM chunk p WHERE p.state = 'prepared' AND i.id BETWEEN p.issue_from AND p.issue_to)`
)

func scanIssue(r scanner) (Issue, error) {
	var i Issue
	var first, last int64
	err := r.Scan(&i.ID, &i.Run, &i.Exception, &i.Step, &i.Entity, &i.Key, &i.Rule, &i.Field, &i.Severity, &i.Text, &i.Value,
		&i.Hint, &i.Owner, &i.State, &first, &last)
	i.First, i.Last = clock(first), clock(last)
	return i, err
}

// IssueFilter selects issues; an empty field selects all.
type IssueFilter struct {
	Rule     string `json:"rule,omitempty"`
	Field    string `json:"field,omitempty"`
	Value    string `json:"value,omitempty"`
	Key      string `json:"key,omitempty"`
	Entity   string `json:"entity,omitempty"`
	Step     string `json:"step,omitempty"`
	Severity string `json:"severity,omitempty"`
	Owner    string `json:"owner,omitempty"`
	State    string `json:"state,omitempty"` // Open: neither closed nor accepted; Accepted, Closed, All
	// AllInputs accepts for runs of the flow with whatever inputs.
	AllInputs bool `json:"allInputs,omitempty"`
	Called    bool `json:"called,omitempty"` // also those of runs that the run has called
}

// which is the part of the condition about State, on a column standing.
func (f IssueFilter) which() string {
	switch f.State {
	case Open:
		return "standing NOT IN ('closed', 'accepted')"
	case All:
		return "TRUE"
	}
	return "standing = '" + f.State + "'"
}

// where is the condition on the issues i of a run, all but State.
func (f IssueFilter) where(run int64) (string, []any) {
	c := condition{args: []any{run}}
	c.text.WriteString(of("i.run", f.Key, f.Called))
	c.equal("i.rule", f.Rule)
	c.equal("i.field", f.Field)
	c.equal("i.value", f.Value)
	c.key("i.key", f.Key)
	c.equal("i.entity", f.Entity)
	c.equal("i.step", f.Step)
	c.equal("i.severity", f.Severity)
	c.equal("i.owner", f.Owner)
	c.text.WriteString(shownIssue)
	return c.text.String(), c.args
}

// Issues returns a run's issues by id from behind one on, at most limit (0 is
// all).
func (l Look) Issues(ctx context.Context, run int64, f IssueFilter, after int64, limit int) ([]Issue, error) {
	where, args := f.where(run)
	return ask(ctx, l, scanIssue, `SELECT * FROM (`+ofIssue+standing+` AS standing, coalesce(`+earlier("min(o.first)")+`, i.first), i.last
		FROM issue i JOIN run r ON r.id = i.run`+where+` AND i.id > ?) AS i WHERE `+f.which()+` ORDER BY id LIMIT ?`, append(args, after, atMost(limit))...)
}

// IssuesOf returns all issues of a record over all runs, oldest first.
func (l Look) IssuesOf(ctx context.Context, entity, key string) ([]Issue, error) {
	return ask(ctx, l, scanIssue, ofIssue+standing+`, i.first, i.last FROM issue i JOIN run r ON r.id = i.run
		WHERE i.key = ? AND i.key <> '' AND i.entity = ?`+shownIssue+` ORDER BY i.id`, key, entity)
}

// IssueGroup is all issues of a rule, field and value with one owner.
type IssueGroup struct {
	Rule     string    `json:"rule"`
	Field    string    `json:"field"`
	Value    string    `json:"value"`            // "" when there are several: of fields that are not printable they are one group
	Values   int64     `json:"values,omitempty"` // how many then
	Severity string    `json:"severity"`
	Owner    string    `json:"owner"`
	Text     string    `json:"text"` // of one of them
	Hint     string    `json:"hint"`
	Issues   int64     `json:"issues"`
	Keys     int64     `json:"keys"`
	New      int64     `json:"new"`
	Reopened int64     `json:"reopened"`
	Still    int64     `json:"still"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}

// masked says of a value as record.Show writes it that it is told by type, length and
// hash only: of such no two are the same.
const masked = `(value NOT GLOB '"*' AND value GLOB '*, #[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]')`

// IssueGroups groups a run's issues, most frequent first, at most limit (0 is
// all).
func (l Look) IssueGroups(ctx context.Context, run int64, f IssueFilter, limit int) ([]IssueGroup, error) {
	where, args := f.where(run)
	return ask(ctx, l, func(r scanner) (IssueGroup, error) {
		var g IssueGroup
		var first, last int64
		err := r.Scan(&g.Rule, &g.Field, &g.Value, &g.Values, &g.Severity, &g.Owner, &g.Text, &g.Hint, &g.Issues, &g.Keys, &g.New, &g.Reopened, &g.Still, &first, &last)
		g.First, g.Last = clock(first), clock(last)
		if g.Values > 1 {
			g.Value = ""
		} else {
			g.Values = 0
		}
		return g, err
	}, standingOf(where)+` SELECT rule, field, min(value), count(DISTINCT value), severity, owner, min(text), min(hint), count(*), count(DISTINCT nullif(key, '')),
		sum(CASE standing WHEN 'new' THEN 1 ELSE 0 END), sum(CASE standing WHEN 'reopened' THEN 1 ELSE 0 END), sum(CASE standing WHEN 'still' THEN 1 ELSE 0 END),
		min(first), max(last) FROM i WHERE `+f.which()+`
		GROUP BY rule, field, CASE WHEN `+masked+` THEN text ELSE value END, CASE WHEN `+masked+` THEN 1 ELSE 0 END, severity, owner ORDER BY count(*) DESC, rule, field, min(value), owner LIMIT ?`, append(args, atMost(limit))...)
}
