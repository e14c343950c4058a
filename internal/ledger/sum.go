package ledger

import (
	"context"

	"godwit/internal/fault"
	"godwit/internal/record"
)

const (
	sumAccounts = `SELECT step, sum(read), sum(applied), sum(equal), sum(superseded), sum(redelivered), sum(filtered),
		sum(rejected), sum(dead), sum(pending), sum(blocked), sum(written), sum(bytes), count(*)
		FROM account WHERE run = ? AND current GROUP BY step ORDER BY step`
	currentAccounts = selectAccount + ` AND current AND entity = ?`
)

// Sums adds up the current accounts per step, by the server: cheap enough to
// be asked twice a second. Chunk is their number; there is no hash.
func (v *View) Sums(ctx context.Context, run int64) ([]record.Account, error) {
	return read(ctx, v, func(r scanner) (record.Account, error) {
		a := record.Account{Current: true}
		err := r.Scan(&a.Step, &a.Read, &a.Applied, &a.Equal, &a.Superseded, &a.Redelivered, &a.Filtered,
			&a.Rejected, &a.Dead, &a.Pending, &a.Blocked, &a.Written, &a.Bytes, &a.Chunk)
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

// Unit returns one unit; the fault of an unknown one has code unit.unknown.
func (v *View) Unit(ctx context.Context, run int64, id string) (Unit, error) {
	units, err := read(ctx, v, scanUnit, selectUnits+` AND id = ?`, run, id)
	if err == nil && len(units) == 0 {
		err = fault.New(fault.Config, "unit.unknown", "there is no unit %q in this run", id)
	}
	if err != nil {
		return Unit{}, err
	}
	return units[0], nil
}
