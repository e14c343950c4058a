// Package deliveries is the ledger's side of records that are given to calls: the
// spool, how they stand, what is sent. See produce.Book and call.Book of the work.
package deliveries

import (
	"context"

	"godwit/internal/control/run/guards"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/exception"
	"godwit/internal/ledger/records"
	"godwit/internal/ledger/spool"
	"godwit/internal/ledger/store"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
)

// Book answers for one run. Safe for concurrent use.
type Book struct {
	Own    *ledger.Session
	Ledger *ledger.Ledger
	UID    string // of the run
}

// Forget takes away what a run that is over for good has spooled.
func Forget(l *ledger.Ledger, uid string) { spool.Of(l.Path(), uid).Forget() }

func (p Book) spool() spool.Spool { return spool.Of(p.Ledger.Path(), p.UID) }

// Standing is produce.Book's, readback.Book's and call.Book's.
func (p Book) Standing(ctx context.Context, by calls.Claimant, at record.Place, keys []string) (map[string]calls.Standing, error) {
	found, err := records.Standings(ctx, p.Ledger.Often(), by, at, keys)
	return found, fault.Wrap(err, "read what is remembered of records")
}

// Last is call.Book's.
func (p Book) Last(ctx context.Context, at record.Place, key string, exception int64) (calls.Word, error) {
	w, err := records.Last(ctx, p.Ledger.Often(), at, key, exception)
	return w, fault.Wrap(err, "read what was said of a record last")
}

// Read is call.Book's.
func (p Book) Read(ctx context.Context, id int64) (older bool, by string, err error) {
	older, by, err = exception.Read(ctx, p.Ledger.Often(), id)
	return older, by, fault.Wrap(err, "read who has read a record since")
}

// Holds is call.Book's.
func (p Book) Holds(ctx context.Context, step string, at record.Rank) (bool, error) {
	yes, err := exception.Holds(ctx, p.Ledger.Often(), p.UID, step, at)
	return yes, fault.Wrap(err, "read what became of a record that was not loaded")
}

// Speaker is call.Book's.
func (p Book) Speaker(ctx context.Context, step string, again *unit.Redrive) (calls.Speaker, error) {
	run := p.UID
	if again != nil {
		of, err := p.Ledger.Find(ctx, again.Of)
		if err != nil {
			return calls.Speaker{}, err
		}
		run, step = of.UID, again.Step
	}
	o, err := records.Speaker(ctx, p.Ledger.View().Reader(), run, step)
	return o, fault.Wrap(err, "read whose records %s delivers", step)
}

// Known is produce.Book's.
func (p Book) Known(ctx context.Context, at record.Place, step, after string, n int) ([]string, error) {
	keys, err := records.Known(ctx, p.Ledger.View().Reader(), at, p.UID, step, after, n)
	return keys, fault.Wrap(err, "read which records are known")
}

// Anew is readback.Book's and call.Book's.
func (p Book) Anew(ctx context.Context, by calls.Claimant, at record.Place, list []calls.Anew) error {
	return p.Own.Room(ctx, "note what is to be delivered again", func(run int64, tx store.Tx) error {
		return records.Anew(tx, run, by, at, list)
	})
}

// Draft is produce.Book's.
func (p Book) Draft(unit string, chunk int) calls.Draft { return p.spool().Draft(unit, chunk) }

// Spooled is produce.Book's.
func (p Book) Spooled(_ context.Context, unit string) ([]int, error) {
	return p.spool().Chunks(unit)
}

// Sent is call.Book's.
func (p Book) Sent(ctx context.Context, at record.Place, list []calls.Notes) (noted []calls.Noted, err error) {
	err = p.Own.Room(ctx, "note requests", func(run int64, tx store.Tx) error {
		noted, err = records.NoteAll(tx, run, at, list)
		return err
	})
	return noted, err
}

// Watch is call.Book's.
func (p Book) Watch(ctx context.Context, at record.Place, o calls.Object) (err error) {
	for more := true; more && err == nil; {
		err = p.Own.Room(ctx, "look whose the objects of "+at.Entity+" are", func(_ int64, tx store.Tx) error {
			more, err = records.Watch(tx, at, o)
			return err
		})
	}
	return err
}

// Join is call.Book's.
func (p Book) Join(ctx context.Context, at record.Place, unit, family string) (by calls.Claimant, err error) {
	err = p.Own.Room(ctx, "come to "+at.Entity, func(run int64, tx store.Tx) error {
		by, err = records.Join(tx, at, run, p.Own.Token(), unit, p.UID+" "+family, guards.Living(ctx, p.Ledger))
		return err
	})
	return by, err
}

// Claim is call.Book's.
func (p Book) Claim(ctx context.Context, by calls.Claimant, at record.Place, key string) (got calls.Claim, err error) {
	mine := false
	err = p.Own.Room(ctx, "claim "+at.Entity, func(run int64, tx store.Tx) error {
		got.By, mine, err = records.Claim(tx, at, run, by, key, guards.Living(ctx, p.Ledger))
		return err
	})
	if err != nil || mine || got.By != "" {
		return got, err
	}
	all, err := p.Standing(ctx, by, at, []string{key})
	now := all[key]
	got.Now = &now
	return got, err
}

// Leave is call.Book's.
func (p Book) Leave(ctx context.Context, by calls.Claimant, at record.Place) error {
	return p.Own.Room(ctx, "leave "+at.Entity, func(_ int64, tx store.Tx) error { return records.Leave(tx, at, by) })
}

// chunks are those that count.
func (p Book) chunks(ctx context.Context, units []string) ([]spool.Chunk, error) {
	var list []spool.Chunk
	for _, u := range units {
		all, err := p.Own.Chunks(ctx, u)
		if err != nil {
			return nil, err
		}
		for _, c := range all {
			if c.State == record.Settled {
				list = append(list, spool.Chunk{Unit: u, Number: c.Number})
			}
		}
	}
	return list, nil
}

// Parts is call.Book's.
func (p Book) Parts(ctx context.Context, units []string) (map[int]int64, error) {
	chunks, err := p.chunks(ctx, units)
	if err != nil {
		return nil, err
	}
	counts, err := p.spool().Counts(chunks)
	delete(counts, calls.Seen) // they are no items
	delete(counts, calls.Twins)
	return counts, err
}

// Items is call.Book's.
func (p Book) Items(ctx context.Context, units []string, parts []int) (calls.Items, error) {
	chunks, err := p.chunks(ctx, units)
	if err != nil {
		return nil, err
	}
	return p.spool().Read(chunks, parts)
}

// Clear is call.Book's.
func (p Book) Clear(_ context.Context, units []string) error {
	return p.spool().Drop(units)
}
