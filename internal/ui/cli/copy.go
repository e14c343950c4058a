package cli

import (
	"github.com/spf13/cobra"

	"godwit/internal/control/flow"
	"godwit/internal/fault"
)

// showPlan is --plan without a hash.
const showPlan = "show"

func (s *session) copyCommand() *cobra.Command {
	d, w := &source{}, &working{}
	c := &cobra.Command{
		Use:   "copy --from URL --to URL",
		Short: "Copy a PostgreSQL database, verified and accounted for",
		Long: `Copies definitions, rows, indexes, keys, sequences, large objects and
materialised views, then reads everything back. Killed or interrupted, the same
command goes on where it was.`,
		Example: `  godwit copy --from postgres://old/shop --to postgres://new/shop
  godwit copy --include 'sales.*' --exclude '*.tmp_*' --existing replace
  godwit copy --plan        # what it would do, writing nothing`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 1 && w.plan == showPlan { // --plan HASH, which may stand without a hash here
				w.plan, args = args[0], nil
			}
			return takes()(c, args)
		},
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		b, err := s.direct(d, "copy")
		if err != nil {
			return err
		}
		if w.plan == showPlan {
			return s.plan(c.Context(), b, false)
		}
		return s.begin(c.Context(), b, w)
	}
	d.ends(c.Flags())
	d.verb(c.Flags(), s.Language, "copy")
	d.verify = "all"
	c.Flags().Var(oneOf{&d.verify, []string{"all", "none"}}, "verify", "all reads everything back, none skips the proof")
	w.flags(c.Flags())
	w.agrees(c.Flags())
	c.Flags().Lookup("plan").NoOptDefVal = showPlan
	return c
}

func (s *session) verifyCommand() *cobra.Command {
	d, w := &source{}, &working{}
	c := &cobra.Command{
		Use:   "verify --from URL --to URL",
		Short: "Prove that two databases hold the same; reads only",
		Long: `Compares every table by count and order-free fingerprint, names the rows and
columns that differ, and compares sequences and definitions.`,
		Example: `  godwit verify --from postgres://old/shop --to postgres://new/shop
  godwit verify --include 'sales.*' --json`,
		Args: takes(),
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		b, err := s.direct(d, "verify")
		if err != nil {
			return err
		}
		w.fresh = true // yesterday's proof says nothing about today
		return s.begin(c.Context(), b, w)
	}
	d.ends(c.Flags())
	d.verb(c.Flags(), s.Language, "verify")
	w.flags(c.Flags())
	return c
}

func (s *session) runCommand() *cobra.Command {
	d, w := &source{}, &working{}
	c := &cobra.Command{
		Use:   "run FLOW",
		Short: "Run a flow, or go on with its unfinished run",
		Example: `  godwit run warehouse
  godwit run warehouse --set workers=8 --env prod
  godwit run flows/warehouse.yaml --plan 9f3c1e2b7a01`,
		Args: takes("FLOW"),
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		b, err := s.file(d, args[0])
		if err != nil {
			return err
		}
		return s.begin(c.Context(), b, w)
	}
	s.helpOfFlow(c)
	inputs(c, d)
	fully(c, d)
	w.flags(c.Flags())
	w.agrees(c.Flags())
	return c
}

func (s *session) resumeCommand() *cobra.Command {
	w := &working{}
	c := &cobra.Command{
		Use:   "resume RUN",
		Short: "Go on with a run that was stopped, killed or failed",
		Long: `Goes on from the ledger with the flow as it was frozen when the run started.
URLs typed in with a password are not in the ledger: set GODWIT_FROM and
GODWIT_TO, or use PGPASSFILE.`,
		Example: "  godwit resume warehouse-7",
		Args:    takes("RUN"),
	}
	c.RunE = func(c *cobra.Command, args []string) error { return s.resume(c.Context(), args[0], w) }
	w.flags(c.Flags())
	w.agrees(c.Flags())
	return c
}

// inputs adds what fills a flow in.
func inputs(c *cobra.Command, d *source) {
	c.Flags().StringArrayVar(&d.set, "set", nil, "an input of the flow, as NAME=VALUE")
	c.Flags().StringVar(&d.env, "env", "", "environment of godwit.yaml; needed when there are several")
}

// fully adds --full, to commands about a flow's next run.
func fully(c *cobra.Command, d *source) {
	c.Flags().BoolVar(&d.full, "full", false, "read everything where steps read on since a mark")
}

// agreed refuses what nobody agreed to: a protected environment needs --yes
// or a plan's hash when nobody can be asked.
func (s *session) agreed(b *flow.Bound, w *working) error {
	if !b.Protected || w.yes || w.plan != "" {
		return nil
	}
	e := fault.New(fault.Config, "run.protected", "environment %s is protected", b.Env)
	if s.again != "" {
		return e.Hint("%s shows what would be done; --yes does it", s.commandOf("plan", b))
	}
	return e.
		Hint("godwit plan shows what would be done and the hash to run exactly that with --plan HASH").
		Hint("or --yes")
}
