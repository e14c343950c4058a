package statement

import (
	"context"

	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// undoer takes back what a statement did. The statement's mark stands for its
// effect: what takes it back takes the mark away in the same transaction, so it
// runs only when that is there, and never twice.
type undoer struct{ runner }

// Do takes back what may be in effect. Without a mark nothing is, or it has been
// taken back.
func (x *undoer) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	s, target, err := x.begin(ctx, u)
	if err != nil {
		return unit.Result{}, err
	}
	statement, err := s.statement()
	if err != nil {
		return unit.Result{}, err
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "undo"})
	if s.Unmarked { // whether it ran cannot be known
		_, err := target.RunUnmarked(ctx, statement)
		return unit.Result{}, left(err, u, s)
	}
	tx, run, there, err := target.BeginUndo(ctx, record.MarkKey{Run: l.Run, Unit: s.Of, Chunk: 1})
	if err != nil {
		return unit.Result{}, left(err, u, s)
	}
	if !there {
		if err := x.without(ctx, u, l, s); err != nil {
			return unit.Result{}, err
		}
		return unit.Result{}, fault.Wrap(target.DropMarks(ctx, l.Run, u.Step, l.Check), "take marks away")
	}
	defer tx.Close()
	if err := l.Check(ctx); err != nil {
		return unit.Result{}, err
	}
	report.At("undo.begun")
	if _, err = run.RunStatement(ctx, statement); err != nil {
		return unit.Result{}, left(err, u, s)
	}
	report.At("undo.ran")
	if err := tx.Commit(ctx, nil); err != nil {
		return unit.Result{}, left(err, u, s)
	}
	report.At("undo.committed")
	if err := tx.Close(); err != nil {
		return unit.Result{}, err
	}
	return unit.Result{}, fault.Wrap(target.DropMarks(ctx, l.Run, u.Step, l.Check), "take marks away")
}

// without is no fault when the statement left no effect, or an earlier attempt
// took it back. That a mark is gone which must be there tells nothing of the effect.
func (x *undoer) without(ctx context.Context, u unit.Unit, l unit.Lease, s spec) error {
	done, tried, err := x.past.Undoing(ctx, s.Of, u.ID, l.Attempt)
	if err != nil || !done || tried {
		return err
	}
	return fault.New(fault.Config, "statement.mark-missing", "undo of %s: %s has no mark of it any more, although it was done", u.Step, s.To).
		Hint("the server was restored, or schema godwit was dropped there: look whether what the step did is in effect, and take it back by hand")
}

// left says of a failure that what the step did is still there.
func left(err error, u unit.Unit, s spec) error {
	if err == nil {
		return nil
	}
	f := fault.Of(fault.Wrap(err, "undo of %s at %s", u.Step, s.To))
	if f.Kind.Passing() || f.Kind == fault.Cancelled {
		return &fault.Error{Fault: f}
	}
	return (&fault.Error{Fault: f}).Hint("what step %s did is still in effect: take it back by hand", u.Step)
}

// Done knows nothing: a mark that is not there may just be being written. Do finds
// out, and twice is once.
func (x *undoer) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}
