// Package exceptions has the commands about records which were not loaded, and
// about issues. Those in hand.go change records, accept and its opposite issues;
// all others only look. Start at Commands; what chooses among the records, a
// redrive's too, is Chosen.
package exceptions

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/ui/view"
)

// Desk is what the commands work on and answer to: the command line's session.
type Desk interface {
	// Runs opens the ledger; done gives it back.
	Runs(ctx context.Context) (runs *run.Runs, done func() error, err error)
	// Show answers, as a screen or as one JSON object.
	Show(name string, s view.Screen, value any) error
	// Line says something beside the answer, to people only.
	Line(format string, args ...any)
	// Today is a run's own flow, with what its secrets are now.
	Today(runs *run.Runs, of run.Ref) (*flow.Bound, error)
	// Actor is who asks.
	Actor() string
	// Now is the time, in the zone that people are shown.
	Now() time.Time
}

type commands struct{ Desk }

// Commands are dead, issues and record.
func Commands(d Desk) []*cobra.Command {
	c := commands{d}
	return []*cobra.Command{c.deadCommand(), c.issuesCommand(), c.recordCommand()}
}

// About opens the ledger and calls do with the run of a name. What a redrive
// did not load is kept with the run that it is of, so that one is meant.
func About(ctx context.Context, d Desk, name string, do func(*run.Runs, run.Ref) error) error {
	return found(ctx, d, name, func(runs *run.Runs, found, of run.Ref) error {
		if of.ID != found.ID {
			d.Line("%s processes records of %s again; they are kept there:", found.Name(), of.Name())
		}
		return do(runs, of)
	})
}

// found opens the ledger and calls do with the run of a name and the one that
// its exceptions are of.
func found(ctx context.Context, d Desk, name string, do func(runs *run.Runs, found, of run.Ref) error) error {
	runs, done, err := d.Runs(ctx)
	if err != nil {
		return err
	}
	defer done()
	found, err := runs.Find(ctx, name)
	if err != nil {
		return err
	}
	of, err := runs.Origin(ctx, found)
	if err != nil {
		return err
	}
	return do(runs, found, of)
}
