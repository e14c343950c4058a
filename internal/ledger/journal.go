package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Load returns the run's folded events after a seq; the next turn's tail
// begins where this ends. Inside fn of Turn it reads in that transaction. It
// must not be called while another goroutine is in Turn.
func (s *Session) Load(ctx context.Context, after int64) ([]unit.Event, error) {
	var events []unit.Event
	load := func(tx *tx) error {
		err := s.check(tx)
		if err == nil {
			events, err = s.tail(tx, after)
		}
		return err
	}
	if tx := s.turn.Load(); tx != nil {
		err := load(tx)
		return events, s.wrap(err, "load the journal")
	}
	err := s.ledger.write(ctx, load, func() { s.seen = 0 })
	return events, s.wrap(err, "load the journal")
}

// tail reads the folded events after a seq and moves seen behind them.
func (s *Session) tail(tx *tx, after int64) ([]unit.Event, error) {
	rows, err := tx.query(selectEvents+onlyFolded, s.run, after)
	events, err := collect(rows, err, scanEvent)
	if err != nil {
		return nil, tx.writer.ledger.fault(err)
	}
	s.seen = after
	if n := len(events); n > 0 {
		s.seen = events[n-1].Seq
	}
	return events, nil
}

// Turn gives fn the folded events since the session's last turn that it did
// not write itself, and writes what fn decides, all in one transaction; the
// events come back with seq and time. fn is never called by two goroutines at
// once and must call nothing of the ledger but Load. After an error nothing
// is written; what fn folded may not be in the ledger, so the caller drops it:
// the next tail is the whole journal, unless Load is called before. A session
// that lost its run, or a unit its fence, gets a fault of kind conflict, code
// run.fenced.
func (s *Session) Turn(ctx context.Context, fn func(tail []unit.Event, now time.Time) (unit.Change, error)) ([]unit.Event, error) {
	var written []unit.Event
	err := s.ledger.write(ctx, func(tx *tx) error {
		if err := s.check(tx); err != nil {
			return err
		}
		tail, err := s.tail(tx, s.seen)
		if err != nil {
			return err
		}
		s.turn.Store(tx)
		change, err := fn(tail, tx.now)
		s.turn.Store(nil)
		if err != nil {
			return err
		}
		written, err = s.apply(tx, change)
		return err
	}, func() { s.seen = 0 })
	if err != nil {
		return nil, s.wrap(err, "turn")
	}
	return written, nil
}

func (s *Session) apply(tx *tx, c unit.Change) ([]unit.Event, error) {
	if c.Fence != 0 || c.Unit != "" {
		if err := s.fenced(tx, c.Unit, c.Fence); err != nil {
			return nil, err
		}
	}
	written, err := tx.journal(s.run, c.Events)
	if err != nil {
		return nil, err
	}
	if err := tx.accounts(s.run, c.Accounts); err != nil {
		return nil, err
	}
	if n := len(written); n > 0 {
		s.seen = written[n-1].Seq
	}
	return written, nil
}

// fence of an attempt: it rises with every owner and every attempt.
func (s *Session) fence(attempt int) int64 { return s.token<<16 | int64(attempt) }

// Owners is the fence of a run's owner, for when none of its units is at work.
const Owners = -1

func (s *Session) fenced(tx *tx, id string, fence int64) error {
	var state string
	var attempt int
	if err := tx.row(stateOfUnit, []any{s.run, id}, &state, &attempt); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if fence != Owners && (state != Running || s.fence(attempt) != fence) {
		return fault.New(fault.Conflict, "unit.fenced", "%s: attempt %d is no longer the one that may settle it", id, fence&0xffff)
	}
	return nil
}

// Claim asks for the right to work on an attempt. Settled: its effect and its
// end are in the ledger already, only the answer was lost.
func (s *Session) Claim(ctx context.Context, id string, attempt int) (fence int64, settled bool, err error) {
	var state string
	var token, at int64
	err = s.ledger.view.pool.QueryRowContext(ctx, `SELECT run.token, unit.state, unit.attempt FROM run JOIN unit ON unit.run = run.id
		WHERE run.id = ? AND unit.id = ?`, s.run, id).Scan(&token, &state, &at)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, false, fault.New(fault.Internal, "journal.order", "%s: claim %s: no such unit", s.name, id)
	case err != nil:
		return 0, false, s.wrap(s.ledger.fault(err), "claim "+id)
	case token != s.token:
		return 0, false, s.wrap(s.lost(), "claim "+id)
	case state == Running && at == int64(attempt):
		return s.fence(attempt), false, nil
	case at < int64(attempt):
		return 0, false, fault.New(fault.Internal, "journal.order", "%s: claim %s: attempt %d was not started", s.name, id, attempt)
	}
	return 0, true, nil
}

// Note writes lasting events that no state depends on; a folded kind is
// refused.
func (s *Session) Note(ctx context.Context, events ...unit.Event) error {
	if err := unfolded(s.name, events); err != nil {
		return err
	}
	err := s.write(ctx, func(tx *tx) error {
		_, err := tx.journal(s.run, events)
		return err
	})
	return s.wrap(err, "note")
}

// unfolded refuses events that a run's state depends on.
func unfolded(run string, events []unit.Event) error {
	for _, e := range events {
		if unit.Folded(e.Kind) {
			return fault.New(fault.Internal, "journal.order", "%s: %s is written in a turn, not noted", run, e.Kind)
		}
	}
	return nil
}

// Settled returns the done units of a step and kind with the facts they left,
// by id.
func (s *Session) Settled(ctx context.Context, step, kind string) ([]unit.Settled, error) {
	rows, err := s.ledger.view.pool.QueryContext(ctx, selectSettled, s.run, step, kind)
	all, err := collect(rows, err, func(r scanner) (unit.Settled, error) {
		var spec, result string
		if err := r.Scan(&spec, &result); err != nil {
			return unit.Settled{}, err
		}
		var done unit.Settled
		var ended unit.Ended
		err := json.Unmarshal([]byte(spec), &done.Unit)
		done.Unit.Step = step
		if result != "" {
			err = errors.Join(err, json.Unmarshal([]byte(result), &ended))
		}
		done.Facts = ended.Facts
		return done, err
	})
	if err != nil {
		return nil, s.wrap(s.ledger.fault(err), "settled units of "+step)
	}
	return all, nil
}

func scanEvent(r scanner) (unit.Event, error) {
	var e unit.Event
	var at int64
	var body string
	err := r.Scan(&e.Seq, &at, &e.Kind, &e.Node, &e.Unit, &e.Attempt, &e.Actor, &e.Reason, &body)
	e.At, e.Body = clock(at), text(body)
	return e, err
}
