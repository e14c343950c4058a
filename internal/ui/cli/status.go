package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/cli/standing"
	"godwit/internal/ui/story"
	"godwit/internal/ui/view"
)

func (s *session) statusCommand() *cobra.Command {
	follow, code := false, false
	c := &cobra.Command{
		Use:     "status RUN",
		Short:   "Show a run, from any process, also a dead one",
		Example: "  godwit status copy-1\n  godwit status copy-1 --exit-code",
		Args:    takes("RUN"),
	}
	c.Flags().BoolVar(&follow, "follow", false, "show it until it ends")
	c.Flags().BoolVar(&code, "exit-code", false, "exit with the run's exit code; 5 when it has not ended")
	c.RunE = func(c *cobra.Command, args []string) error {
		runs, done, err := s.existing(c.Context())
		if err != nil {
			return err
		}
		defer done()
		var r standing.Rates
		for {
			now, err := s.statusOf(c, runs, args[0], &r)
			if follow && c.Context().Err() != nil {
				return nil // that ends looking
			}
			if err != nil {
				return err
			}
			if !follow || now.Run.State == "ended" {
				return exitOf(now, code)
			}
			select {
			case <-c.Context().Done():
				return nil
			case <-time.After(2 * time.Second):
			}
		}
	}
	return c
}

func exitOf(now *run.Now, code bool) error {
	switch {
	case !code:
		return nil
	case now.Run.State != "ended":
		return exit{ExitStopped}
	case now.Run.Exit != 0:
		return exit{now.Run.Exit}
	}
	return nil
}

func (s *session) statusOf(c *cobra.Command, runs *run.Runs, name string, r *standing.Rates) (*run.Now, error) {
	found, err := runs.Find(c.Context(), name)
	if err != nil {
		return nil, err
	}
	now, err := runs.Now(c.Context(), found)
	if err != nil {
		return nil, err
	}
	drawn, value := r.Whole(now, s.Zone), standing.ValueOf(now)
	if drawn.After, err = after(c.Context(), runs, found, now.Total()); err != nil {
		return nil, err
	}
	if value.Since = drawn.After.Ends; drawn.After.Open >= 0 {
		value.Open = &drawn.After.Open
	}
	parts, err := runs.Parts(c.Context(), found, now.Owned())
	if err != nil {
		return nil, err
	}
	value.Called = story.Called(parts)
	failed, err := s.ended(c.Context(), runs, found, &drawn, &value)
	if err != nil {
		return nil, err
	}
	if err := s.show("status", drawn, value); err != nil {
		return now, err
	}
	if len(parts) > 0 && !s.json {
		fmt.Fprintln(s.Out)
		if err := view.Show(s.out(), story.Rollup(parts)); err != nil {
			return now, err
		}
	}
	if err := s.changed(c.Context(), runs, ""); err != nil || s.json {
		return now, err
	}
	s.sayAll(failed) // why
	return now, nil
}

// ended adds how to go on with a run that has ended before its end, and tells why it has.
func (s *session) ended(ctx context.Context, runs *run.Runs, r run.Ref, drawn *view.Status, value *standing.Value) ([]fault.Fault, error) {
	if drawn.Lost != nil {
		value.Next = []string{drawn.Lost.Resume}
	}
	if r.Outcome != "failed" && r.Outcome != "stopped" {
		return nil, nil
	}
	st, err := runs.Story(ctx, r)
	if err != nil {
		return nil, err
	}
	failed := st.Failed()
	if r.Parent != 0 { // who called it goes on with it
		return failed, nil
	}
	value.Next = s.goesOn(runs, r, failed)
	for i, command := range value.Next {
		row := view.Row{Text: command}
		if i == 0 {
			row.Label = "next"
		}
		drawn.Below = append(drawn.Below, row)
	}
	return failed, nil
}

// line says something in passing, on standard error, without --json.
func (s *session) line(format string, args ...any) {
	if !s.json {
		fmt.Fprintf(s.Err, format+"\n", args...)
	}
}

// terminal reports whether a stream is a terminal that can be asked.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && view.Terminal(f)
}
