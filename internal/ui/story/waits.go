package story

import (
	"strings"
	"time"

	"godwit/internal/control/run/chronicle"
	"godwit/internal/ui/report"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// waited are the spells of steps that wait; one that is not over is told as far as
// the journal goes.
func waited(st *chronicle.Story) (list []report.Wait) {
	for _, w := range st.Waited {
		one := report.Wait{Unit: "step " + w.Step, Gate: w.Gate, Text: w.Text, Holder: w.Actor, Began: w.Began, Seconds: lasted(st, w).Seconds()}
		if w.Actor != "" {
			one.Holder = "approved by " + w.Actor
		}
		list = append(list, one)
	}
	return list
}

func lasted(st *chronicle.Story, w chronicle.Waited) time.Duration {
	if w.Ended.IsZero() {
		return st.Last.Sub(w.Began)
	}
	return w.Ended.Sub(w.Began)
}

// waitedNote is a line of the summary.
func waitedNote(st *chronicle.Story) (n view.Note, ok bool) {
	var all, longest time.Duration
	var at string
	for _, w := range st.Waited {
		long := lasted(st, w)
		if all += long; long > longest {
			longest, at = long, w.Step
		}
	}
	text := plural(len(st.Waited), "step", "steps") + " waited, " + view.Span(all)
	if len(st.Waited) > 1 {
		text += " in all, longest " + at
	}
	return view.Note{Label: "waited", N: int64(len(st.Waited)), Text: text}, all >= time.Second
}

// ended says why a run that was to wait for an answer ended as skipped.
func ended(st *chronicle.Story) string {
	for _, w := range st.Waited {
		if w.Outcome == "ended" {
			return "step " + w.Step + " waited in vain, " + view.Span(lasted(st, w))
		}
	}
	return ""
}

// waits says what a step waits for, how long, and what then.
func waits(w unit.Waiting) string {
	text := strings.TrimPrefix(w.Text, "waits ")
	if w.Every > 0 {
		text += ", asked every " + lasting(w.Every)
	}
	if w.Timeout <= 0 {
		return text
	}
	then := map[string]string{"continue": "goes on", "end": "the flow ends"}[w.Otherwise]
	if then == "" {
		then = "fails"
	}
	return text + ", at most " + lasting(w.Timeout) + ", then " + then
}

// lasting is a duration as somebody wrote it.
func lasting(d time.Duration) string {
	if d%time.Second == 0 {
		return view.About(d)
	}
	return d.String()
}
