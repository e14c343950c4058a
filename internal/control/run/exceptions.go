package run

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/hand"
	"godwit/internal/control/run/issues"
	"godwit/internal/control/run/redrive"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// What people look at records that were not loaded with: the ledger's words.
type (
	Exceptions  = ledger.Exceptions
	Filter      = ledger.ExceptionFilter
	InHand      = ledger.InHand
	LaterRun    = ledger.LaterRun
	Stubs       = ledger.Stubs
	HeldUp      = ledger.HeldUp
	Cause       = ledger.Cause
	Top         = ledger.Top
	Whole       = ledger.Whole
	Redriven    = ledger.Redriven
	Issue       = ledger.Issue
	IssueGroup  = ledger.IssueGroup
	IssueFilter = ledger.IssueFilter
	CauseLeft   = ledger.CauseLeft
	Ending      = ledger.Ending
	Deed        = ledger.Deed
	Patch       = ledger.Patch
	Acceptance  = ledger.Acceptance
	Edit        = hand.Edit
	Edits       = hand.Edits
	Patched     = hand.Patched
	IssueCounts = issues.Counts
	Standing    = ledger.Standing // of a record, beyond runs
	Expected    = issues.Expected
	Decision    = issues.Decision
)

// Which of them, by Filter.State and IssueFilter.State.
const (
	OpenOnes   = ledger.OpenOnes
	ClosedOnes = ledger.ClosedOnes
	AllOnes    = ledger.AllOnes
	Accepted   = issues.Accepted // of issues
)

// ByHand is what people do to records that a run did not load: put them right,
// dismiss them, take that back. Those of runs that it has called are among them.
func (r *Runs) ByHand(ctx context.Context, of Ref) hand.Of {
	return hand.Of{Ledger: r.Ledger, Run: of, Schema: func(name, step string) (*catalog.Schema, error) {
		run, err := r.Find(ctx, name)
		if err != nil {
			return nil, err
		}
		return redrive.Schema(ctx, r.Ledger.View(), run, step)
	}}
}

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
	Open   int64      // of a redrive: how many exceptions of the run that it is of are open
	Called []string   // runs that it has started and that have open exceptions
	Later  []string   // of a redrive: runs that have records open which it has left as superseded
	AtWork []LaterRun // of a redrive: runs that have read open ones anew and are not over
	Known  []Expected // issues that the project expects of this run's flow
	Owners map[string]flow.Owner
}

// Accept says of open issues of a run that they are as they are to be, Unaccept
// takes it back: see package issues.
func (r *Runs) Accept(ctx context.Context, run Ref, d Decision) (int64, error) {
	return issues.Accept(ctx, r.Ledger, run, d)
}

// Unaccept is the opposite of Accept.
func (r *Runs) Unaccept(ctx context.Context, run Ref, d Decision) (int64, error) {
	return issues.Unaccept(ctx, r.Ledger, run, d)
}

// Project is what a run's project said about issues when the run began.
func (r *Runs) Project(run Ref) (issues.Project, error) {
	f, err := thawed(run)
	if err != nil {
		return issues.Project{}, err
	}
	return issues.ProjectOf(f.Flow), nil
}

// Left looks at what a run left behind, all at one moment.
func (r *Runs) Left(ctx context.Context, run Ref) (*Left, error) {
	return r.left(ctx, run, Exceptions.Left)
}

// OverRuns is Left with no more than how its issues stand beside those of earlier
// runs and those that are expected.
func (r *Runs) OverRuns(ctx context.Context, run Ref) (*Left, error) {
	return r.left(ctx, run, Exceptions.OverRuns)
}

func (r *Runs) left(ctx context.Context, run Ref, look func(Exceptions, context.Context, int64) (ledger.Left, error)) (*Left, error) {
	l := &Left{}
	err := r.Ledger.View().Moment(ctx, func(v *ledger.View) (err error) {
		if l.Of, err = origin(ctx, v, run); err != nil {
			return err
		}
		if l.Left, err = look(v.Exceptions(), ctx, run.ID); err != nil {
			return err
		}
		if l.Of.ID != run.ID {
			if l.Later, err = v.Exceptions().LaterThan(ctx, run.ID); err != nil {
				return err
			}
			if l.AtWork, _, err = v.Exceptions().AtWork(ctx, l.Of.ID, ledger.ExceptionFilter{}); err != nil {
				return err
			}
			l.Open, _, err = v.Exceptions().Ends(ctx, l.Of.ID)
			return err
		}
		l.Called, err = chronicle.CalledOpen(ctx, v, run)
		return err
	})
	if err != nil {
		return l, err
	}
	p, err := r.Project(run)
	if l.Owners = p.Owners; l.Of.ID != run.ID {
		l.Before = "" // a redrive: it reads a part of another run's records
	} else {
		l.Known = issues.Compare(p.Known, l.Left)
	}
	return l, err
}

// Origin is the run whose records a redrive processes again. Any other run is
// its own.
func (r *Runs) Origin(ctx context.Context, run Ref) (Ref, error) {
	return origin(ctx, r.Ledger.View(), run)
}

func origin(ctx context.Context, v *ledger.View, run Ref) (Ref, error) {
	again, err := againOf(run)
	if err != nil || again == nil {
		return run, err
	}
	return v.Find(ctx, again.Of)
}

// againOf says what a redrive processes again; nil is no redrive.
func againOf(run Ref) (*unit.Redrive, error) {
	if run.Flow != RedriveFlow {
		return nil, nil
	}
	f, err := thawed(run)
	if err != nil {
		return nil, err
	}
	return redrive.Read(f.Flow), nil
}

// Parts are the runs that one has called: see chronicle.Part.
func (r *Runs) Parts(ctx context.Context, run Ref, live bool) ([]chronicle.Part, error) {
	return chronicle.Parts(ctx, r.Ledger.View(), run.ID, live)
}

// Story reads a run's story: it is the same again as long as the run does not
// go on.
func (r *Runs) Story(ctx context.Context, run Ref) (*chronicle.Story, error) {
	return chronicle.Read(ctx, r.Ledger.View(), run)
}
