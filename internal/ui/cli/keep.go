package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/ui/cli/codes"
	"godwit/internal/ui/report"
	"godwit/internal/ui/story"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

func (s *session) runsCommand() *cobra.Command {
	limit := 20
	c := &cobra.Command{
		Use: "runs", Short: "List the runs of the ledger, newest first", Example: "  godwit runs\n  godwit runs --json",
		Args: takes(),
	}
	c.Flags().IntVar(&limit, "limit", limit, "how many, the newest; 0 is all")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if !there(s.path()) {
			return s.show("runs", view.Runs{}, view.Runs{}.Value())
		}
		runs, done, err := s.open(c.Context())
		if err != nil {
			return err
		}
		defer done()
		all, err := runs.List(c.Context(), limit)
		if err != nil {
			return err
		}
		total, err := runs.Count(c.Context())
		if err != nil {
			return err
		}
		v := view.Runs{Now: time.Now().In(s.Zone), More: max(0, total-int64(len(all)))}
		names := map[int64]string{}
		for _, r := range all {
			names[r.ID] = r.Name()
		}
		for _, r := range all {
			now, err := runs.Now(c.Context(), r)
			if err != nil {
				return err
			}
			t := now.Total()
			row := view.Run{Name: r.Name(), State: now.State, Started: r.Opened.In(s.Zone), Took: now.Took(), Read: t.Read, Applied: t.Applied,
				Rejected: t.Rejected, Dead: t.Dead, Exit: -1}
			if step, _, called := strings.Cut(r.ParentNode, "/"); called {
				row.By = strings.TrimSpace(names[r.Parent] + " " + step)
			}
			if row.After, err = after(c.Context(), runs, r, t); err != nil {
				return err
			}
			if r.State == "ended" {
				row.State, row.Exit = view.Ended(r.Outcome, r.Exit), r.Exit
			}
			v.All = append(v.All, row)
		}
		if err := s.show("runs", v, v.Value()); err != nil {
			return err
		}
		return s.changed(c.Context(), runs, "")
	}
	return c
}

// after says what became of the records that a run did not load; t is the sum of
// its accounts.
func after(ctx context.Context, runs *run.Runs, r run.Ref, t record.Account) (a view.After, err error) {
	if t.Rejected+t.Dead+t.Pending == 0 {
		return a, nil
	}
	open, closed, err := runs.Exceptions().Ends(ctx, r.ID)
	if a.Open = open; err == nil && open == 0 && len(closed) == 0 {
		a.Open = -1
	}
	for _, e := range closed {
		if _, by, _ := strings.Cut(e.Text, " by "); by == r.Name() { // what waited, before the run's end
			continue
		}
		a.Ends = append(a.Ends, view.Ending{How: e.Text, Records: e.Records})
	}
	return a, err
}

func (s *session) cancelCommand() *cobra.Command {
	reason := ""
	c := &cobra.Command{
		Use:     "cancel RUN",
		Short:   "End a run for good; one that nobody owns is taken over and ended",
		Example: `  godwit cancel warehouse-7 --reason "wrong target"`,
		Args:    takes("RUN"),
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for the record")
	c.RunE = func(c *cobra.Command, args []string) error {
		runs, done, err := s.existing(c.Context())
		if err != nil {
			return err
		}
		defer done()
		alone, r, err := runs.Cancel(c.Context(), args[0], actor(), reason)
		if fault.CodeOf(err) == "run.ended" && r.Outcome == "cancelled" {
			return s.over(c.Context(), runs, r, err)
		}
		if err != nil {
			return err
		}
		if !alone {
			fmt.Fprintf(s.Out, "%s was asked to end; its owner %s does so within a second.\n", r.Name(), r.Owner)
			return nil
		}
		b, err := runs.Flow(r)
		if err != nil {
			return err
		}
		if err := s.refresh(b); err != nil {
			return err
		}
		return typed(b, s.end(c.Context(), runs, r, b))
	}
	return c
}

// over ends a cancel of a run that was cancelled before: nothing is left to do for it
// but settings that could not be put back.
func (s *session) over(ctx context.Context, runs *run.Runs, r run.Ref, ended error) error {
	if all, err := left(ctx, runs, r.Name()); err != nil || len(all) == 0 {
		return errors.Join(err, ended)
	}
	b, err := runs.Flow(r)
	if err != nil {
		return err
	}
	if left, err := s.unrestored(ctx, runs, b, r.Name()); err != nil || left {
		return errors.Join(err, exit{ExitFailed})
	}
	return nil
}

// end takes a run over that nobody owns, only to end it.
func (s *session) end(ctx context.Context, runs *run.Runs, r run.Ref, b *flow.Bound) error {
	if err := s.engage(); err != nil {
		return err
	}
	told := s.alarms(ctx, runs, r, b, func(string, unit.Event) {})
	e, err := runs.Drive(ctx, r, b, s.stop, run.Watcher{})
	told.End(e, err)
	switch {
	case err != nil:
		return err
	case e.Fault != nil:
		return e.Fault
	case e.Run.Outcome != "cancelled":
		return fault.New(fault.Unavailable, "run.stopped", "%s could not be ended: it is %s", r.Name(), e.Run.State)
	}
	if left, err := s.unrestored(ctx, runs, b, r.Name()); err != nil || left {
		return errors.Join(err, exit{ExitFailed})
	}
	if s.json {
		s.events().Value("cancel", map[string]any{"run": r.Name(), "outcome": e.Run.Outcome})
		return s.stream.Err()
	}
	fmt.Fprintf(s.Out, "%s is cancelled. What it copied stays at the target; its marks are taken away.\n", r.Name())
	return nil
}

func (s *session) reportCommand() *cobra.Command {
	html, csv, owner := "", "", ""
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Write a run's report: one offline HTML file, JSON or CSV",
		Example: `  godwit report copy-1
  godwit report copy-1 --html proof.html --csv proof/
  godwit report copy-1 --json > proof.json
  godwit report shop-3 --owner sales --html sales.html`,
		Args: takes("RUN"),
	}
	c.Flags().StringVar(&html, "html", "", "file to write (default beside the ledger)")
	c.Flags().StringVar(&csv, "csv", "", "folder for one CSV file per section")
	c.Flags().StringVar(&owner, "owner", "", "only what this owner has to mend")
	c.RunE = func(c *cobra.Command, args []string) error {
		runs, done, err := s.existing(c.Context())
		if err != nil {
			return err
		}
		defer done()
		r, err := runs.Find(c.Context(), args[0])
		if err != nil {
			return err
		}
		rep, err := s.report(c.Context(), runs, r)
		if err != nil {
			return err
		}
		if owner != "" {
			part, ok := rep.For(owner)
			if !ok {
				return fault.New(fault.Config, "usage", "%s has no issues of an owner %q", args[0], owner).Hint("godwit issues list %s shows who owns what", args[0])
			}
			rep = part
			if html == "" {
				html = filepath.Join(filepath.Dir(s.ledger), "reports", args[0]+"-"+fileName(owner)+".html")
			}
		}
		if s.json {
			return report.JSON(s.Out, rep)
		}
		if csv != "" {
			files, err := report.CSV(csv, rep)
			if err != nil {
				return fault.New(fault.Config, "report.write", "write CSV: %w", err)
			}
			for _, f := range files {
				fmt.Fprintln(s.Out, f)
			}
			if html == "" {
				return nil
			}
		}
		path, size, err := s.write(rep, html)
		if err != nil {
			return fault.New(fault.Config, "report.write", "%w", err)
		}
		fmt.Fprintf(s.Out, "%s (%s)\n", path, view.Size(size))
		return nil
	}
	return c
}

// report makes a run's report from the ledger as it is now.
func (s *session) report(ctx context.Context, runs *run.Runs, r run.Ref) (report.Report, error) {
	st, err := runs.Story(ctx, r)
	if err != nil {
		return report.Report{}, err
	}
	left, err := runs.Left(ctx, r)
	if err != nil {
		return report.Report{}, err
	}
	return story.Report(st, left, s.Zone, codes.Mend), nil
}

func (s *session) ledgerCommand() *cobra.Command {
	c := &cobra.Command{Use: "ledger", Short: "Look after the ledger", Args: commands, Example: "  godwit ledger check",
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(&cobra.Command{
		Use: "check [RUN]", Short: "Prove that the accounts close, chunk by chunk", Args: takes("[RUN]"),
		Example: "  godwit ledger check\n  godwit ledger check copy-1",
		RunE: func(c *cobra.Command, args []string) error {
			runs, done, err := s.existing(c.Context())
			if err != nil {
				return err
			}
			defer done()
			breaches, n, err := runs.Check(c.Context(), args)
			if err != nil {
				return err
			}
			if s.json {
				s.events().Value("ledger.check", map[string]any{"runs": n, "breaches": breaches})
			} else {
				for _, b := range breaches {
					fmt.Fprintf(s.Out, "%s  %s %s: %s [account.open]\n", b.Run, b.Step, b.Entity, b.What)
				}
				fmt.Fprintf(s.Out, "%s checked, %s.\n", view.Plural(n, "run"), breachesOf(len(breaches)))
			}
			if len(breaches) > 0 {
				return exit{ExitFailed}
			}
			return nil
		},
	})
	return c
}

// fileName is a name as a part of one of a file.
func fileName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == filepath.Separator || r == 0 {
			return 0x5f
		}
		return r
	}, name)
}

func breachesOf(n int) string {
	return fmt.Sprintf("%d %s", n, view.Either(n, "breach", "breaches"))
}

func (s *session) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: takes(), Example: "  godwit version",
		RunE: func(*cobra.Command, []string) error {
			if s.json {
				s.events().Value("version", map[string]string{"version": s.Version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
				return nil
			}
			fmt.Fprintf(s.Out, "godwit %s (%s %s/%s)\n", s.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// starter files of init. They pass godwit's own reader, which a test proves.
const starterProject = `# Connections are named systems. Secrets come from the environment, a file or a command.
connections:
  old:
    postgres:
      host: old.example
      database: shop
      user: mover
      password: {env: OLD_PASSWORD}
  new:
    postgres:
      host: new.example
      database: shop
      user: mover
      password: {env: NEW_PASSWORD}
`

const starterFlow = `help: Copy the shop and prove it.
inputs:
  workers: {type: int, default: 4, help: Tables at the same time}
  # A rehearsal after the first one: godwit run shop --set existing=replace
  existing: {type: text, default: fail, choices: [fail, replace], help: replace drops and makes again what the target has}
steps:
  - copy: {from: old, to: new, existing: "${inputs.existing}", workers: "${inputs.workers}"}
  - verify: {from: old, to: new}
`

// starterIgnore keeps ledger and reports out of version control.
const starterIgnore = `.godwit/
`

func (s *session) initCommand() *cobra.Command {
	return &cobra.Command{
		Use: "init [FOLDER]", Short: "Make a starter project", Args: takes("[FOLDER]"),
		Example: "  godwit init\n  godwit init migration",
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			files := []struct{ path, text string }{
				{filepath.Join(dir, "godwit.yaml"), starterProject}, {filepath.Join(dir, "flows", "shop.yaml"), starterFlow},
				{filepath.Join(dir, ".gitignore"), starterIgnore},
			}
			if there(files[2].path) { // it is the user's
				files = files[:2]
			}
			var made []string
			for _, f := range files { // nothing is overwritten, and nothing is left half made
				if _, err := os.Stat(f.path); err == nil {
					return fault.New(fault.Config, "init.exists", "%s is there already", f.path).Hint("godwit init FOLDER makes the project elsewhere")
				}
			}
			for _, f := range files {
				if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
					return fault.New(fault.Config, "init.write", "%w", err)
				}
				if err := os.WriteFile(f.path, []byte(f.text), 0o644); err != nil {
					return fault.New(fault.Config, "init.write", "%w", err)
				}
				made = append(made, f.path)
			}
			if s.json {
				s.events().Value("init", map[string]any{"files": made, "next": "godwit doctor shop"})
				return s.stream.Err()
			}
			fmt.Fprintln(s.Out, strings.Join(made, "\n"))
			fmt.Fprintln(s.Out, "Next: write your hosts into godwit.yaml, then godwit doctor shop")
			return nil
		},
	}
}
