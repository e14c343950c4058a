package run

import (
	"context"
	"encoding/json"
	"reflect"

	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/control/run/conclude"
	"godwit/internal/control/run/redrive"
	"godwit/internal/unit"
)

// RedriveFlow is the name under which redrives run: redrive-1, redrive-2 ...
const RedriveFlow = redrive.Flow

// What is processed again, and how, see package redrive.
type (
	Again     = redrive.Again
	Redriving = redrive.Redriving
)

// Redrive is the flow that processes open exceptions of a run again: see
// redrive.Maker. today binds the flow of a run anew, with the inputs and the
// environment that the run had.
func (r *Runs) Redrive(ctx context.Context, of Ref, today func(Ref) (*flow.Bound, error), a Again) (*Redriving, error) {
	b, err := today(of)
	if err != nil {
		return nil, err
	}
	open := r.endpoints(b.Connections)
	defer open.Close()
	if err := conclude.Held(ctx, r.Ledger, of, a.Filter, open); err != nil {
		return nil, err
	}
	m := redrive.Maker{
		Ledger: r.Ledger, Language: r.Language, Today: today,
		Publishes: r.kinds(func(k unit.Kind) bool { return k.Publishes }),
		Graph: func(run Ref) (*plan.Graph, error) {
			f, err := thawed(run)
			return &f.Graph, err
		},
	}
	return m.Make(ctx, of, b, a)
}

// Unended is the newest redrive of a run that has not come to its end, if there
// is one, and whether it was to process what a filter selects.
func (r *Runs) Unended(ctx context.Context, of Ref, f Filter) (run Ref, same, ok bool, err error) {
	all, err := r.Ledger.Runs(ctx, 0)
	if err != nil {
		return of, false, false, err
	}
	for _, run := range all {
		if run.Flow != RedriveFlow || run.Outcome == plan.OutcomeDone || run.Outcome == plan.OutcomeCancelled {
			continue
		}
		again, err := againOf(run)
		if err != nil {
			return of, false, false, err
		}
		var was Filter
		if again != nil && again.Of == of.Name() && json.Unmarshal(again.Filter, &was) == nil {
			was.UpTo, was.Turn = 0, 0
			return run, reflect.DeepEqual(was, f), true, nil
		}
	}
	return of, false, false, nil
}
