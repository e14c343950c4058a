package ledger

import (
	"context"
	"encoding/json"
	"time"

	"godwit/internal/fault"
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
		if err := tx.row(selectRevision, []any{run.ID}, &now); err != nil {
			return err
		}
		if a.Revision != 0 && a.Revision != now {
			return fault.New(fault.Conflict, "run.changed", "the run has changed since it was looked at: revision %d, now %d",
				a.Revision, now).Hint("godwit status %s", run.Name())
		}
		a.Revision, a.Asked = now, tx.now
		err := tx.row(insertAction, []any{run.ID, a.Verb, string(a.Body), a.Actor, a.Reason, now, millis(tx.now)}, &a.ID)
		if err != nil {
			return err
		}
		if err := tx.change(runMoved, run.ID); err != nil {
			return err
		}
		_, err = tx.journal(run.ID, []unit.Event{{Kind: ActionAsked, Actor: a.Actor, Reason: a.Reason, Body: unit.Body(a)}})
		return err
	}, nil)
	return a.ID, fault.Wrap(err, "%s %s", a.Verb, run.Name())
}

// Asked returns the actions that are neither in effect nor cancelled, oldest
// first.
func (s *Session) Asked(ctx context.Context) ([]Action, error) {
	return s.ledger.view.actions(ctx, pendingActions, s.run)
}

// Accept notes that the owner has seen an action. Of these three each may be
// called twice; the first time stays.
func (s *Session) Accept(ctx context.Context, id int64) error {
	return s.mark(ctx, acceptAction, id)
}

// InEffect notes that what the action asked for is so.
func (s *Session) InEffect(ctx context.Context, id int64) error {
	return s.mark(ctx, effectAction, id)
}

// Withdraw cancels an action: another has overtaken it, or it made no sense.
func (s *Session) Withdraw(ctx context.Context, id int64) error {
	return s.mark(ctx, cancelAction, id)
}

func (s *Session) mark(ctx context.Context, query string, id int64) error {
	err := s.write(ctx, func(tx *tx) error { return tx.change(query, millis(tx.now), s.run, id) })
	return s.wrap(err, "action")
}

// Actions returns all that was ever asked of a run, oldest first.
func (v *View) Actions(ctx context.Context, run int64) ([]Action, error) {
	return v.actions(ctx, allActions, run)
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
