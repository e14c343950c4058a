package exceptions

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/ui/unloaded"
)

func (s commands) issuesCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "issues", Short: "Look at the rules that records break, and say which of that is as it is to be",
		Example: "  godwit issues list shop-3\n  godwit issues export shop-3 --csv issues/\n  godwit issues accept shop-3 --rule match --field phone --reason \"as they came\"",
	}
	c.AddCommand(s.issuesList(), s.issuesExport(), s.issuesAccept(), s.issuesUnaccept(), s.issuesWrite())
	return c
}

// selecting adds the flags that select issues.
func selecting(fs *pflag.FlagSet, f *run.IssueFilter) {
	fs.StringVar(&f.Rule, "rule", "", "rule that is broken")
	fs.StringVar(&f.Field, "field", "", "field that it is about")
	fs.StringVar(&f.Value, "value", "", "value of the field, as it is shown, quotes included")
	fs.StringVar(&f.Owner, "owner", "", "who is to mend it")
	fs.StringVar(&f.Severity, "severity", "", "error, warn or waits")
	fs.StringVar(&f.Entity, "entity", "", "what the record is one of")
	fs.StringVar(&f.Key, "key", "", "key of the record")
	fs.StringVar(&f.Step, "step", "", "step of the flow")
}

// severe checks --severity.
func severe(f run.IssueFilter) error {
	if !slices.Contains([]string{"", record.SeverityError, record.SeverityWarn, record.SeverityWaits}, f.Severity) {
		return fault.New(fault.Config, "usage", "--severity is error, warn or waits, not %q", f.Severity)
	}
	return nil
}

func (s commands) issuesList() *cobra.Command {
	var f run.IssueFilter
	closed, accepted, all, each, limit := false, false, false, false, 100
	c := &cobra.Command{
		Use: "list RUN", Short: "List issues by rule, field, value and owner, or one by one",
		Long: `Lists the rules that records of a run broke and that are still to be mended. An
issue is closed when its record fulfils the rule in a later run of the same flow
with the same inputs in the same environment, or by a redrive; reopened when it had been closed before.
Accepted ones are left out; --accepted lists them.`,
		Example: `  godwit issues list shop-3
  godwit issues list shop-3 --owner sales --each --limit 0
  godwit issues list shop-3 --rule required --severity error --json`,
	}
	fs := c.Flags()
	selecting(fs, &f)
	fs.BoolVar(&closed, "closed", false, "those that are closed")
	fs.BoolVar(&accepted, "accepted", false, "those that were accepted")
	fs.BoolVar(&all, "all", false, "open, accepted and closed ones")
	fs.BoolVar(&each, "each", false, "one by one")
	fs.IntVar(&limit, "limit", limit, "at most so many; 0 is all")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if f.State, err = which(closed, all); err != nil {
			return err
		}
		if accepted {
			if closed || all {
				return fault.New(fault.Config, "usage", "--accepted, --closed and --all exclude each other")
			}
			f.State = run.Accepted
		}
		if err := severe(f); err != nil {
			return err
		}
		f.Called = true
		return s.issuesOf(c.Context(), args[0], func(runs *run.Runs, of run.Ref) error {
			if each {
				return s.eachIssue(c.Context(), runs, of, f, limit)
			}
			return s.issueGroups(c.Context(), runs, of, f, limit)
		})
	}
	return c
}

// issuesOf calls do with a run. A redrive has those of records that it loaded
// with warnings; the others stay with the run that it is of.
func (s commands) issuesOf(ctx context.Context, name string, do func(*run.Runs, run.Ref) error) error {
	return found(ctx, s.Desk, name, func(runs *run.Runs, found, of run.Ref) error {
		if of.ID != found.ID {
			s.Line("issues of records that %s did not load are kept with %s: godwit issues list %s", found.Name(), of.Name(), of.Name())
		}
		return do(runs, found)
	})
}

// oneMore is a limit that shows whether there is more; 0 stays all.
func oneMore(limit int) int {
	if limit <= 0 {
		return 0
	}
	return limit + 1
}

// upTo cuts a list that was asked for with oneMore.
func upTo[T any](list []T, limit int) (part []T, more bool) {
	if limit <= 0 || len(list) <= limit {
		return list, false
	}
	return list[:limit], true
}

func (s commands) issueGroups(ctx context.Context, runs *run.Runs, of run.Ref, f run.IssueFilter, limit int) error {
	groups, err := runs.Exceptions().IssueGroups(ctx, of.ID, f, oneMore(limit))
	if err != nil {
		return err
	}
	groups, more := upTo(groups, limit)
	left, err := runs.OverRuns(ctx, of)
	if err != nil {
		return err
	}
	v := unloaded.Issues{Now: s.Now(), Run: of.Name(), State: f.State, Groups: groups, More: more, Over: unloaded.OverRuns(left)}
	return s.Show("issues.list", v, v.Value())
}

func (s commands) eachIssue(ctx context.Context, runs *run.Runs, of run.Ref, f run.IssueFilter, limit int) error {
	list, err := runs.Exceptions().Issues(ctx, of.ID, f, 0, oneMore(limit))
	if err != nil {
		return err
	}
	list, more := upTo(list, limit)
	v := unloaded.Each{Now: s.Now(), Run: of.Name(), State: f.State, All: list, More: more}
	return s.Show("issues.list", v, v.Value())
}

func (s commands) issuesExport() *cobra.Command {
	dir := ""
	c := &cobra.Command{
		Use: "export RUN --csv DIR", Short: "Write the open issues as one CSV file per owner",
		Long: `Writes a list per owner that a spreadsheet opens as it is: UTF-8 with byte order
mark, the key first, the same columns each time. It holds keys, rules and what
to mend; of values what the flow calls printable; the link that godwit.yaml gives
for the owner. What was accepted is left out. Files of the same names are replaced.`,
		Example: "  godwit issues export shop-3 --csv issues/",
	}
	c.Flags().StringVar(&dir, "csv", "", "folder to write to, made when it is not there")
	c.RunE = func(c *cobra.Command, args []string) error {
		if dir == "" {
			return fault.New(fault.Config, "usage", "--csv DIR is missing: the folder to write to")
		}
		return s.issuesOf(c.Context(), args[0], func(runs *run.Runs, of run.Ref) error {
			p, err := runs.Project(of)
			if err != nil {
				return err
			}
			files, err := unloaded.Export(dir, p.Owners, func(after int64) ([]run.Issue, error) {
				return runs.Exceptions().Issues(c.Context(), of.ID, run.IssueFilter{Called: true}, after, 5000)
			})
			if err != nil {
				return fault.New(fault.Config, "report.write", "write CSV: %w", err)
			}
			v := unloaded.Exported{Run: of.Name(), Files: files}
			return s.Show("issues.export", v, v.Value())
		})
	}
	return c
}

func (s commands) recordCommand() *cobra.Command {
	return &cobra.Command{
		Use: "record [RUN] ENTITY/KEY", Short: "Show what is known of one record, over all runs",
		Long: `Shows where a record was rejected or refused, why, which redrives tried it again
and how it ended; and how it stands, where maps refer to records of its entity:
what is kept of it at the target, which version of the map made it. Other records
that were loaded without trouble leave no row of their own: they are in the sums
of the accounts.`,
		Example: "  godwit record customers/48211\n  godwit record shop-3 customers/48211 --json",
		RunE: func(c *cobra.Command, args []string) error {
			entity, key, ok := strings.Cut(args[len(args)-1], "/")
			if !ok || entity == "" || key == "" {
				return fault.New(fault.Config, "usage", "%q is not ENTITY/KEY", args[len(args)-1]).Hint("godwit dead list RUN shows both")
			}
			t := unloaded.Trace{Now: s.Now(), Entity: entity, Key: key}
			if len(args) == 2 {
				return found(c.Context(), s.Desk, args[0], func(runs *run.Runs, found, of run.Ref) error {
					t.Run = found.Name()
					return s.trace(c.Context(), runs, t, found.Name(), of.Name())
				})
			}
			runs, done, err := s.Runs(c.Context())
			if err != nil {
				return err
			}
			defer done()
			return s.trace(c.Context(), runs, t)
		},
	}
}

// trace shows a record as these runs know it; none named are all.
func (s commands) trace(ctx context.Context, runs *run.Runs, t unloaded.Trace, names ...string) error {
	wanted := func(name string) bool { return len(names) == 0 || slices.Contains(names, name) }
	letters, err := runs.Exceptions().Of(ctx, t.Entity, t.Key)
	if err != nil {
		return err
	}
	issues, err := runs.Exceptions().IssuesOf(ctx, t.Entity, t.Key)
	if err != nil {
		return err
	}
	for _, w := range letters {
		if wanted(w.Run) {
			t.Letters = append(t.Letters, w)
		}
	}
	for _, i := range issues {
		if wanted(i.Run) {
			t.Issues = append(t.Issues, i)
		}
	}
	if t.Standing, err = runs.Stands(ctx, t.Entity, t.Key); err != nil {
		return err
	}
	accepted, err := runs.Exceptions().Acceptances(ctx, t.Entity, t.Key)
	if err != nil {
		return err
	}
	for _, a := range accepted {
		if wanted(a.Run) {
			t.Accepted = append(t.Accepted, a)
		}
	}
	return s.Show("record", t, t.Value())
}
