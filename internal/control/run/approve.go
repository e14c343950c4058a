package run

import (
	"context"
	"slices"
	"time"

	"godwit/internal/control/plan"
	"godwit/internal/control/run/scope"
	"godwit/internal/control/run/waiting"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// standing is what holds the steps of a run, whoever owns it.
func (r *Runs) standing(ctx context.Context, run Ref) ([]unit.Progress, error) {
	f, err := thawed(run)
	if err != nil || !waiting.Any(f.Graph.Steps) && !waiting.Any(f.Graph.Finally) {
		return nil, err
	}
	b, err := r.thaw(f)
	if err != nil {
		return nil, err
	}
	names, err := scope.New(run, b, r.Language)
	if err != nil {
		return nil, err
	}
	return r.looking(run, f, names).Standing(ctx, r.Ledger.View(), names, time.Now())
}

func (r *Runs) looking(run Ref, f frozen, names *scope.Names) waiting.Look {
	return waiting.Look{Run: run.Name(), Graph: &f.Graph, Waiting: func(id string, s plan.Scope) (unit.Waiting, error) { return names.Waiting(id, s, r.Verb) }}
}

// Approve answers a question of a run: that of a step, or the only one. It
// takes effect when the run's owner sees it, within a second; of a run that
// nobody owns (alone) when somebody goes on with it. What is not asked is
// refused, code approve.nothing; without a step what is asked several times, too.
func (r *Runs) Approve(ctx context.Context, name, step, actor, reason string) (q waiting.Question, alone bool, err error) {
	run, err := r.Ledger.Find(ctx, name)
	if err != nil {
		return q, false, err
	}
	var steps []unit.Progress
	if run.State != ledger.Ended {
		if steps, err = r.standing(ctx, run); err != nil {
			return q, false, err
		}
	}
	said, err := r.Ledger.View().Actions(ctx, run.ID)
	if err == nil {
		q, err = waiting.Asked(name, step, steps, said)
	}
	if err != nil {
		return q, false, err
	}
	if _, err := r.Ledger.Ask(ctx, run, ledger.Action{Verb: waiting.Approve, Actor: actor, Reason: reason, Body: unit.Body(q)}); err != nil {
		return q, false, err
	}
	return q, !r.Ledger.Held(run), nil
}

// actions takes in what other processes asked for, and reports whether the run is
// to end. What nobody waits for any more is put aside.
func (d *drive) actions(ctx context.Context) (ending bool, err error) {
	wishes, err := d.own.Asked(ctx)
	if err != nil {
		return false, err
	}
	for _, a := range wishes {
		if _, known := asks[a.Verb]; !known || a.Verb == waiting.Approve && !d.lost.looked.Load() { // what begins then must not be before
			continue
		}
		wanted, err := d.act(ctx, a)
		switch {
		case err == nil && !wanted:
			err = d.own.Withdraw(ctx, a.ID)
		case err == nil:
			if err = d.own.Accept(ctx, a.ID); err == nil {
				err = d.own.InEffect(ctx, a.ID)
			}
		}
		if err != nil {
			return false, err
		}
		ending = ending || a.Verb == "cancel"
	}
	return ending, nil
}

// asks are the events by which the Machine hears of what people asked for.
var asks = map[string]string{"cancel": unit.RunCancelled, "tune": unit.RunTuned, waiting.Approve: unit.RunApproved}

// act tells the Machine what was asked for, if that still means something.
func (d *drive) act(ctx context.Context, a ledger.Action) (wanted bool, err error) {
	step := waiting.Answered(a)
	_, err = d.session.Turn(ctx, func(m *plan.Machine, _ time.Time) unit.Change {
		e := unit.Event{Kind: asks[a.Verb], Actor: a.Actor, Reason: a.Reason}
		switch a.Verb {
		case "tune":
			e.Body = a.Body
		case waiting.Approve:
			e.Node = step
			if !slices.ContainsFunc(m.Asking(), func(q plan.Asked) bool { return q.Node == step }) {
				return unit.Change{}
			}
		}
		wanted = true
		return unit.Change{Events: []unit.Event{e}}
	})
	return wanted, err
}
