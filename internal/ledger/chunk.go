package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/ledger/chunks"
	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/records"
	"godwit/internal/ledger/watermark"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// dropped is the state of a chunk that was discarded; only the number of its
// account is still of use.
const dropped = "dropped"

// Chunks returns a unit's prepared and settled chunks in order. Their accounts
// have the numbers that were given to them by Prepare.
func (s *Session) Chunks(ctx context.Context, unit string) ([]record.Chunk, error) {
	chunks, err := read(ctx, s.ledger.view, func(r scanner) (record.Chunk, error) {
		c, err := scanChunk(r)
		return c.Chunk, err
	}, chunks.Select+` AND unit = ? AND state <> 'dropped' ORDER BY n`, s.run, unit)
	return chunks, s.wrap(err, "chunks of "+unit)
}

// Prepare notes what the next chunk of a unit comes to, before its target
// commits. Nothing of it counts and nobody is shown it until it is settled.
// The account's number, free of gaps over all units of its step and entity, is
// given here unless it has one; the account must say as many rejected, dead and blocked
// records as there are exceptions with these outcomes.
//
// An exception with an ID is another run's that this chunk processed again,
// see Take. Rejected or dead again it gets the new reason and stays open
// there; with any other outcome it is closed there. Both happen when the chunk
// is settled, and no exception of this run's own comes of it. The run may be
// this one: a chunk that says less than none blocked takes so many out again.
//
// Faults: unit.fenced, run.fenced, chunk.order (it is not the next one), account.open
// (numbers that do not fit the exceptions), exception.taken.
func (s *Session) Prepare(
	ctx context.Context, unit string, fence int64, c record.Chunk, exceptions []record.Exception, warnings []record.Warning,
) error {
	d, err := newDraft(unit, c, exceptions, warnings)
	if err == nil {
		err = s.write(ctx, func(tx *tx) error {
			if err := s.fenced(tx, unit, fence); err != nil {
				return err
			}
			return tx.prepare(s.run, d)
		})
	}
	return s.wrap(err, "prepare a chunk of "+unit)
}

// Settle makes a prepared chunk count: its account, its exceptions and issues,
// and what it did to exceptions of another run. A chunk that is settled
// already counts again if it did not (its unit was undone), so it may be
// called twice.
func (s *Session) Settle(ctx context.Context, unit string, fence int64, n int) error {
	err := s.write(ctx, func(tx *tx) error {
		if err := s.fenced(tx, unit, fence); err != nil {
			return err
		}
		c, err := tx.chunk(s.run, unit, n)
		if err != nil {
			return err
		}
		if c.State == record.Prepared {
			if err := tx.change(chunks.Settle, millis(tx.now), s.run, unit, n); err != nil {
				return err
			}
			if err := tx.redriven(s.run, s.name, c); err != nil {
				return err
			}
			if err := records.Settle(tx.room(), records.Chunk{Run: s.run, Unit: unit, N: n}); err != nil {
				return err
			}
		}
		return tx.accounts(s.run, []record.Account{c.Account})
	})
	return s.wrap(err, "settle a chunk of "+unit)
}

// Discard forgets a unit's chunks from a number on, prepared and settled ones:
// their accounts do not count, their exceptions and issues are gone, and what
// they closed in another run is open again. It may be called twice.
func (s *Session) Discard(ctx context.Context, unit string, fence int64, from int) error {
	err := s.write(ctx, func(tx *tx) error {
		if err := s.fenced(tx, unit, fence); err != nil {
			return err
		}
		rows, err := tx.query(chunks.Select+` AND unit = ? AND n >= ? AND state <> 'dropped' ORDER BY n`, s.run, unit, from)
		all, err := collect(rows, err, scanChunk)
		if err != nil {
			return s.ledger.fault(err)
		}
		for _, c := range all {
			if err := tx.drop(s.run, c); err != nil {
				return err
			}
		}
		return nil
	})
	return s.wrap(err, "discard chunks of "+unit)
}

// Advance notes how far a step has read, by the unit that found it out. It may
// be called twice.
func (s *Session) Advance(ctx context.Context, unit string, fence int64, w catalog.Watermark) error {
	err := s.write(ctx, func(tx *tx) error {
		if err := s.fenced(tx, unit, fence); err != nil {
			return err
		}
		return tx.change(watermark.Put, watermark.Args(s.run, w, tx.now)...)
	})
	return s.wrap(err, "note the watermark of "+w.Step)
}

// chunk is a stored one, with its ranges of ids.
type chunk struct {
	record.Chunk
	exceptions, issues ids
}

// ids is a range; from > to = none.
type ids struct{ from, to int64 }

func (c chunk) where(run int64) []any { return []any{run, c.Account.Unit, c.Number} }

func scanChunk(r scanner) (chunk, error) {
	var c chunk
	var figures string
	err := r.Scan(&c.Number, &c.State, &c.After, &figures, &c.exceptions.from, &c.exceptions.to, &c.issues.from, &c.issues.to, &c.Seen)
	if err == nil {
		err = json.Unmarshal([]byte(figures), &c.Account)
	}
	return c, err
}

func (t *tx) chunk(run int64, unit string, n int) (chunk, error) {
	rows, err := t.query(chunks.Select+` AND unit = ? AND n = ?`, run, unit, n)
	found, err := collect(rows, err, scanChunk)
	if err != nil {
		return chunk{}, t.writer.ledger.fault(err)
	}
	if len(found) == 0 || found[0].State == dropped {
		return chunk{}, fault.New(fault.Internal, "chunk.order", "%s: chunk %d was not prepared", unit, n)
	}
	return found[0], nil
}

// prepare writes a chunk's row and all that was found in it.
func (t *tx) prepare(run int64, d draft) error {
	var last, prepared int
	if err := t.row(chunks.Last, []any{run, d.unit}, &last, &prepared); err != nil {
		return err
	}
	if d.chunk.Number != last+1 || prepared > 0 {
		return fault.New(fault.Internal, "chunk.order", "chunk %d of %s is not the next: %d are there, %d of them not settled",
			d.chunk.Number, d.unit, last, prepared)
	}
	a := d.chunk.Account
	a.Unit, a.Current = d.unit, true
	if err := t.overtakes(run, d); err != nil {
		return err
	}
	if err := t.number(run, d, &a); err != nil {
		return err
	}
	var c chunk
	if err := t.row(chunks.LastIDs, nil, &c.exceptions.from, &c.issues.from); err != nil {
		return err
	}
	c.exceptions.from++
	c.issues.from++
	c.exceptions.to = c.exceptions.from + int64(len(d.exceptions)) - 1
	c.issues.to = c.issues.from + int64(d.issues) - 1
	if err := t.change(chunks.Forget, run, d.unit, d.chunk.Number); err != nil {
		return err
	}
	if err := t.insert(chunks.Insert, "", [][]any{{run, d.unit, d.chunk.Number, record.Prepared, a.Step, a.Entity, a.Chunk, d.chunk.After,
		string(unit.Body(a)), c.exceptions.from, c.exceptions.to, c.issues.from, c.issues.to, millis(t.now), d.chunk.Seen}}); err != nil {
		return err
	}
	said := d.chunk.Stubs // before its own records: one of these may come in the place of such
	if d.chunk.States != nil {
		said = append(said[:len(said):len(said)], d.chunk.States)
	}
	for _, s := range said {
		if err := records.Prepare(t.room(), records.Chunk{Run: run, Unit: d.unit, N: d.chunk.Number}, s); err != nil {
			return err
		}
	}
	return t.found(run, d, a, c)
}

// number gives an account its number: that of the discarded chunk in whose
// place it comes, else the next one of its step and entity.
func (t *tx) number(run int64, d draft, a *record.Account) error {
	if a.Chunk != 0 { // a copy's: the part of its table
		return nil
	}
	err := t.row(chunks.DroppedNumber, []any{run, d.unit, d.chunk.Number, a.Step, a.Entity}, &a.Chunk)
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	return t.row(chunks.NextNumber, []any{run, a.Step, a.Entity, run, a.Step, a.Entity}, &a.Chunk)
}

type statement struct {
	query string
	args  []any
}

// drop undoes a chunk, the number of its account apart.
func (t *tx) drop(run int64, c chunk) error {
	at := c.where(run)
	undo := []statement{
		{exception.Drop, []any{c.exceptions.from, c.exceptions.to}},
		{exception.DropPayloads, []any{c.exceptions.from, c.exceptions.to}},
		{exception.DropPatches, []any{c.exceptions.from, c.exceptions.to}},
		{exception.DropIssues, []any{c.issues.from, c.issues.to}},
		{chunks.DropAccount, []any{run, c.Account.Step, c.Account.Entity, c.Account.Chunk, c.Account.Unit}},
		{chunks.Drop, append([]any{millis(t.now)}, at...)},
	}
	if err := records.Drop(t.room(), records.Chunk{Run: run, Unit: c.Account.Unit, N: c.Number}); err != nil {
		return err
	}
	if c.State == record.Settled && c.Account.Blocked < 0 {
		undo = append(undo, statement{exception.Block, append([]any{run}, at...)})
	}
	if c.State == record.Settled {
		undo = append(undo, statement{exception.Reopen, append([]any{run}, at...)}, statement{exception.ReopenIssues, append([]any{run}, at...)})
	}
	for _, s := range append(undo, statement{exception.DropAttempts, at}) {
		if err := t.change(s.query, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// draft is a chunk with what was found in it, made ready outside the
// transaction: compressing takes longer than writing.
type draft struct {
	unit       string
	chunk      record.Chunk
	exceptions []record.Exception // this run's own
	again      []record.Exception // another's
	warnings   []record.Warning
	payloads   [][]any // of exceptions: id, source, sent
	sent       [][]byte
	issues     int
}

func newDraft(unit string, c record.Chunk, exceptions []record.Exception, warnings []record.Warning) (draft, error) {
	d := draft{unit: unit, chunk: c, warnings: warnings, issues: len(warnings)}
	open := int64(0)
	for _, e := range exceptions {
		e.Step, e.Entity, e.Unit = c.Account.Step, c.Account.Entity, unit
		if e.Cause == "" {
			e.Cause = record.Cause(e)
		}
		if failed(e.Outcome) {
			open++
			d.issues += len(e.Issues)
		}
		switch {
		case e.ID != 0:
			d.again = append(d.again, e)
			d.sent = append(d.sent, exception.Pack(e.Sent))
		case failed(e.Outcome):
			d.exceptions = append(d.exceptions, e)
			d.payloads = append(d.payloads, []any{int64(0), exception.Pack(e.Source), exception.Pack(e.Sent)})
		default:
			return d, fault.New(fault.Internal, "account.open", "an exception of chunk %d is %s, none of rejected, dead and pending", c.Number, e.Outcome)
		}
	}
	if a := c.Account; a.Rejected+a.Dead+max(0, a.Blocked) != open {
		return d, fault.New(fault.Internal, "account.open", "chunk %d of %s says %d rejected, dead and blocked, but has %d exceptions",
			c.Number, unit, a.Rejected+a.Dead+max(0, a.Blocked), open)
	}
	return d, nil
}

func failed(o record.Outcome) bool {
	return o == record.Rejected || o == record.Dead || o == record.Pending
}

// found writes exceptions, their payloads and issues, and the warnings, with
// the ids that the chunk has been given.
func (t *tx) found(run int64, d draft, a record.Account, c chunk) error {
	rows := make([][]any, 0, len(d.exceptions))
	issues := make([][]any, 0, d.issues)
	mine := exception.Runs{Of: run, Origin: run, Found: run}
	tell := func(in exception.Runs, e record.Exception, i record.Issue) {
		issues = append(issues, in.Issue(c.issues.from+int64(len(issues)), e, i, t.now))
	}
	for i := range d.exceptions {
		e := &d.exceptions[i]
		e.ID, e.Chunk = c.exceptions.from+int64(i), a.Chunk
		rows = append(rows, exception.Row(run, *e, t.now))
		d.payloads[i][0] = e.ID
		for _, issue := range e.Issues {
			tell(mine, *e, issue)
		}
	}
	for i, e := range d.again {
		of, place, err := t.attempt(run, d, e, d.sent[i])
		if err != nil {
			return err
		}
		mine.Origin = of
		for n := 0; failed(e.Outcome) && n < len(e.Issues); n++ {
			tell(exception.Runs{Of: of, Origin: of, Found: run}, place, e.Issues[n])
		}
	}
	for _, w := range d.warnings {
		tell(mine, record.Exception{Step: a.Step, Entity: cmp.Or(w.Entity, a.Entity), Key: w.Key}, w.Issue)
	}
	if err := t.insert(exception.Insert, "", rows); err != nil {
		return err
	}
	if err := t.insert(exception.InsertPayload, "", d.payloads); err != nil {
		return err
	}
	return t.insert(exception.InsertIssue, "", issues)
}
