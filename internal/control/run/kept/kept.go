// Package kept is a run's side of what its loads keep in the ledger beside
// their journal: tables of values that are looked up in, and what records said
// to rules over many of them.
package kept

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/kept"
)

// Of is what one run keeps.
type Of struct {
	Own    *ledger.Session
	Ledger *ledger.Ledger
	Run    int64
}

// Keep freezes tables of values for the run: whoever goes on with it looks up in
// the same ones.
func Keep(ctx context.Context, own *ledger.Session, facts *catalog.Records) error {
	if facts == nil {
		return nil
	}
	for name, l := range facts.Lookups {
		if err := own.In(ctx, "keep lookup "+name, func(run int64, w kept.Change) error { return kept.KeepLookup(w, run, l) }); err != nil {
			return err
		}
	}
	return nil
}

// Lookup is pipeline.Kept's.
func (o Of) Lookup(ctx context.Context, sum string) ([][2]string, error) {
	pairs, err := kept.Lookup(ctx, o.Ledger.View().Room(), o.Run, sum)
	return pairs, fault.Wrap(err, "read what a lookup was when the run was planned")
}
