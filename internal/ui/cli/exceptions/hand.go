package exceptions

import (
	"context"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"godwit/internal/control/run"
	"godwit/internal/control/run/hand"
	"godwit/internal/fault"
	"godwit/internal/ui/unloaded"
)

// selected reads which records a command is to change: one by its number, or
// those that the flags select. Nothing selected is refused: all is too much to
// be meant by silence.
func (c *Chosen) selected(ctx context.Context, look run.Exceptions, of run.Ref, args []string) (run.Filter, error) {
	f, err := c.Read(ctx, look, of)
	f.Called = true
	if err != nil || len(args) == 1 {
		if err == nil && unloaded.Flags(f) == "" {
			err = fault.New(fault.Config, "usage", "say which records are meant: a number, or flags that select some").
				Hint("godwit dead list %s shows them", of.Name())
		}
		return f, err
	}
	if unloaded.Flags(f) != "" {
		return f, fault.New(fault.Config, "usage", "a number and flags that select records exclude each other")
	}
	id, err := number(args[0], args[1])
	if err == nil {
		_, err = look.One(ctx, of.ID, id)
	}
	return run.Filter{IDs: []int64{id}, State: run.AllOnes, Called: true}, err
}

// number reads that of a record.
func number(run, text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fault.New(fault.Config, "usage", "%q is no number of a record", text).Hint("godwit dead list %s shows them", run)
	}
	return id, nil
}

// changing are the flags of commands that people change records with.
type changing struct {
	Chosen
	reason string
	dry    bool
}

func (c *changing) flags(cmd *cobra.Command, reason string) {
	c.Flags(cmd.Flags())
	cmd.Flags().StringVar(&c.reason, "reason", "", reason)
	cmd.Flags().BoolVar(&c.dry, "dry-run", false, "only say what would be done; changes nothing")
}

func (s commands) deadPatch() *cobra.Command {
	d := &changing{}
	var set, null []string
	var patch, table string
	c := &cobra.Command{
		Use: "patch RUN [ID]", Short: "Put records right by hand, for the next redrive to take",
		Long: `Changes fields of records as they were read from the source; what was read is
kept, and who changed what, when and why. The next redrive maps, checks and
writes the record as it was put right. A field takes a value by its type at the
source; inside of a document a value is JSON, and a text where it is not.`,
		Example: `  godwit dead patch shop-3 17 --set country=Germany --reason "asked the branch"
  godwit dead patch shop-3 18 --set 'doc.lines[1].quantity=2' --null doc.note
  godwit dead patch shop-3 --cause 8c1f --set country=Germany --dry-run
  godwit dead patch shop-3 17 --patch patch.json
  godwit dead patch shop-3 --csv mended.csv`,
	}
	d.flags(c, "why; kept with the change")
	fs := c.Flags()
	fs.StringArrayVar(&set, "set", nil, "FIELD=VALUE; may be repeated")
	fs.StringArrayVar(&null, "null", nil, "`FIELD` to make null; may be repeated")
	fs.StringVar(&patch, "patch", "", "`FILE` with a patch of the whole record (RFC 6902)")
	fs.StringVar(&table, "csv", "", "`FILE` with the columns key,field,value: a field of the record of a key in each line")
	c.RunE = func(c *cobra.Command, args []string) error {
		e, err := edits(set, null, patch, table)
		if err != nil {
			return err
		}
		return About(c.Context(), s.Desk, args[0], func(runs *run.Runs, of run.Ref) error {
			var f run.Filter
			if table == "" || len(args) == 2 {
				f, err = d.selected(c.Context(), runs.Exceptions(), of, args)
			} else {
				f, err = d.Read(c.Context(), runs.Exceptions(), of)
			}
			if err != nil {
				return err
			}
			done, err := runs.ByHand(c.Context(), of).Patch(c.Context(), f, e, run.Deed{Actor: s.Actor(), Reason: d.reason}, d.dry)
			if err != nil {
				if name := patch + table; name != "" {
					err = fault.Wrap(err, "%s", name)
				}
				return err
			}
			v := unloaded.Patched{Run: of.Name(), Dry: d.dry, All: done}
			return s.Show("dead.patch", v, v.Value())
		})
	}
	return c
}

// edits reads what is to be changed.
func edits(set, null []string, patch, table string) (e run.Edits, err error) {
	ways := 0
	for _, given := range []bool{len(set)+len(null) > 0, patch != "", table != ""} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		return e, fault.New(fault.Config, "usage", "say what to change in one of three ways: --set FIELD=VALUE and --null FIELD, --patch FILE, or --csv FILE")
	}
	for _, one := range set {
		field, value, ok := strings.Cut(one, "=")
		if !ok || field == "" {
			return e, fault.New(fault.Config, "usage", "--set %q is not FIELD=VALUE", one)
		}
		e.Fields = append(e.Fields, run.Edit{Field: field, Value: value})
	}
	for _, field := range null {
		e.Fields = append(e.Fields, run.Edit{Field: field, Null: true})
	}
	if patch != "" {
		if e.JSON, err = os.ReadFile(patch); err != nil {
			err = fault.New(fault.Config, "patch.json", "%w", err)
		}
		return e, err
	}
	if table != "" {
		file, err := os.Open(table)
		if err != nil {
			return e, fault.New(fault.Config, "patch.csv", "%w", err)
		}
		defer file.Close()
		e.Fields, err = hand.CSV(file)
		return e, fault.Wrap(err, "%s", table)
	}
	return e, nil
}

func (s commands) deadDismiss() *cobra.Command {
	d := &changing{}
	c := &cobra.Command{
		Use: "dismiss RUN [ID] --reason TEXT", Short: "Close records that will not come, with the reason",
		Long: `Says that a record stays out for good: it stays rejected or dead in the
accounts of its run, but is open no more, and no redrive takes it. Who said so,
when and why is kept; dead reopen takes it back.`,
		Example: `  godwit dead dismiss shop-3 17 --reason "a test order of 2019"
  godwit dead dismiss shop-3 --cause 8c1f --reason "sold off" --dry-run`,
	}
	d.flags(c, "why they will not come; must be given")
	c.RunE = func(c *cobra.Command, args []string) error {
		if d.reason = strings.Join(strings.Fields(d.reason), " "); d.reason == "" { // it stands in lists
			return fault.New(fault.Config, "usage", "--reason TEXT is missing: why the records will not come")
		}
		return About(c.Context(), s.Desk, args[0], func(runs *run.Runs, of run.Ref) error {
			f, err := d.selected(c.Context(), runs.Exceptions(), of, args)
			if err != nil {
				return err
			}
			f.State = run.OpenOnes
			v := unloaded.Dismissed{Run: of.Name(), Filter: f, Dry: d.dry, Reason: d.reason}
			if d.dry {
				n, err := runs.Exceptions().Count(c.Context(), of.ID, f)
				if err != nil {
					return err
				}
				v.Records = n.Records
				return s.Show("dead.dismiss", v, v.Value())
			}
			v.Records, v.Left, err = runs.ByHand(c.Context(), of).Dismiss(c.Context(), f, run.Deed{Actor: s.Actor(), Reason: d.reason})
			if err != nil {
				return err
			}
			rest, err := runs.Exceptions().Count(c.Context(), of.ID, run.Filter{Called: true})
			if err != nil {
				return err
			}
			v.Open = rest.Records
			return s.Show("dead.dismiss", v, v.Value())
		})
	}
	return c
}

func (s commands) deadReopen() *cobra.Command {
	d := &changing{}
	c := &cobra.Command{
		Use: "reopen RUN [ID]", Short: "Take dismissals back: the records are open again",
		Example: "  godwit dead reopen shop-3 17 --reason \"it is wanted after all\"",
	}
	d.flags(c, "why; kept in the journal")
	c.RunE = func(c *cobra.Command, args []string) error {
		return About(c.Context(), s.Desk, args[0], func(runs *run.Runs, of run.Ref) error {
			f, err := d.selected(c.Context(), runs.Exceptions(), of, args)
			if err != nil {
				return err
			}
			v := unloaded.Reopened{Run: of.Name(), Filter: f, Dry: d.dry}
			if d.dry {
				v.Records, err = runs.ByHand(c.Context(), of).Dismissed(c.Context(), f)
			} else {
				v.Records, err = runs.ByHand(c.Context(), of).Reopen(c.Context(), f, run.Deed{Actor: s.Actor(), Reason: d.reason})
			}
			if err != nil {
				return err
			}
			return s.Show("dead.reopen", v, v.Value())
		})
	}
	return c
}
