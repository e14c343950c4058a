package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
)

// summary says how a run ended, writes its report, and gives its exit code.
func (s *session) summary(ctx context.Context, runs *run.Runs, e run.Ended, path string) error {
	ctx = context.WithoutCancel(ctx) // what was cut is summed up too
	story, err := runs.Story(ctx, e.Run)
	if err != nil {
		return err
	}
	rep := reportOf(story, s.Zone)
	sum := view.Summary{
		Run: e.Run.Name(), Outcome: e.Run.Outcome, Why: rep.Verdict.Why, Exit: e.Exit, Steps: story.Steps,
		Took: took(e.Run), Notes: notes(story), Alone: int64(story.Skipped),
	}
	if e.Stopped {
		sum.Outcome = "stopped"
		sum.Next = []string{"godwit resume " + e.Run.Name()}
		rep.Verdict.Outcome, rep.Verdict.Exit = sum.Outcome, e.Exit
		if e.Fault != nil {
			sum.Why = e.Fault.Text
		}
	}
	if e.Fault != nil && !e.Stopped { // it said done, and is not
		sum.Outcome, sum.Why = "failed", e.Fault.Text
		rep.Verdict.Outcome, rep.Verdict.Why, rep.Verdict.Exit = sum.Outcome, sum.Why, e.Exit
	}
	if story.Proved() {
		sum.Verified = verified(story)
	}
	failed := story.Failed()
	if e.Run.Outcome == "failed" && !e.Stopped {
		sum.Why = why(failed)
		switch {
		case slices.ContainsFunc(failed, func(f fault.Fault) bool { return f.Code == "source.redefined" }):
			sum.Next = append(sum.Next, "godwit cancel "+e.Run.Name()+", then the same command with --new --existing replace")
		case slices.ContainsFunc(failed, func(f fault.Fault) bool { return !compared(f) }):
			sum.Next = append(sum.Next, "godwit resume "+e.Run.Name()+"   goes on where it failed")
		}
	}
	if sum.Report, sum.ReportBytes, err = s.write(rep, path); err != nil {
		s.line("the report could not be written: %v", err)
	}
	if s.json {
		s.events().Value("summary", summaryOf(sum))
	} else if err := s.tellEnd(story, sum); err != nil {
		return err
	}
	if e.Stopped && e.Fault != nil { // what failed earlier is told by the report
		failed = []fault.Fault{*e.Fault}
	}
	for _, f := range failed {
		if !compared(f) && f.Code != "run.cancelled" { // that is the headline
			s.say(f)
		}
	}
	if e.Fault != nil && !e.Stopped {
		s.say(*e.Fault)
	}
	if e.Exit != 0 {
		return exit{e.Exit}
	}
	return nil
}

// tellEnd shows what a verification found, if it is not all equal, and the
// summary below it, so that the verdict is what stays in sight.
func (s *session) tellEnd(story *run.Story, sum view.Summary) error {
	if proof, ok := proof(story, sum); ok {
		if err := view.Show(s.out(), proof); err != nil {
			return err
		}
		fmt.Fprintln(s.Out)
	}
	return view.Show(s.out(), sum)
}

// why is the outcome's reason in one sentence; each failure is told below.
func why(failed []fault.Fault) string {
	var texts []string
	codes := map[string]int{}
	for _, f := range failed {
		if codes[f.Code]++; codes[f.Code] == 1 {
			texts = append(texts, f.Code)
		}
	}
	for i, code := range texts {
		switch n := codes[code]; {
		case code == "verify.differs":
			texts[i] = "both sides differ"
		case code == "verify.unreadable":
			texts[i] = "not all could be verified"
		case n > 1:
			texts[i] = fmt.Sprintf("%s %d times", code, n)
		}
	}
	return strings.Join(texts, ", ")
}

// compared are the faults of a verification, which the proof tells in full.
func compared(f fault.Fault) bool {
	return f.Code == "verify.differs" || f.Code == "verify.unreadable"
}

func took(r run.Ref) time.Duration {
	if r.Ended.IsZero() {
		return time.Since(r.Opened)
	}
	return r.Ended.Sub(r.Opened)
}

// verified adds up the proofs of tables.
func verified(st *run.Story) *view.Verified {
	v := &view.Verified{}
	for _, p := range st.Proofs {
		if p.Around() {
			continue
		}
		switch p.Result {
		case "equal":
			v.Rows, v.Equal = v.Rows+p.Rows, v.Equal+p.Rows
		case "differs":
			differ := int64(p.Count - p.Parts)
			v.Rows, v.Equal = v.Rows+p.Rows, v.Equal+p.Same
			v.Differ += max(1, differ)
			v.Dark += max(0, p.Rows-p.Same-(differ-int64(p.Extra)))
		case "left_alone": // said in a note
		default:
			v.Tables++
		}
	}
	return v
}

func notes(st *run.Story) []view.Note {
	var list []view.Note
	alone, stale := 0, 0
	for _, p := range st.Proofs {
		switch {
		case p.Result == "equal" && strings.HasPrefix(p.Why, "stale at the source"):
			stale++
		case p.Result == "left_alone" && p.Around():
			list = append(list, view.Note{Label: "alone", N: int64(p.Count), Text: "left as at the target, neither copied nor verified: " + p.Why})
		case p.Result == "left_alone":
			alone++
		}
	}
	if stale > 0 {
		list = append(list, view.Note{Label: "stale", N: int64(stale), Text: plural(stale, "materialised view is", "materialised views are") +
			" stale at the source: the target's hold what their queries give"})
	}
	for _, o := range st.Omitted {
		list = append(list, view.Note{Label: "left out", Text: o.What + ": " + o.Why})
	}
	if alone > 0 {
		list = append(list, view.Note{Label: "alone", N: int64(alone), Text: "tables at the target were left as they were: neither copied nor verified"})
	}
	if n := len(st.Again); n > 0 {
		list = append(list, view.Note{Label: "again", N: int64(n), Text: "units done more than once: see the report"})
	}
	for _, p := range st.Proofs {
		if p.Around() && p.Result == "differs" {
			list = append(list, view.Note{Label: "differ", N: int64(p.Count), Text: p.Entity})
		}
	}
	return list
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
