package ledger

import (
	"context"
	"encoding/json"
	"fmt"

	"godwit/internal/ledger/chunks"
	"godwit/internal/ledger/fold"
	"godwit/internal/ledger/proof"
	"godwit/internal/ledger/records"
	"godwit/internal/record"
)

// Breach is something in the ledger that cannot be true.
type Breach = proof.Breach

// Check proves a run from its own evidence and returns what does not hold, see
// proof.Evidence. Everything is read at one moment; a run under way may be checked
// too.
func (l *Ledger) Check(ctx context.Context, run Run) ([]Breach, error) {
	e := &proof.Evidence{Run: run.Name()}
	if err := l.view.Moment(ctx, func(v *View) error { return v.evidence(ctx, run.ID, e) }); err != nil {
		return nil, err
	}
	return e.Breaches(), nil
}

// CheckAll proves the accounts of the named runs, or of all, and returns what
// does not hold and how many runs were looked at.
func (l *Ledger) CheckAll(ctx context.Context, names []string) ([]Breach, int, error) {
	var runs []Run
	for _, n := range names {
		run, err := l.Find(ctx, n)
		if err != nil {
			return nil, 0, err
		}
		runs = append(runs, run)
	}
	if len(names) == 0 {
		var err error
		if runs, err = l.Runs(ctx, 0); err != nil {
			return nil, 0, err
		}
	}
	var all []Breach
	for _, run := range runs {
		found, err := l.Check(ctx, run)
		if err != nil {
			return nil, 0, err
		}
		all = append(all, found...)
	}
	return all, len(runs), nil
}

// events of one page: their bodies may hold thousands of units.
const eventPage = 200

func (v *View) evidence(ctx context.Context, run int64, e *proof.Evidence) error {
	sound, err := read(ctx, v, func(r scanner) (s string, err error) { err = r.Scan(&s); return s, err }, v.ledger.dialect.sound)
	if err != nil {
		return err
	}
	for _, s := range sound {
		if s != "ok" {
			e.Damage = append(e.Damage, "the file is damaged: "+s)
		}
	}
	runs, err := v.runs(ctx, " WHERE id = ?", run)
	if err != nil || len(runs) == 0 {
		return err
	}
	e.Row = fold.Run{State: runs[0].State, Outcome: runs[0].Outcome, Exit: runs[0].Exit}
	units, err := v.Units(ctx, run, Filter{}, 0)
	if err != nil {
		return err
	}
	for _, u := range units {
		e.Rows = append(e.Rows, fold.Unit{Unit: u.Unit, State: u.State, Attempt: u.Attempt, Tries: u.Tries, Crashes: u.Crashes, Started: u.Started, Ended: u.Ended})
	}
	if e.Accounts, err = v.Accounts(ctx, run); err != nil {
		return err
	}
	if err := v.chunksOf(ctx, run, e); err != nil {
		return err
	}
	return v.journalOf(ctx, run, e)
}

// journalOf folds the journal of a run.
func (v *View) journalOf(ctx context.Context, run int64, e *proof.Evidence) error {
	e.Journal.Units = make(map[string]*fold.Unit, len(e.Rows))
	for after := int64(0); ; {
		page, err := v.Events(ctx, run, after, eventPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, one := range page {
			if err := e.Journal.Apply(one); err != nil {
				e.Damage = append(e.Damage, "journal: "+err.Error())
			}
		}
		after = page[len(page)-1].Seq
	}
}

// chunksOf reads the chunks of a run, and what belongs to none.
func (v *View) chunksOf(ctx context.Context, run int64, e *proof.Evidence) error {
	e.Chunks = map[string][]proof.Chunk{}
	_, err := read(ctx, v, func(r scanner) (none struct{}, err error) {
		var k proof.Chunk
		var unit, figures string
		err = r.Scan(&unit, &k.Number, &k.State, &figures, &k.IDs, &k.Found, &k.Payloads, &k.Again, &k.Tried)
		if err == nil {
			err = json.Unmarshal([]byte(figures), &k.Account)
		}
		k.Dropped = k.State == dropped
		e.Chunks[unit] = append(e.Chunks[unit], k)
		return none, err
	}, chunks.Held, run)
	if err != nil {
		return err
	}
	e.Strays, err = read(ctx, v, stray, chunks.Strays, run, run, run)
	if err == nil {
		var waiting Counts
		waiting, err = v.Exceptions().Count(ctx, run, ExceptionFilter{Code: record.CodeBlocked, Outcome: record.Pending})
		e.Blocked = waiting.Records
	}
	if err == nil {
		var more []string
		more, err = records.Check(ctx, v.db, run)
		e.Strays = append(e.Strays, more...)
	}
	return err
}

// stray words an exception that is outside of all chunks, or whose end none proves.
func stray(r scanner) (string, error) {
	var id, times int64
	var what, closed string
	err := r.Scan(&what, &id, &closed, &times)
	switch {
	case what == "homeless":
		return fmt.Sprintf("exception %d is of no chunk", id), err
	case what == "dismissed":
		return fmt.Sprintf("exception %d is closed, %s, but nothing in the journal did so", id, closed), err
	case closed == "":
		return fmt.Sprintf("exception %d is open, but %d settled chunks of other runs loaded it", id, times), err
	}
	return fmt.Sprintf("exception %d is closed, %s, but %d settled chunks did so", id, closed, times), err
}
