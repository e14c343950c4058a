// Package deliveries is the ledger's side of records that are given to calls: the
// spool, how they stand, what is sent. See produce.Book and call.Book of the work.
package deliveries

import (
	"context"
	"time"

	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/records"
	"godwit/internal/ledger/spool"
	"godwit/internal/record"
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

// Standing is produce.Book's and call.Book's.
func (p Book) Standing(ctx context.Context, at record.Place, keys []string) (map[string]calls.Standing, error) {
	found, err := records.Standings(ctx, p.Ledger.Often(), at, keys)
	return found, fault.Wrap(err, "read what is remembered of records")
}

// Draft is produce.Book's.
func (p Book) Draft(unit string, chunk int) calls.Draft { return p.spool().Draft(unit, chunk) }

// Spooled is produce.Book's.
func (p Book) Spooled(_ context.Context, unit string) ([]int, error) {
	return p.spool().Chunks(unit)
}

// Sent is call.Book's.
func (p Book) Sent(ctx context.Context, at record.Place, list []calls.Sent) error {
	return p.Own.In(ctx, "note requests", func(run int64, change ledger.Change) error {
		return records.Note(change, run, at, list, time.Now())
	})
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
	return p.spool().Counts(chunks)
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
