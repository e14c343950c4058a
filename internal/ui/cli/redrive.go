package cli

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/cli/exceptions"
	"godwit/internal/ui/unloaded"
)

func (s *session) redriveCommand() *cobra.Command {
	d, w, a, dry := &exceptions.Chosen{}, &working{}, run.Again{}, false
	c := &cobra.Command{
		Use: "redrive RUN", Short: "Process again what a run did not load, by the flow as it is now", Args: takes("RUN"),
		Long: `Takes dead letters and rejected records of a run as they were read from the
source, and maps, checks and writes them by today's flow with the inputs and the
environment of that run. It is a run of its own, redrive-N; what it loads is
closed at the run that it is of. Mend the map, a lookup or the target first, or
the record itself: godwit dead patch. With --as-sent dead letters are written as
the target was given them, without mapping them again.`,
		Example: `  godwit redrive shop-3 --dry-run
  godwit redrive shop-3 --cause 8c1f
  godwit redrive shop-3 --limit 100
  godwit redrive shop-3 --outcome dead --as-sent
  godwit redrive shop-3 --rule lookup --field country --value '"UK"'`,
	}
	d.Flags(c.Flags())
	c.Flags().BoolVar(&dry, "dry-run", false, "only say what would be processed; changes nothing")
	c.Flags().IntVar(&a.Limit, "limit", 0, "at most so many records, the first ones in the order of the source where they go to calls, else the oldest; 0 is all")
	c.Flags().BoolVar(&a.AsSent, "as-sent", false, "write what the target was given then, without mapping it again; dead letters only")
	w.flags(c.Flags())
	c.RunE = func(c *cobra.Command, args []string) error {
		return exceptions.About(c.Context(), desk{s}, args[0], func(runs *run.Runs, of run.Ref) error {
			f, err := d.Read(c.Context(), runs.Exceptions(), of)
			if err != nil {
				return err
			}
			if a.Filter = f; a.Limit < 0 {
				return fault.New(fault.Config, "usage", "--limit is a number from 1, or 0 for all")
			}
			return exceptions.Each(c.Context(), runs, of, s.said, func(of run.Ref) error { return s.redriveOf(c.Context(), runs, of, a, w, dry) })
		})
	}
	return c
}

// redriveOf redrives one run.
func (s *session) redriveOf(ctx context.Context, runs *run.Runs, of run.Ref, a run.Again, w *working, dry bool) error {
	again, err := runs.Redrive(ctx, of, func(run run.Ref) (*flow.Bound, error) { return s.today(runs, run) }, a)
	if fault.CodeOf(err) == "redrive.nothing" && !dry && !w.fresh {
		return s.redriveOn(ctx, runs, of, a.Filter, w, err)
	}
	if err != nil {
		return err
	}
	s.again = of.Name()
	if dry {
		return s.wouldRedrive(ctx, runs, of, again, unloaded.Redrive{Run: of.Name(), Flow: of.Flow, Changes: again.Changes, AtWork: again.AtWork, Filter: a.Filter, Limit: a.Limit, AsSent: a.AsSent})
	}
	if err := s.agreed(again.Flow, w); err != nil {
		return err
	}
	return s.start(ctx, runs, again.Flow, w)
}

// redriveOn goes on with a redrive that was killed when all was loaded and its
// end was not told: nothing is open by then.
func (s *session) redriveOn(ctx context.Context, runs *run.Runs, of run.Ref, f run.Filter, w *working, nothing error) error {
	old, same, ok, err := runs.Unended(ctx, of, f)
	if err != nil || !ok {
		return cmp.Or(err, nothing)
	}
	if !same {
		said := fault.Of(nothing)
		said.Next = append(said.Next, "godwit resume "+old.Name()+" goes on with a redrive that has not come to its end")
		return &fault.Error{Fault: said}
	}
	b, err := runs.Flow(old)
	if err != nil {
		return err
	}
	if err := s.refresh(b); err != nil {
		return err
	}
	return s.drive(ctx, runs, old, b, w, "going on with "+old.Name())
}

// today is a run's flow as its file is now, with the inputs and the
// environment that the run had.
func (s *session) today(runs *run.Runs, of run.Ref) (*flow.Bound, error) {
	old, err := runs.Flow(of)
	if err != nil {
		return nil, err
	}
	if old.Files == nil && of.Parent == 0 {
		return nil, fault.New(fault.Config, "redrive.no-flow", "%s was made by a command: it has no flow that says how to process a record again", of.Name()).
			Hint("copy it again: godwit %s ...", of.Flow)
	}
	d := &source{env: old.Env}
	for _, name := range slices.Sorted(maps.Keys(old.Inputs)) {
		d.set = append(d.set, name+"="+old.Inputs[name])
	}
	return s.file(d, old.Flow)
}

// wouldRedrive says what a redrive would process, by step and cause.
func (s *session) wouldRedrive(ctx context.Context, runs *run.Runs, of run.Ref, again *run.Redriving, v unloaded.Redrive) error {
	look, err := runs.Exceptions(), error(nil)
	if v.InHand, err = look.InHand(ctx, of.ID, again.Filter); err != nil {
		return err
	}
	if v.HeldUp, err = look.HeldUp(ctx, of.ID, again.Filter, again.Blocks); err != nil {
		return err
	}
	for _, step := range again.Steps {
		f := again.Filter
		f.Step = step
		causes, err := look.Causes(ctx, of.ID, f, 3)
		if err != nil {
			return err
		}
		v.Steps = append(v.Steps, unloaded.Step{Step: step, Causes: causes})
	}
	if v.Superseded, v.Later, err = look.Superseded(ctx, of.ID, again.Filter); err != nil {
		return err
	}
	return s.show("redrive.plan", v, v.Value())
}
