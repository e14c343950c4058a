// Package tuning has the command that tunes the limits of a run. Start at Command.
package tuning

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"godwit/internal/control/flow/scalar"
	"godwit/internal/control/run"
	"godwit/internal/control/run/limits"
	"godwit/internal/fault"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
)

// Desk is what the command works on and answers to: the command line's session.
type Desk interface {
	// Runs opens the ledger; done gives it back.
	Runs(ctx context.Context) (runs *run.Runs, done func() error, err error)
	// Show answers, as a screen or as one JSON object.
	Show(name string, s view.Screen, value any) error
	// Actor is who asks.
	Actor() string
}

// Command is tune.
func Command(d Desk) *cobra.Command {
	var q limits.Request
	rate, reason := "", ""
	c := &cobra.Command{
		Use:   "tune RUN",
		Short: "Lower the limits of a run while it goes on, or take that back",
		Long: `What is tuned holds within a second, for all that the run does from then on, also
when it is stopped and gone on with. A limit that the project declares is never
exceeded. Rate and concurrency are those of a connection, workers of a step.`,
		Example: `  godwit tune rollout-7 --rate 5/s --concurrency 2 --connection target --reason "users complain"
  godwit tune rollout-7 --reset --connection target
  godwit tune warehouse-7 --workers 2`,
	}
	f := c.Flags()
	f.StringVar(&q.Connection, "connection", "", "whose limit it is; may be left out where only one declares any")
	f.StringVar(&rate, "rate", "", "requests in a second, or pages of records, as 20/s")
	f.IntVar(&q.Concurrency, "concurrency", 0, "requests, or pages of records, at the same time")
	f.BoolVar(&q.Reset, "reset", false, "what was tuned of the connection is as it is declared again")
	f.IntVar(&q.Workers, "workers", 0, "units at the same time")
	f.StringVar(&q.Step, "step", "", "of --workers: the step; without it all of the run")
	f.StringVar(&reason, "reason", "", "why, for the record")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if rate != "" {
			if q.Rate, err = scalar.ParseRate(rate); err != nil || q.Rate <= 0 {
				return fault.New(fault.Config, "usage", "--rate is a rate with its unit, as 20/s, above 0").Hint("to stand still: ctrl-c stops a run, cancel ends it")
			}
		}
		if q.Concurrency < 0 || q.Workers < 0 || q.Step != "" && q.Workers == 0 || q.Reset && (rate != "" || q.Concurrency > 0) {
			return fault.New(fault.Config, "usage", "--concurrency and --workers are numbers from 1, --step goes with --workers, --reset with no other limit of the connection")
		}
		runs, done, err := d.Runs(c.Context())
		if err != nil {
			return err
		}
		defer done()
		alone, r, err := runs.Limits().Tune(c.Context(), args[0], q, d.Actor(), reason)
		if err != nil {
			return err
		}
		when := "its owner " + r.Owner + " does so within a second"
		if alone {
			when = "it does so when it is gone on with"
		}
		said := told(fmt.Sprintf("%s was asked to keep to %s; %s.", r.Name(), strings.Join(asked(q, rate), ", "), when))
		return d.Show("tune", said, map[string]any{"run": r.Name(), "owned": !alone})
	}
	return c
}

// told is an answer of one sentence.
type told string

// Draw is the view.Screen's.
func (t told) Draw(edge int) []string { return layout.Wrap("", string(t), 0, edge) }

// asked is what was asked for, in words.
func asked(q limits.Request, rate string) (parts []string) {
	of := ""
	if q.Connection != "" {
		of = " of " + q.Connection
	}
	if rate != "" {
		parts = append(parts, rate+of)
	}
	if q.Concurrency > 0 {
		parts = append(parts, fmt.Sprintf("%d at the same time%s", q.Concurrency, of))
	}
	if q.Reset {
		parts = append(parts, "the limit"+of+" as it is declared")
	}
	if q.Workers > 0 {
		parts = append(parts, view.Plural(q.Workers, "unit")+" at the same time")
	}
	return parts
}
