package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/cli/codes"
	"godwit/internal/ui/report"
	"godwit/internal/ui/story"
	"godwit/internal/ui/unloaded"
	"godwit/internal/ui/view"
)

// summary says how a run ended, writes its report, and gives its exit code.
func (s *session) summary(ctx context.Context, runs *run.Runs, e run.Ended, path string) error {
	ctx = context.WithoutCancel(ctx) // what was cut is summed up too
	st, err := runs.Story(ctx, e.Run)
	if err != nil {
		return err
	}
	left, err := runs.Left(ctx, e.Run)
	if err != nil {
		return err
	}
	rep := story.Report(st, left, s.Zone, codes.Mend)
	sum := view.Summary{
		Run: e.Run.Name(), Outcome: e.Run.Outcome, Why: rep.Verdict.Why, Exit: e.Exit, Steps: st.Steps,
		Took: st.Took(), Alone: int64(st.Skipped), Accepted: left.Accepted,
	}
	sum.Notes = append(unloaded.Notes(sum.Run, left, sum.Total()), story.Notes(st)...)
	if e.Run.Outcome == "done" && !e.Stopped {
		sum.Next = unloaded.Next(left, sum.Total())
	}
	if e.Stopped {
		sum.Outcome = "stopped"
		sum.Next = []string{"godwit resume " + e.Run.Name()}
		rep.Verdict.Outcome, rep.Verdict.Exit = sum.Outcome, e.Exit
		if e.Fault != nil {
			sum.Why = e.Fault.Text
		}
	}
	if e.Fault != nil && !e.Stopped { // it said done, and is not; or broke off
		sum.Outcome, sum.Why = "failed", e.Fault.Text
		rep.Verdict.Outcome, rep.Verdict.Why, rep.Verdict.Exit = sum.Outcome, sum.Why, e.Exit
	}
	if sum.Why == "" && sum.Exit == ExitOpen {
		sum.Why = story.Foreign(st)
		rep.Verdict.Why = sum.Why
	}
	sum.Verified = story.Verified(st)
	failed := st.Failed()
	if !e.Stopped {
		sum.Next = append(sum.Next, s.goesOn(runs, e.Run, failed)...)
		if e.Run.Outcome == "failed" {
			sum.Why = rep.Verdict.Why
		}
	}
	if sum.Report, sum.ReportBytes, err = s.write(rep, path); err != nil {
		s.line("the report could not be written: %v", err)
	}
	if s.json {
		s.events().Value("summary", summaryOf(sum, rep))
	} else if err := s.tellEnd(story.End(st, sum)); err != nil {
		return err
	}
	if e.Fault != nil { // what ended it now, not what it had met before
		failed = []fault.Fault{*e.Fault}
	}
	s.sayAll(slices.DeleteFunc(failed, func(f fault.Fault) bool { return story.Compared(f) || f.Code == "run.cancelled" })) // that is the headline
	if e.Exit != 0 {
		return exit{e.Exit}
	}
	return nil
}

// mostTold are told of what failed: hundreds of items may, each for a reason of its own.
const mostTold = 20

func (s *session) sayAll(failed []fault.Fault) {
	for i, f := range failed {
		if i == mostTold {
			s.line("%d more failures: the table above names them, the report tells why", len(failed)-i)
			return
		}
		s.say(f)
	}
}

// tellEnd shows what a run ends with, the summary last, so that the verdict is what
// stays in sight.
func (s *session) tellEnd(screens []view.Screen) error {
	for i, one := range screens {
		if i > 0 {
			fmt.Fprintln(s.Out)
		}
		if err := view.Show(s.out(), one); err != nil {
			return err
		}
	}
	return nil
}

// write puts the HTML report beside the ledger, or where the user wants it.
func (s *session) write(r report.Report, path string) (string, int64, error) {
	if path == "" {
		path = filepath.Join(filepath.Dir(s.ledger), "reports", r.Verdict.Run+".html")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", 0, err
	}
	// Written beside and renamed: a reader never sees half a report.
	f, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return "", 0, err
	}
	defer os.Remove(f.Name())
	if err := report.HTML(f, r); err != nil {
		f.Close()
		return "", 0, fmt.Errorf("report %s: %w", path, err)
	}
	info, _ := f.Stat()
	if err := f.Close(); err != nil {
		return "", 0, err
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil {
		return "", 0, err
	}
	return path, info.Size(), os.Rename(f.Name(), path)
}
