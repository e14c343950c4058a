package ledger

import (
	"context"
	"encoding/json"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger/actions"
	"godwit/internal/unit"
)

// ActionAsked is the lasting event that an action was asked for; its body is
// the Action.
const ActionAsked = "action"

// Action is what a person asked a run for: cancel, pause, resume, tune,
// approve. Its times are zero until it got there.
type Action struct {
	ID        int64           `json:"id"`
	Verb      string          `json:"verb"`
	Body      json.RawMessage `json:"body,omitempty"`
	Actor     string          `json:"actor,omitempty"`
	Reason    string          `json:"reason,omitempty"`
	Revision  int64           `json:"revision"` // of the run, when it was asked
	Asked     time.Time       `json:"asked"`
	Accepted  time.Time       `json:"accepted,omitzero"`
	InEffect  time.Time       `json:"inEffect,omitzero"`
	Cancelled time.Time       `json:"cancelled,omitzero"` // overtaken, or refused by the owner
}

// Ask leaves an action for the run's owner, from any process. With a revision
// other than 0 it is refused (kind conflict, code run.changed) when the run's
// state has changed since; every action asked for counts as a change.
func (l *Ledger) Ask(ctx context.Context, run Run, a Action) (int64, error) {
	err := l.write(ctx, func(tx *tx) error {
		var now int64
		if err := tx.row(actions.Revision, []any{run.ID}, &now); err != nil {
			return err
		}
		if a.Revision != 0 && a.Revision != now {
			return fault.New(fault.Conflict, "run.changed", "the run has changed since it was looked at: revision %d, now %d",
				a.Revision, now).Hint("godwit status %s", run.Name())
		}
		a.Revision = now
		err := tx.action(run.ID, &a)
		if err == nil {
			err = tx.asked(run.ID, a)
		}
		return err
	}, nil)
	return a.ID, fault.Wrap(err, "%s %s", a.Verb, run.Name())
}

// action writes an action and gives it its number.
func (t *tx) action(run int64, a *Action) error {
	a.Asked = t.now
	return t.row(actions.Insert, []any{run, a.Verb, string(a.Body), a.Actor, a.Reason, a.Revision, millis(t.now)}, &a.ID)
}

// asked notes that an action was asked for.
func (t *tx) asked(run int64, a Action) error {
	if err := t.change(runMoved, run); err != nil {
		return err
	}
	_, err := t.journal(run, []unit.Event{{Kind: ActionAsked, Actor: a.Actor, Reason: a.Reason, Body: unit.Body(a)}})
	return err
}

// Decide writes an action of each of some runs, none of which needs its owner: what
// follows from it is written with it, by one statement made for the run and the action's
// number. They are in effect at once, all or none of them. It returns how many rows that
// changed; of an action that changes none nothing is kept.
func (l *Ledger) Decide(ctx context.Context, runs []int64, a Action, does func(run, action int64) (string, []any)) (n int64, err error) {
	err = l.write(ctx, func(tx *tx) error {
		n = 0
		for _, run := range runs {
			more, err := tx.decide(run, a, does)
			if err != nil {
				return err
			}
			n += more
		}
		return nil
	}, nil)
	return n, err
}

func (t *tx) decide(run int64, a Action, does func(run, action int64) (string, []any)) (n int64, err error) {
	if err := t.action(run, &a); err != nil {
		return 0, err
	}
	query, args := does(run, a.ID)
	if n, err = t.exec(query, args...); err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, t.change(actions.Drop, a.ID)
	}
	if err := t.change(actions.InEffect, millis(t.now), run, a.ID); err != nil {
		return 0, err
	}
	return n, t.asked(run, a)
}

// Asked returns the actions that are neither in effect nor cancelled, oldest
// first.
func (s *Session) Asked(ctx context.Context) ([]Action, error) {
	return s.ledger.view.actions(ctx, actions.Pending, s.run)
}

// Accept notes that the owner has seen an action. Of these three each may be
// called twice; the first time stays.
func (s *Session) Accept(ctx context.Context, id int64) error {
	return s.mark(ctx, actions.Accept, id)
}

// InEffect notes that what the action asked for is so.
func (s *Session) InEffect(ctx context.Context, id int64) error {
	return s.mark(ctx, actions.InEffect, id)
}

// Withdraw cancels an action: another has overtaken it, or it made no sense.
func (s *Session) Withdraw(ctx context.Context, id int64) error {
	return s.mark(ctx, actions.Cancel, id)
}

func (s *Session) mark(ctx context.Context, query string, id int64) error {
	err := s.write(ctx, func(tx *tx) error { return tx.change(query, millis(tx.now), s.run, id) })
	return s.wrap(err, "action")
}

// Actions returns all that was ever asked of a run, oldest first.
func (v *View) Actions(ctx context.Context, run int64) ([]Action, error) {
	return v.actions(ctx, actions.All, run)
}

func (v *View) actions(ctx context.Context, query string, run int64) ([]Action, error) {
	return read(ctx, v, func(r scanner) (Action, error) {
		var a Action
		var body string
		var asked, accepted, effect, cancelled int64
		err := r.Scan(&a.ID, &a.Verb, &body, &a.Actor, &a.Reason, &a.Revision, &asked, &accepted, &effect, &cancelled)
		a.Body, a.Asked, a.Accepted, a.InEffect, a.Cancelled = text(body), clock(asked), clock(accepted), clock(effect), clock(cancelled)
		return a, err
	}, query, run)
}

// Tell adds events that no state depends on to a run's journal, from any process;
// a folded kind is refused.
func (l *Ledger) Tell(ctx context.Context, run Run, events ...unit.Event) (written []unit.Event, err error) {
	if err := unfolded(run.Name(), events); err != nil {
		return nil, err
	}
	err = l.write(ctx, func(tx *tx) error {
		written, err = tx.journal(run.ID, events)
		return err
	}, nil)
	return written, fault.Wrap(err, "%s: tell", run.Name())
}
