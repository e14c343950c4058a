package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"godwit/internal/fault"
	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/lease"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Take claims another run's open exceptions for this run, a redrive, and
// returns how many of those selected are its own now. Left out are those that
// a redrive whose owner is alive has in hand, those that another's prepared
// chunk holds: its target may have them, and only that run can say; and those
// that a later run has read anew and is at work with.
// A claim ends with the owner's lease or the run, so who goes on with a
// redrive takes again.
func (s *Session) Take(ctx context.Context, of Run, f exception.Filter) (int64, error) {
	f.State = exception.Open
	where, args := f.Where(of.ID)
	boot, now := lease.Clock()
	var n int64
	err := s.write(ctx, func(tx *tx) (err error) {
		n, err = tx.exec(exception.Claim+where+exception.Claimable+` AND NOT `+exception.AtWork, append(append([]any{s.run}, args...), s.run, boot, now, s.run)...)
		return err
	})
	return n, s.wrap(err, "take exceptions of "+of.Name())
}

// pageBytes ends a page of exceptions, however few they are.
const pageBytes = 4 << 20

// Open reads exceptions that this session's run has taken and that are still
// open, with Source and Issues, in the order of their ranks from behind one on. A page has
// at most limit of them, and fewer when they are large; only an empty page is
// the end.
func (s *Session) Open(ctx context.Context, of Run, f exception.Filter, after record.Rank, limit int) ([]record.Exception, error) {
	f.State = exception.Open
	page, err := s.ledger.view.Exceptions().Claimed(ctx, of.ID, s.run, f, after, limit, pageBytes)
	return page, s.wrap(err, "read exceptions of "+of.Name())
}

// attempt notes that a chunk processes an exception of another run again. It
// returns that run, and the exception's place and key with its id.
func (t *tx) attempt(run int64, d draft, e record.Exception, sent []byte) (int64, record.Exception, error) {
	var of, claimed int64
	var closed string
	var blocked, inHand, read bool
	place := record.Exception{ID: e.ID}
	err := t.row(exception.SelectClaimed, []any{run, d.unit, e.ID}, &of, &claimed, &closed, &blocked, &inHand, &read, &place.Step, &place.Entity, &place.Key)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, place, err
	}
	if err != nil || claimed != run || closed != "" || inHand || d.chunk.Account.Blocked < 0 && !blocked {
		return 0, place, fault.New(fault.Conflict, "exception.taken", "exception %d is not this run's any more: it is closed, gone, or another redrive has it", e.ID)
	}
	if read && d.chunk.Account.Read > 0 && e.Outcome != record.Superseded { // what takes calls has asked before they left
		return 0, place, fault.New(fault.Conflict, "exception.taken", "exception %d is not this run's any more: a later run has read its record meanwhile", e.ID)
	}
	e.Source, e.Sent = nil, nil
	err = t.insert(exception.InsertAttempt, "", [][]any{{e.ID, run, d.unit, d.chunk.Number, string(e.Outcome), millis(t.now), string(unit.Body(e)), sent}})
	return of, place, err
}

// Handle lets people do something to exceptions of runs, in one transaction,
// whoever owns the runs: there is a hand for each of them.
func (l *Ledger) Handle(ctx context.Context, runs []int64, do func([]exception.Hand) error) error {
	return l.write(ctx, func(tx *tx) error {
		hands := make([]exception.Hand, len(runs))
		for i, run := range runs {
			hands[i] = exception.Hand{Run: run, Now: tx.now, Exec: tx.exec, Note: func(e unit.Event) error {
				_, err := tx.journal(run, []unit.Event{e})
				return err
			}}
		}
		return do(hands)
	}, nil)
}

type attempt struct {
	said record.Exception
	sent []byte
}

// redriven lets a chunk's attempts take effect.
func (t *tx) redriven(run int64, name string, c chunk) error {
	rows, err := t.query(exception.SelectAttempts, c.where(run)...)
	all, err := collect(rows, err, func(r scanner) (attempt, error) {
		var a attempt
		var said string
		err := r.Scan(&said, &a.sent)
		if err == nil {
			err = json.Unmarshal([]byte(said), &a.said)
		}
		return a, err
	})
	if err != nil {
		return t.writer.ledger.fault(err)
	}
	for _, a := range all {
		if failed(a.said.Outcome) {
			err = t.failAgain(a, c)
		} else {
			err = t.change(exception.Close, string(a.said.Outcome)+" by "+name, run, millis(t.now), millis(t.now), a.said.ID)
		}
		if err == nil {
			err = t.change(exception.CloseIssues, run, a.said.ID, c.issues.from)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// failAgain gives an exception its new reason. An issue that it had before
// keeps when it was first seen.
func (t *tx) failAgain(a attempt, c chunk) error {
	if err := t.change(exception.Fail, append(exception.Reason(a.said), millis(t.now), a.said.ID)...); err != nil {
		return err
	}
	if a.sent != nil {
		if err := t.change(exception.ReplaceSent, a.sent, a.said.ID); err != nil {
			return err
		}
	}
	return t.change(exception.StillIssues, a.said.ID, c.issues.from, c.issues.to)
}

// overtakes refuses a chunk while a redrive is about to commit the older content of a
// record that the chunk has read, and may have found as it is to be: it is to look again.
func (t *tx) overtakes(run int64, d draft) error {
	boot, now := lease.Clock()
	var redrive string
	a := d.chunk.Account
	err := t.row(exception.Overtakes, []any{run, d.unit, d.chunk.Number, run, run, a.Step, a.Entity, boot, now}, &redrive)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "exception.taken", "%s is about to write an older version of a record of this chunk: what is there is looked at again behind it", redrive)
}
