package statement

import (
	"context"
	"encoding/json"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// History is the ledger's side: what a statement gave is told there before it is
// committed, since its mark does not say it. Safe for concurrent use.
type History interface {
	Remember(ctx context.Context, id string, attempt int, facts json.RawMessage) error
	Remembered(ctx context.Context, id string, attempt int) (facts json.RawMessage, ok bool, err error)
	// Undoing reports whether a statement is settled as done, and whether an earlier
	// attempt was made since to take it back.
	Undoing(ctx context.Context, statement, undo string, attempt int) (done, tried bool, err error)
}

// Executors returns those of the sql verb, by kind of unit.
func Executors(open connector.Opener, past History) map[string]unit.Executor {
	return map[string]unit.Executor{"statement": &runner{open, past}, "undo": &undoer{runner{open, past}}}
}

// most is what a result may be: it is kept in the ledger.
var most = connector.Most{Rows: 1000, Bytes: 1 << 20}

type runner struct {
	open connector.Opener
	past History
}

// Do runs the statement. Marked, it has run exactly if its mark is there.
func (x *runner) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	s, target, err := x.begin(ctx, u)
	if err != nil {
		return unit.Result{}, err
	}
	statement, err := s.statement()
	if err != nil {
		return unit.Result{}, err
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "sql"})
	if s.Unmarked {
		ran, err := target.RunUnmarked(ctx, statement)
		return unit.Result{Facts: facts(ran)}, fault.Wrap(told(err), "run at %s", s.To)
	}
	tx, run, err := target.BeginStatement(ctx, []record.MarkKey{{Run: l.Run, Unit: u.ID, Chunk: 1, Generation: l.Attempt, Attempt: l.Attempt}})
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "begin on %s", s.To)
	}
	defer tx.Close()
	if err := l.Check(ctx); err != nil {
		return unit.Result{}, err
	}
	report.At("sql.begun")
	ran, err := run.RunStatement(ctx, statement)
	if err != nil {
		return unit.Result{}, fault.Wrap(told(err), "run at %s", s.To)
	}
	report.At("sql.ran")
	if err := x.past.Remember(ctx, u.ID, l.Attempt, facts(ran)); err != nil {
		return unit.Result{}, fault.Wrap(err, "note the result")
	}
	report.At("sql.noted")
	if err := tx.Commit(ctx, []record.Account{{Chunk: 1, Generation: l.Attempt}}); err != nil {
		return unit.Result{}, fault.Wrap(err, "commit on %s", s.To)
	}
	report.At("sql.committed")
	return unit.Result{Facts: facts(ran)}, nil
}

// told says what to do about a result that is too large to keep.
func told(err error) error {
	f := fault.Of(err)
	if f.Code != "statement.too-many-rows" {
		return err
	}
	return (&fault.Error{Fault: f}).Hint("nothing of it was kept: the statement was rolled back").
		Hint("rows of this number are moved by load; a statement gives at most %d rows and %d KiB", most.Rows, most.Bytes>>10)
}

// Done reads the mark, and what the attempt that left it has told.
func (x *runner) Done(ctx context.Context, u unit.Unit, l unit.Lease) (unit.Effect, error) {
	s, target, err := x.begin(ctx, u)
	if err != nil || s.Unmarked {
		return unit.Effect{}, err
	}
	marks, err := target.Marks(ctx, l.Run)
	if err != nil {
		return unit.Effect{}, fault.Wrap(err, "read marks at %s", s.To)
	}
	for _, m := range marks {
		if m.Unit != u.ID {
			continue
		}
		gave, ok, err := x.past.Remembered(ctx, u.ID, m.Attempt)
		if err != nil {
			return unit.Effect{}, err
		}
		if !ok {
			return unit.Effect{}, fault.New(fault.Internal, "ledger.damaged", "%s: attempt %d has left a mark and no word of its result", u.ID, m.Attempt)
		}
		return unit.Effect{State: unit.Complete, Result: unit.Result{Facts: gave}}, nil
	}
	return unit.Effect{}, nil
}

func (x *runner) begin(ctx context.Context, u unit.Unit) (spec, connector.StatementTarget, error) {
	var s spec
	if err := json.Unmarshal(u.Spec, &s); err != nil {
		return s, nil, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	target, err := connector.Capable[connector.StatementTarget](ctx, x.open, s.To, "run statements")
	return s, target, err
}

// facts are what later steps see.
func facts(ran connector.Ran) json.RawMessage {
	if ran.Rows == nil {
		ran.Rows = []json.RawMessage{}
	}
	return unit.Body(ran)
}

// statement is what is to be run, with the values of its names as they were when
// the step began.
func (s spec) statement() (connector.Statement, error) {
	args, err := unit.Frozen(s.Args)
	return connector.Statement{SQL: s.Query, Args: args, Most: most}, err
}
