package ledger

import (
	"context"
	"database/sql"
	"errors"

	"godwit/internal/fault"
	"godwit/internal/ledger/accounts"
	"godwit/internal/record"
)

// accounts writes accounts and decides which of them are current; what the
// caller says in Current does not count. An account of the whole entity
// (chunk 0) supersedes all others of it, a later generation of a chunk the
// earlier ones; an account that comes after what supersedes it is history. A
// unit that is done again writes its accounts again.
func (t *tx) accounts(run int64, all []record.Account) error {
	for _, a := range all {
		if err := t.giveWay(run, a); err != nil {
			return err
		}
		place := []any{run, a.Step, a.Entity}
		var repaired, newest int
		if err := t.row(accounts.RepairedBy, place, &repaired); err != nil {
			return err
		}
		if err := t.row(accounts.Newer, append(place, a.Chunk), &newest); err != nil {
			return err
		}
		current := a.Generation > repaired && a.Generation > newest
		if current {
			if err := t.supersede(run, a); err != nil {
				return err
			}
		}
		row := []any{run, a.Step, a.Entity, a.Chunk, a.Generation, a.Unit, current, a.Read, a.Applied, a.Equal, a.Superseded,
			a.Redelivered, a.Filtered, a.Rejected, a.Dead, a.Pending, a.Blocked, a.Written, a.Bytes, a.Hash, a.Adopted}
		if err := t.insert(accounts.Insert, "", [][]any{row}); err != nil {
			return err
		}
	}
	return nil
}

// giveWay deletes an account of the same name, if it was undone or is of the
// same unit; no other may take its place.
func (t *tx) giveWay(run int64, a record.Account) error {
	var writer string
	var current bool
	name := []any{run, a.Step, a.Entity, a.Chunk, a.Generation}
	err := t.row(accounts.Writer, name, &writer, &current)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case current && writer != a.Unit:
		return fault.New(fault.Internal, "account.twice", "%s %s chunk %d generation %d has an account already, of %s",
			a.Step, a.Entity, a.Chunk, a.Generation, writer)
	}
	return t.change(accounts.Delete, name...)
}

func (t *tx) supersede(run int64, a record.Account) error {
	if a.Chunk == 0 {
		return t.change(accounts.SupersedeAll, run, a.Step, a.Entity)
	}
	return t.change(accounts.SupersedeChunk, run, a.Step, a.Entity, a.Chunk)
}

func scanAccount(s scanner) (record.Account, error) {
	var a record.Account
	err := s.Scan(&a.Step, &a.Entity, &a.Chunk, &a.Generation, &a.Unit, &a.Current, &a.Read, &a.Applied, &a.Equal, &a.Superseded,
		&a.Redelivered, &a.Filtered, &a.Rejected, &a.Dead, &a.Pending, &a.Blocked, &a.Written, &a.Bytes, &a.Hash, &a.Adopted)
	return a, err
}

const (
	sumAccounts = `SELECT step, sum(read), sum(applied), sum(equal), sum(superseded), sum(redelivered), sum(filtered),
		sum(rejected), sum(dead), sum(pending), sum(blocked), sum(written), sum(bytes), sum(adopted), count(*)
		FROM account WHERE run = ? AND current GROUP BY step ORDER BY step`
	currentAccounts = accounts.Select + ` AND current AND entity = ?`
)

// Sums adds up the current accounts per step, by the server: cheap enough to
// be asked twice a second. Chunk is their number; there is no hash.
func (v *View) Sums(ctx context.Context, run int64) ([]record.Account, error) {
	return read(ctx, v, func(r scanner) (record.Account, error) {
		a := record.Account{Current: true}
		err := r.Scan(&a.Step, &a.Read, &a.Applied, &a.Equal, &a.Superseded, &a.Redelivered, &a.Filtered,
			&a.Rejected, &a.Dead, &a.Pending, &a.Blocked, &a.Written, &a.Bytes, &a.Adopted, &a.Chunk)
		return a, err
	}, sumAccounts, run)
}

// Current returns the accounts of an entity that count, of one step or, with
// an empty step, of all.
func (v *View) Current(ctx context.Context, run int64, step, entity string) ([]record.Account, error) {
	if step == "" {
		return read(ctx, v, scanAccount, currentAccounts+` ORDER BY step, chunk`, run, entity)
	}
	return read(ctx, v, scanAccount, currentAccounts+` AND step = ? ORDER BY chunk`, run, entity, step)
}
