package chronicle

import (
	"context"

	"godwit/internal/ledger"
	"godwit/internal/ledger/events"
	"godwit/internal/ledger/kin"
	"godwit/internal/unit"
)

// Children are the runs that units of a run have started, in their order.
func Children(ctx context.Context, v *ledger.View, run int64) ([]kin.Child, error) {
	return kin.Children(ctx, v.Reader(), run)
}

// Depth is how many runs stand above one, itself among them.
func Depth(ctx context.Context, v *ledger.View, run int64) (int, error) {
	return kin.Depth(ctx, v.Reader(), run)
}

// Skipped are the steps of a run whose condition was false.
func Skipped(ctx context.Context, v *ledger.View, run int64) (steps []string, err error) {
	err = events.Left(ctx, v.Reader(), run, func(node string, body []byte) {
		steps = Passed(steps, unit.Event{Node: node, Body: body})
	})
	return steps, err
}

// Over are the nodes of a run that ended well.
func Over(ctx context.Context, v *ledger.View, run int64) (map[string]bool, error) {
	over := map[string]bool{}
	err := events.Left(ctx, v.Reader(), run, func(node string, body []byte) {
		b, err := unit.Decode[unit.Left](unit.Event{Body: body})
		over[node] = err == nil && (b.Outcome == "done" || b.Outcome == "skipped")
	})
	return over, err
}

// Tuned gives the events by which limits of a run were tuned, in order.
func Tuned(ctx context.Context, v *ledger.View, run int64, do func(unit.Event)) error {
	return events.Tuned(ctx, v.Reader(), run, func(actor, reason string, body []byte) {
		do(unit.Event{Kind: unit.RunTuned, Actor: actor, Reason: reason, Body: body})
	})
}

// CalledOpen are the runs that one has started and that have open exceptions.
func CalledOpen(ctx context.Context, v *ledger.View, run ledger.Run) (names []string, err error) {
	children, err := Children(ctx, v, run.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range children {
		child, err := v.Find(ctx, c.Name)
		if err != nil {
			return nil, err
		}
		n, err := v.Exceptions().Count(ctx, child.ID, ledger.ExceptionFilter{})
		if err != nil {
			return nil, err
		}
		if n.Records > 0 {
			names = append(names, c.Name)
		}
		more, err := CalledOpen(ctx, v, child)
		if err != nil {
			return nil, err
		}
		names = append(names, more...)
	}
	return names, nil
}
