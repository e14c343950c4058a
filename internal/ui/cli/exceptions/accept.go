package exceptions

import (
	"context"

	"github.com/spf13/cobra"

	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/unloaded"
)

func (s commands) issuesAccept() *cobra.Command {
	c := s.deciding(unloaded.Accepted{Verb: "accept"})
	c.Use, c.Short = "accept RUN --rule RULE --reason TEXT", "Say that issues are as they are to be, now and in later runs"
	c.Long = `Accepts the open issues of a run that the flags select. They stay accepted in later
runs of the same flow in the same environment for as long as the value is the
same; the same rule broken by another record, or by another value, is a new issue.
It is so in runs with the same inputs, or with --all-inputs in all. Records
without a key are told apart by nothing: as many of a value stay accepted as were.
A record that was not loaded stays so: accepted, it does not make the next run end
with 3. Who accepted what, when and why is kept in the ledger and in the report.`
	c.Example = `  godwit issues accept shop-3 --rule match --field phone --reason "as they came"
  godwit issues accept shop-3 --rule required --field name --key 4711 --reason "a test customer" --dry-run`
	return c
}

func (s commands) issuesUnaccept() *cobra.Command {
	c := s.deciding(unloaded.Accepted{Verb: "unaccept"})
	c.Use, c.Short = "unaccept RUN --rule RULE --reason TEXT", "Take back that issues were accepted"
	c.Example = `  godwit issues unaccept shop-3 --rule match --field phone --reason "they are to be mended after all"`
	return c
}

// deciding is the command of a verb.
func (s commands) deciding(v unloaded.Accepted) *cobra.Command {
	var f run.IssueFilter
	reason, dry := "", false
	c := &cobra.Command{}
	selecting(c.Flags(), &f)
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	if v.Verb == "accept" {
		c.Flags().BoolVar(&f.AllInputs, "all-inputs", false, "in runs of the flow with whatever inputs, not only with those of this run")
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "only say how many issues it would be; changes nothing")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := severe(f); err != nil {
			return err
		}
		if f.Rule == "" || reason == "" && !dry {
			return fault.New(fault.Config, "usage", "--rule and --reason are needed: which issues, and why").Hint("godwit issues list %s shows them", args[0])
		}
		return s.issuesOf(c.Context(), args[0], func(runs *run.Runs, of run.Ref) (err error) {
			v.Run, v.DryRun, v.Reason = of.Name(), dry, reason
			asked := run.Decision{Filter: f, Actor: s.Actor(), Reason: reason}
			switch {
			case dry:
				if f.Called = true; v.Verb == "unaccept" {
					f.State = run.Accepted
				}
				v.Issues, err = runs.Exceptions().CountIssues(c.Context(), of.ID, f)
			case v.Verb == "accept":
				v.Issues, err = runs.Accept(c.Context(), of, asked)
			default:
				v.Issues, err = runs.Unaccept(c.Context(), of, asked)
			}
			if err == nil && !dry {
				if _, kept := s.keep(c.Context(), runs, of); kept != nil { // what was decided is decided
					s.Line("%v", kept)
				}
			}
			if err != nil {
				return err
			}
			return s.Show("issues."+v.Verb, v, v)
		})
	}
	return c
}

// keep brings the project's table of issues up to date: -1 without one.
func (s commands) keep(ctx context.Context, runs *run.Runs, of run.Ref) (int, error) {
	p, err := runs.Project(of)
	if err != nil || p.Issues == nil {
		return -1, err
	}
	b, err := s.Today(runs, of)
	if err != nil {
		return 0, err
	}
	return runs.KeepIssues(ctx, of, b)
}

func (s commands) issuesWrite() *cobra.Command {
	return &cobra.Command{
		Use: "write RUN", Short: "Bring the project's table of issues up to date, as each run does at its end",
		Example: "  godwit issues write shop-3",
		RunE: func(c *cobra.Command, args []string) error {
			return s.issuesOf(c.Context(), args[0], func(runs *run.Runs, of run.Ref) error {
				n, err := s.keep(c.Context(), runs, of)
				if err != nil {
					return err
				}
				if n < 0 {
					return fault.New(fault.Config, "issues.no-table", "the project of %s names no table of issues", of.Name()).
						Hint("issues: {at: CONNECTION, table: schema.table} in godwit.yaml; the next run makes it")
				}
				v := unloaded.Wrote{Run: of.Name(), Issues: n}
				return s.Show("issues.write", v, v)
			})
		},
	}
}
