package requests

import (
	"context"
	"encoding/json"

	"godwit/internal/expression"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/request"
)

// undoer takes back what a request did.
type undoer struct{ executor }

// Do takes back what is in effect. A request whose answer is not known is found
// out about first, as its step says: a request that may be sent again is, since
// its answer says what is to be taken back.
func (x *undoer) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	var s spec
	if err := json.Unmarshal(u.Spec, &s); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "undo"})
	facts, took, err := x.effect(ctx, &s, u, l, report)
	if err != nil || !took {
		return unit.Result{}, left(err, u)
	}
	known, err := unit.Frozen(s.Scope)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "%s", u.ID)
	}
	t, wrong := s.Undo.compile(known)
	if len(wrong) > 0 {
		return unit.Result{}, left(fault.New(fault.Config, "request.invalid", "undo.%s: %s", wrong[0].Path, wrong[0].Text), u)
	}
	answer, err := record.DecodeJSON(facts)
	docs, ok := answer.(record.Object)
	if err != nil || !ok {
		return unit.Result{}, fault.New(fault.Internal, "ledger.damaged", "the answer to %s cannot be read", s.Request)
	}
	filled, err := t.Fill(expression.NewMachine(answers(known).Env), docs)
	if err != nil {
		return unit.Result{}, left(fault.New(fault.Data, "request.invalid", "undo: %w", err), u)
	}
	_, _, err = x.once(ctx, &one{at: s.At, filled: filled, success: s.Undo.Success, doubt: s.Undo.InDoubt, knows: answers(known), docs: docs,
		unit: u.ID, of: s.Of, run: l.Name, step: u.Step}, u, l, report)
	return unit.Result{}, left(err, u)
}

// effect gives the answer of what is to be taken back, and whether anything is.
func (x *undoer) effect(ctx context.Context, s *spec, u unit.Unit, l unit.Lease, report unit.Report) (json.RawMessage, bool, error) {
	all, err := x.past.Intents(ctx, s.Of, "")
	if err != nil {
		return nil, false, err
	}
	i := last(all)
	o := s.one(s.Of, u.Step, l.Name)
	switch {
	case reads(s.Request):
		return nil, false, nil
	case i == nil: // nothing ever left
		return nil, false, nil
	case i.Facts != nil:
		return i.Facts, true, nil
	case s.InDoubt.Does() == request.Repeat || s.InDoubt.Does() == request.Keyed:
		return x.once(ctx, o, u, l, report)
	}
	return x.resolve(ctx, o, *i, report)
}

// left says of a failure that what the step did is still there.
func left(err error, u unit.Unit) error {
	if err == nil {
		return nil
	}
	f := fault.Of(fault.Wrap(err, "undo of %s", u.Step))
	if f.Kind.Passing() || f.Kind == fault.Cancelled {
		return &fault.Error{Fault: f}
	}
	return (&fault.Error{Fault: f}).Hint("what step %s did may still be in effect: take it back by hand", u.Step)
}

// Done knows nothing: Do finds out, and twice is once.
func (x *undoer) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// keeper has nothing to do: what was sent stays, and leaves no mark.
type keeper struct{}

// Do is the executor's.
func (keeper) Do(context.Context, unit.Unit, unit.Lease, unit.Report) (unit.Result, error) {
	return unit.Result{}, nil
}

// Done is the executor's.
func (keeper) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}
