package exceptions

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/ui/unloaded"
)

// Chosen are the flags that select records which were not loaded.
type Chosen struct {
	filter         run.Filter
	outcome, since string
	before         string
	closed, all    bool
}

// Flags adds them to a command.
func (c *Chosen) Flags(f *pflag.FlagSet) {
	f.Int64SliceVar(&c.filter.IDs, "id", nil, "`number` of one, as dead list shows it; may be repeated")
	f.Lookup("id").DefValue = "" // none is nothing to tell
	f.StringVar(&c.filter.Cause, "cause", "", "cause, as dead stats shows it: its first digits are enough")
	f.StringVar(&c.filter.Code, "code", "", "code of the error: data.too-long")
	f.StringVar(&c.filter.Rule, "rule", "", "rule that the record breaks")
	f.StringVar(&c.filter.Field, "field", "", "field that it is about")
	f.StringVar(&c.filter.Value, "value", "", "value of the field, as it is shown, quotes included")
	f.StringVar(&c.filter.Entity, "entity", "", "what the record is one of")
	f.StringVar(&c.filter.Key, "key", "", "key of the record")
	f.StringVar(&c.filter.Step, "step", "", "step of the flow")
	f.StringVar(&c.outcome, "outcome", "", "dead, rejected or pending")
	f.StringVar(&c.since, "since", "", "last tried then or later: 2026-11-20T20:00:00Z, or a time ago as 2h")
	f.StringVar(&c.before, "before", "", "last tried before that, in the same form")
	f.StringVar(&c.filter.Mapping, "map", "", "version of the map that it was processed by, as dead show shows it: its first digits are enough")
}

// states adds the flags about records that are closed.
func (c *Chosen) states(f *pflag.FlagSet) {
	f.BoolVar(&c.closed, "closed", false, "those that are closed: loaded by a redrive, or dismissed")
	f.BoolVar(&c.all, "all", false, "open and closed ones")
}

// which reads --closed and --all.
func which(closed, all bool) (string, error) {
	switch {
	case closed && all:
		return "", fault.New(fault.Config, "usage", "--closed and --all exclude each other")
	case closed:
		return run.ClosedOnes, nil
	case all:
		return run.AllOnes, nil
	}
	return run.OpenOnes, nil
}

// Read makes the filter for a run.
func (c *Chosen) Read(ctx context.Context, look run.Exceptions, of run.Ref) (f run.Filter, err error) {
	f = c.filter
	if f.State, err = which(c.closed, c.all); err != nil {
		return f, err
	}
	switch o := record.Outcome(c.outcome); o {
	case "", record.Dead, record.Rejected, record.Pending:
		f.Outcome = o
	default:
		return f, fault.New(fault.Config, "usage", "--outcome is dead, rejected or pending, not %q", c.outcome)
	}
	if f.Since, err = moment("since", c.since, time.Now()); err != nil {
		return f, err
	}
	if f.Before, err = moment("before", c.before, time.Now()); err != nil {
		return f, err
	}
	if f.Cause != "" {
		f.Cause, err = causeOf(ctx, look, of, f.Cause)
	}
	return f, err
}

// moment reads a time, or one so long ago.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil {
		return now.Add(-ago), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fault.New(fault.Config, "usage", "--%s %q is neither a time such as 2026-11-20T20:00:00Z nor one such as 2h", flag, text)
	}
	return t, nil
}

// causeOf is the cause of a run that begins with these digits.
func causeOf(ctx context.Context, look run.Exceptions, of run.Ref, digits string) (string, error) {
	all, err := look.Causes(ctx, of.ID, run.Filter{State: run.AllOnes, Called: true}, 0)
	if err != nil {
		return "", err
	}
	var found []string
	for _, c := range all {
		if strings.HasPrefix(c.Cause, digits) {
			found = append(found, c.Cause)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return "", fault.New(fault.Config, "usage", "%s has no cause %s", of.Name(), digits).Hint("godwit dead stats %s --all lists them", of.Name())
	}
	return "", fault.New(fault.Config, "usage", "--cause %s is the beginning of %s", digits, strings.Join(found, ", "))
}

func (s commands) deadCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "dead", Short: "Look at records that were not loaded, put them right or dismiss them",
		Example: "  godwit dead stats shop-3\n  godwit dead list shop-3 --field title\n  godwit dead show shop-3 17\n  godwit dead patch shop-3 17 --set country=Germany",
	}
	c.AddCommand(s.deadStats(), s.deadList(), s.deadShow(), s.deadPatch(), s.deadDismiss(), s.deadReopen())
	return c
}

func (s commands) deadStats() *cobra.Command {
	d, top := &Chosen{}, 5
	c := &cobra.Command{
		Use: "stats RUN", Short: "Count them by cause, with fields and most frequent values",
		Example: "  godwit dead stats shop-3\n  godwit dead stats shop-3 --all --json",
	}
	d.Flags(c.Flags())
	d.states(c.Flags())
	c.Flags().IntVar(&top, "top", top, "how many values of a cause")
	c.RunE = func(c *cobra.Command, args []string) error {
		return About(c.Context(), s.Desk, args[0], func(runs *run.Runs, of run.Ref) error {
			f, err := d.Read(c.Context(), runs.Exceptions(), of)
			if err != nil {
				return err
			}
			f.Called = true
			causes, err := runs.Exceptions().Causes(c.Context(), of.ID, f, top)
			if err != nil {
				return err
			}
			open, ends, err := runs.Exceptions().EndsOf(c.Context(), of.ID, run.Filter{State: run.AllOnes, Called: true})
			if err != nil {
				return err
			}
			v := unloaded.Stats{Now: s.Now(), Run: of.Name(), Filter: f, Causes: causes, Open: open, Ends: ends}
			return s.Show("dead.stats", v, v.Value())
		})
	}
	return c
}

func (s commands) deadList() *cobra.Command {
	d, limit := &Chosen{}, 50
	c := &cobra.Command{
		Use: "list RUN", Short: "List them one by one",
		Example: `  godwit dead list shop-3 --cause 8c1f
  godwit dead list shop-3 --outcome rejected --field title --limit 0
  godwit dead list shop-3 --closed`,
	}
	d.Flags(c.Flags())
	d.states(c.Flags())
	c.Flags().IntVar(&limit, "limit", limit, "at most so many; 0 is all")
	c.RunE = func(c *cobra.Command, args []string) error {
		return About(c.Context(), s.Desk, args[0], func(runs *run.Runs, of run.Ref) error {
			look := runs.Exceptions()
			f, err := d.Read(c.Context(), look, of)
			if err != nil {
				return err
			}
			f.Called = true
			list, err := look.List(c.Context(), of.ID, f, 0, limit)
			if err != nil {
				return err
			}
			n, err := look.Count(c.Context(), of.ID, f)
			if err != nil {
				return err
			}
			v := unloaded.List{Now: s.Now(), Run: of.Name(), Filter: f, All: list, Total: n.Records}
			if v.Runs, err = look.Runs(c.Context(), v.IDs()); err != nil {
				return err
			}
			return s.Show("dead.list", v, v.Value())
		})
	}
	return c
}

func (s commands) deadShow() *cobra.Command {
	source, sent := false, false
	c := &cobra.Command{
		Use: "show RUN ID", Short: "Show everything about one",
		Long: `Shows why a record was not loaded, what was tried and what became of it. What
the record held is shown only when it is asked for: mind who looks.`,
		Example: "  godwit dead show shop-3 17\n  godwit dead show shop-3 17 --source --sent",
	}
	c.Flags().BoolVar(&source, "source", false, "show the record as it was read, and as it was put right, values included")
	c.Flags().BoolVar(&sent, "sent", false, "show what the target was given, values included")
	c.RunE = func(c *cobra.Command, args []string) error {
		id, err := number(args[0], args[1])
		if err != nil {
			return err
		}
		return About(c.Context(), s.Desk, args[0], func(runs *run.Runs, of run.Ref) error {
			w, err := runs.Exceptions().One(c.Context(), of.ID, id)
			if err != nil {
				return err
			}
			v := unloaded.Letter{Now: s.Now(), Whole: w, WithSource: source, WithSent: sent}
			return s.Show("dead.show", v, v.Value())
		})
	}
	return c
}
