package exceptions

import (
	"cmp"
	"context"
	"slices"

	"godwit/internal/control/run"
	"godwit/internal/fault"
)

// Exit codes of one of several redrives: those behind which no further one begins,
// and all of them, the worst first.
var (
	ends  = []int{130, 5}
	worst = []int{130, 2, 1, 5, 4, 3}
)

// Each redrives a run, and those that it has called and that have open exceptions,
// one after the other: each by its own flow. Said tells an error and gives its exit
// code; the error that is returned is that of the worst end.
func Each(ctx context.Context, runs *run.Runs, of run.Ref, said func(error) int, redrive func(run.Ref) error) error {
	left, err := runs.OverRuns(ctx, of)
	if err != nil {
		return err
	}
	if len(left.Called) == 0 {
		return redrive(of)
	}
	var nothing error
	came := map[int]error{}
	for _, name := range append([]string{of.Name()}, left.Called...) {
		one, err := runs.Find(ctx, name)
		if err == nil {
			err = redrive(one)
		}
		if fault.CodeOf(err) == "redrive.nothing" {
			nothing = cmp.Or(nothing, err)
			continue
		}
		code := said(err)
		came[code] = err
		if slices.Contains(ends, code) || ctx.Err() != nil {
			break // whoever asked for its end means all of them
		}
	}
	for _, code := range worst {
		if err := came[code]; err != nil {
			return Said{err, code}
		}
	}
	if len(came) == 0 {
		return nothing
	}
	return nil
}

// Said is an error that was told already, with the exit code that it comes to.
type Said struct {
	Err  error
	Code int
}

func (s Said) Error() string { return s.Err.Error() }
