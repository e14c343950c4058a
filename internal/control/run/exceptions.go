package run

import (
	"context"
	"encoding/json"

	"godwit/internal/control/run/chronicle"
	"godwit/internal/ledger"
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
	CauseLeft   = ledger.CauseLeft
	Ending      = ledger.Ending
	Standing    = ledger.Standing
)

// Which of them, by Filter.State and IssueFilter.State.
const (
	OpenOnes   = ledger.OpenOnes
	ClosedOnes = ledger.ClosedOnes
	AllOnes    = ledger.AllOnes
)

// Exceptions looks at records that were not loaded; nothing is changed by it.
func (r *Runs) Exceptions() Exceptions { return r.Ledger.View().Exceptions() }

// Stands tells how a record stands beyond runs, at each place where that is known.
func (r *Runs) Stands(ctx context.Context, entity, key string) ([]Standing, error) {
	return r.Ledger.View().Standing(ctx, entity, key)
}

// Left is what a run left behind, as far as its end and its report tell it.
type Left struct {
	Of Ref // the run that the exceptions are of: of a redrive the one it processes again
	ledger.Left
}

// Left looks at what a run left behind, all at one moment.
func (r *Runs) Left(ctx context.Context, run Ref) (*Left, error) {
	l := &Left{}
	err := r.Ledger.View().Moment(ctx, func(v *ledger.View) (err error) {
		if l.Of, err = origin(ctx, v, run); err != nil {
			return err
		}
		l.Left, err = v.Exceptions().Left(ctx, run.ID)
		return err
	})
	return l, err
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
		Steps []struct{ Spec struct{ Again *unit.Redrive } }
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

// Story reads a run's story: it is the same again as long as the run does not
// go on.
func (r *Runs) Story(ctx context.Context, run Ref) (*chronicle.Story, error) {
	return chronicle.Read(ctx, r.Ledger.View(), run)
}
