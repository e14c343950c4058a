package cli

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"godwit/internal/control/flow"
	"godwit/internal/control/run"
	"godwit/internal/fault"
	"godwit/internal/ui/story"
)

// anew is the command that runs the flow of a run once more, by its files and
// connections as they are now; "" when that is not for people to type.
func (s *session) anew(r run.Ref, b *flow.Bound) string {
	if b.Files == nil || b.Flow == run.RedriveFlow || r.Parent != 0 {
		return ""
	}
	d := &source{}
	for _, name := range slices.Sorted(maps.Keys(b.Inputs)) {
		d.set = append(d.set, name+"="+b.Inputs[name])
	}
	return strings.Join(append([]string{"godwit", "run"}, d.words(b)...), " ")
}

// goesOn are the commands that go on with a run that has ended as stopped or failed.
func (s *session) goesOn(runs *run.Runs, r run.Ref, failed []fault.Fault) []string {
	resume := "godwit resume " + r.Name()
	switch {
	case r.Outcome == "stopped":
		return []string{resume}
	case r.Outcome != "failed":
		return nil
	case slices.ContainsFunc(failed, func(f fault.Fault) bool { return f.Code == "source.redefined" }):
		return []string{"godwit cancel " + r.Name() + ", then the same command with --new --existing replace"}
	case slices.ContainsFunc(failed, func(f fault.Fault) bool { return f.Code == "snapshot.lost" }): // it names the ways itself: going on is none
		return nil
	case !slices.ContainsFunc(failed, func(f fault.Fault) bool { return !story.Compared(f) }):
		return nil
	}
	next := []string{resume + "   goes on where it failed"}
	if b, err := runs.Flow(r); err == nil && s.anew(r, b) != "" {
		next = append(next, s.anew(r, b)+"   once a file or a connection was put right: another run")
	}
	return next
}

// since tells of a run that is gone on with that what it works by has been changed since
// it began: it does not take that.
func (s *session) since(r run.Ref, b *flow.Bound) string {
	command := s.anew(r, b)
	if command == "" {
		return ""
	}
	_, f, wrong := flow.Open(b.Flow, s.Language)
	if len(wrong) > 0 {
		return "" // it needs no file
	}
	now, wrong := f.Bind(b.Inputs, b.Env)
	if wrong.Err() != nil {
		return ""
	}
	if now.Full = b.Full; bytes.Equal(now.Meaning(), b.Meaning()) {
		return ""
	}
	var files []string
	for _, name := range slices.Sorted(maps.Keys(now.Files)) {
		if now.Files[name] != b.Files[name] {
			files = append(files, name)
		}
	}
	what := strings.Join(files, ", ")
	if what == "" { // the files are the same, and are read otherwise
		what = "what the flow means has"
	}
	return what + " changed since " + r.Name() + " began, which goes on by what was there then; by what is there now: " + command
}
