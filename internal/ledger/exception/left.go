package exception

import (
	"context"

	"godwit/internal/record"
)

// Left is what a run left behind, as far as its end and its report tell it.
type Left struct {
	Causes []CauseLeft // of this run, closed ones too; most frequent first
	Issues []IssueGroup
	Cut    bool // there are more groups of issues than Issues has
	// The issues by owner and by what they are, beside the run before, "" when
	// this is the first, and one by one: those that are open and those of earlier
	// runs that it found mended, at most so many of each that a page shows them.
	Counts   []IssueCounts
	Before   string
	Each     []Issue
	Fixed    []Issue
	Accepted int64    // records that were not loaded, with all that kept them out accepted
	Found    []Found  // by this run itself, whatever became of it later
	Loaded   []string // entities whose records it read
	Stubs    []Stubs  // of earlier runs, that still stand
}

// Found is how many issues of a rule a run found.
type Found struct {
	Rule, Entity, Field string
	Issues              int64
}

// CauseLeft is a cause with some of its records and how they ended.
type CauseLeft struct {
	Cause
	Examples []record.Exception
	Closed   []Ending // by their words
}

// Ending is how records of a cause were closed.
type Ending struct {
	Text    string `json:"how"` // applied by redrive-1
	Records int64  `json:"records"`
}

// Examples of a cause, its most frequent values, and how many groups of issues
// and causes are told with them. Whoever wants more lists them.
const (
	examples   = 3
	topValues  = 5
	mostGroups = 2000
	mostCauses = 500 // with examples
	mostEach   = 2000
)

// Left looks at what a run left behind.
func (l Look) Left(ctx context.Context, run int64) (Left, error) {
	var left Left
	if err := left.overRuns(ctx, l, run); err != nil {
		return left, err
	}
	some, err := l.some(ctx)
	if err == nil && some {
		err = left.look(ctx, l, run)
	}
	return left, err
}

// some reports whether the ledger has exceptions or issues at all. In most it has none,
// and SQLite takes longer to read the questions about them than a small run lasts.
func (l Look) some(ctx context.Context) (bool, error) {
	n, err := l.number(ctx, `SELECT EXISTS (SELECT 1 FROM exception) OR EXISTS (SELECT 1 FROM issue)`)
	return n > 0, err
}

func (l *Left) look(ctx context.Context, look Look, run int64) error {
	causes, err := look.Causes(ctx, run, Filter{State: All}, topValues)
	if err != nil {
		return err
	}
	for i, c := range causes {
		if i >= mostCauses {
			l.Causes = append(l.Causes, CauseLeft{Cause: c})
			continue
		}
		some, err := look.List(ctx, run, Filter{Cause: c.Cause, State: All}, 0, examples)
		if err != nil {
			return err
		}
		l.Causes = append(l.Causes, CauseLeft{Cause: c, Examples: some})
	}
	if err := l.closed(ctx, look, run); err != nil {
		return err
	}
	if l.Issues, err = look.IssueGroups(ctx, run, IssueFilter{}, mostGroups+1); err != nil {
		return err
	}
	if l.Cut = len(l.Issues) > mostGroups; l.Cut {
		l.Issues = l.Issues[:mostGroups]
	}
	if l.Each, err = look.Issues(ctx, run, IssueFilter{}, 0, mostEach); err != nil {
		return err
	}
	if l.Fixed, err = look.Fixed(ctx, run, mostEach); err != nil {
		return err
	}
	l.Accepted, err = look.CountAccepted(ctx, run)
	return err
}

// OverRuns looks only at how a run's issues stand beside those of earlier runs:
// Counts, Before, Found and Loaded.
func (l Look) OverRuns(ctx context.Context, run int64) (Left, error) {
	var left Left
	err := left.overRuns(ctx, l, run)
	return left, err
}

func (l *Left) overRuns(ctx context.Context, look Look, run int64) (err error) {
	if l.Before, err = look.Before(ctx, run); err != nil {
		return err
	}
	if l.Stubs, err = look.Stubs(ctx, run); err != nil {
		return err
	}
	l.Loaded, err = ask(ctx, look, func(r scanner) (e string, err error) { err = r.Scan(&e); return e, err },
		`SELECT DISTINCT entity FROM chunk WHERE run = ? AND state = 'settled' ORDER BY entity`, run)
	if err != nil {
		return err
	}
	if some, err := look.some(ctx); err != nil || !some {
		return err
	}
	if l.Counts, err = look.ByOwner(ctx, run); err != nil {
		return err
	}
	l.Found, err = ask(ctx, look, func(r scanner) (f Found, err error) {
		err = r.Scan(&f.Rule, &f.Entity, &f.Field, &f.Issues)
		return f, err
	}, `SELECT i.rule, i.entity, i.field, count(*) FROM issue i WHERE i.run = ? AND i.found = ?`+shownIssue+` GROUP BY i.rule, i.entity, i.field`, run, run)
	return err
}

// closed counts how the records of each cause ended.
func (l *Left) closed(ctx context.Context, look Look, run int64) error {
	at := make(map[string]*CauseLeft, len(l.Causes))
	for i := range l.Causes {
		at[l.Causes[i].Cause.Cause] = &l.Causes[i]
	}
	for after := int64(0); ; {
		page, err := look.List(ctx, run, Filter{State: Closed}, after, 5000)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			after = e.ID
			if c := at[e.Cause]; c != nil {
				c.end(e.Closed)
			}
		}
	}
}

// Ends counts a run's exceptions that are open, and those that were closed by how,
// in the order in which that began.
func (l Look) Ends(ctx context.Context, run int64) (open int64, closed []Ending, err error) {
	return l.EndsOf(ctx, run, Filter{State: All})
}

// EndsOf counts those that a filter selects.
func (l Look) EndsOf(ctx context.Context, run int64, f Filter) (open int64, closed []Ending, err error) {
	where, args := f.Where(run)
	all, err := ask(ctx, l, func(r scanner) (e Ending, err error) {
		err = r.Scan(&e.Text, &e.Records)
		return e, err
	}, `SELECT e.closed, count(*) FROM exception e`+where+` GROUP BY e.closed ORDER BY min(e.closed_at), e.closed`, args...)
	for _, e := range all {
		if e.Text == "" {
			open = e.Records
			continue
		}
		closed = append(closed, e)
	}
	return open, closed, err
}

func (c *CauseLeft) end(text string) {
	for i := range c.Closed {
		if c.Closed[i].Text == text {
			c.Closed[i].Records++
			return
		}
	}
	c.Closed = append(c.Closed, Ending{text, 1})
}
