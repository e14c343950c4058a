package run

import (
	"context"
	"encoding/json"

	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// What people look at records that were not loaded with: the ledger's words.
type (
	Exceptions  = ledger.Exceptions
	Filter      = ledger.ExceptionFilter
	Cause       = ledger.Cause
	Top         = ledger.Top
	Whole       = ledger.Whole
	Redriven    = ledger.Redriven
	Issue       = ledger.Issue
	IssueGroup  = ledger.IssueGroup
	IssueFilter = ledger.IssueFilter
)

// Which of them, by Filter.State and IssueFilter.State.
const (
	OpenOnes   = ledger.OpenOnes
	ClosedOnes = ledger.ClosedOnes
	AllOnes    = ledger.AllOnes
)

// Exceptions looks at records that were not loaded; nothing is changed by it.
func (r *Runs) Exceptions() Exceptions { return r.Ledger.View().Exceptions() }

// Left is what a run left behind, as far as its end and its report tell it.
type Left struct {
	Of     Ref         // the run that the exceptions are of: of a redrive the one it processes again
	Causes []CauseLeft // of this run, closed ones too; most frequent first
	Issues []IssueGroup
	Cut    bool // there are more groups of issues than Issues has
}

// CauseLeft is a cause with some of its records and how they ended.
type CauseLeft struct {
	Cause
	Examples []record.Exception
	Closed   []Ending // by their words
}

// Ending is how records of a cause were closed.
type Ending struct {
	Text    string // applied by redrive-1
	Records int64
}

// Examples of a cause, its most frequent values, and how many groups of issues
// and causes are told with them. Whoever wants more lists them.
const (
	examples   = 3
	topValues  = 5
	mostGroups = 2000
	mostCauses = 500 // with examples
)

// Left looks at what a run left behind, all at one moment.
func (r *Runs) Left(ctx context.Context, run Ref) (*Left, error) {
	l := &Left{}
	err := r.Ledger.View().Moment(ctx, func(v *ledger.View) (err error) {
		if l.Of, err = origin(ctx, v, run); err != nil {
			return err
		}
		return l.look(ctx, v.Exceptions(), run.ID)
	})
	return l, err
}

func (l *Left) look(ctx context.Context, look ledger.Exceptions, run int64) error {
	causes, err := look.Causes(ctx, run, Filter{State: AllOnes}, topValues)
	if err != nil {
		return err
	}
	for i, c := range causes {
		if i >= mostCauses {
			l.Causes = append(l.Causes, CauseLeft{Cause: c})
			continue
		}
		some, err := look.List(ctx, run, Filter{Cause: c.Cause, State: AllOnes}, 0, examples)
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
	return nil
}

// closed counts how the records of each cause ended.
func (l *Left) closed(ctx context.Context, look ledger.Exceptions, run int64) error {
	at := make(map[string]*CauseLeft, len(l.Causes))
	for i := range l.Causes {
		at[l.Causes[i].Cause.Cause] = &l.Causes[i]
	}
	for after := int64(0); ; {
		page, err := look.List(ctx, run, Filter{State: ClosedOnes}, after, 5000)
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

func (c *CauseLeft) end(text string) {
	for i := range c.Closed {
		if c.Closed[i].Text == text {
			c.Closed[i].Records++
			return
		}
	}
	c.Closed = append(c.Closed, Ending{text, 1})
}

// Origin is the run whose records a redrive processes again. Any other run is
// its own.
func (r *Runs) Origin(ctx context.Context, run Ref) (Ref, error) {
	return origin(ctx, r.Ledger.View(), run)
}

func origin(ctx context.Context, v *ledger.View, run Ref) (Ref, error) {
	if run.Flow != RedriveFlow {
		return run, nil
	}
	f, err := thawed(run)
	if err != nil {
		return run, err
	}
	var b struct {
		Steps []struct{ Spec struct{ Again *unit.Again } }
	}
	if json.Unmarshal(f.Flow, &b) != nil {
		return run, nil // specs of another shape: no redrive
	}
	for _, s := range b.Steps {
		if s.Spec.Again != nil {
			return v.Find(ctx, s.Spec.Again.Of)
		}
	}
	return run, nil
}
