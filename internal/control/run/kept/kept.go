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
	"godwit/internal/ledger/records"
	"godwit/internal/record"
	"godwit/internal/unit"
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

// Say is pipeline.Kept's.
func (o Of) Say(ctx context.Context, u unit.Unit, number int, again *unit.Redrive, said map[string][]byte) error {
	origin, err := o.origin(ctx, again)
	if err != nil {
		return err
	}
	return o.Own.In(ctx, "keep what records said", func(run int64, change kept.Change) error {
		return kept.Say(change, kept.Chunk{Run: run, Unit: u.ID, N: number, Origin: origin, Step: stepOf(u.Step, again)}, said)
	})
}

// Said is pipeline.Kept's.
func (o Of) Said(ctx context.Context, step, rule string, again *unit.Redrive, do func(own bool, said []byte) error) error {
	origin, err := o.origin(ctx, again)
	if err != nil {
		return err
	}
	return kept.Said(ctx, o.Ledger.View().Room(), origin, stepOf(step, again), rule, func(run int64, said []byte) error { return do(run == o.Run, said) })
}

// stepOf is the step of the run whose records are loaded: a redrive may call it
// otherwise.
func stepOf(step string, again *unit.Redrive) string {
	if again != nil {
		return again.Step
	}
	return step
}

// Broken is recheck.Book's.
func (o Of) Broken(ctx context.Context, u unit.Unit, again *unit.Redrive, do func(record.IssueID)) error {
	c, err := o.chunk(ctx, u, 0, again)
	if err != nil {
		return err
	}
	return kept.Broken(ctx, o.Ledger.View().Room(), c, u.Entity, do)
}

// Pass is recheck.Book's.
func (o Of) Pass(ctx context.Context, u unit.Unit, number int, again *unit.Redrive, passed []record.IssueID) error {
	c, err := o.chunk(ctx, u, number, again)
	if err != nil {
		return err
	}
	return o.Own.In(ctx, "keep what records fulfil", func(_ int64, change kept.Change) error { return kept.Pass(change, c, passed) })
}

// Unaccepted is recheck.Book's.
func (o Of) Unaccepted(ctx context.Context, id string) (int64, error) {
	return kept.Unaccepted(ctx, o.Ledger.View().Room(), o.Run, id)
}

// chunk is one of a unit; in a redrive its step may have another name only in
// the run that the records are of.
func (o Of) chunk(ctx context.Context, u unit.Unit, number int, again *unit.Redrive) (kept.Chunk, error) {
	origin, err := o.origin(ctx, again)
	return kept.Chunk{Run: o.Run, Unit: u.ID, N: number, Origin: origin, Step: u.Step}, err
}

// Find is pipeline.Kept's.
func (o Of) Find(ctx context.Context, p record.Place, keys []string) (map[string][]byte, error) {
	found, err := records.Find(ctx, o.Ledger.View().Room(), p, keys)
	return found, fault.Wrap(err, "read what is remembered of records")
}

// Alias is pipeline.Kept's.
func (o Of) Alias(ctx context.Context, p record.Place, pairs [][2]string) error {
	return o.Own.In(ctx, "note aliases", func(_ int64, change kept.Change) error { return records.Alias(change, p, pairs) })
}

// Aliases is pipeline.Kept's.
func (o Of) Aliases(ctx context.Context, p record.Place, keys []string) (map[string][]string, error) {
	found, err := records.Aliases(ctx, o.Ledger.View().Room(), p, keys)
	return found, fault.Wrap(err, "read aliases")
}

// Emptied is pipeline.Kept's.
func (o Of) Emptied(ctx context.Context, p record.Place, loads []string) error {
	return o.Own.In(ctx, "note which records are gone", func(run int64, change kept.Change) error {
		return records.Floor(change, run, p, loads)
	})
}

// Blocked is pipeline.Kept's.
func (o Of) Blocked(ctx context.Context, again *unit.Redrive) (map[string]int64, error) {
	of, err := o.origin(ctx, again)
	if err != nil {
		return nil, err
	}
	by := int64(0)
	if again != nil {
		by = o.Run
	}
	steps := map[string]int64{}
	_, err = o.Ledger.View().Exceptions().Blocked(ctx, of, by, func(step string, n int64) { steps[step] = n })
	return steps, err
}

// Loads is pipeline.Kept's.
func (o Of) Loads(ctx context.Context, step string) ([]unit.Unit, error) {
	found, err := o.Ledger.View().Units(ctx, o.Run, ledger.Filter{Step: step, Kind: "load"}, 0)
	var all []unit.Unit
	for _, u := range found {
		if u.State != ledger.Done {
			return nil, nil
		}
		all = append(all, u.Unit)
	}
	return all, err
}

// origin is the run whose records are loaded.
func (o Of) origin(ctx context.Context, again *unit.Redrive) (int64, error) {
	if again == nil {
		return o.Run, nil
	}
	of, err := o.Ledger.Find(ctx, again.Of)
	return of.ID, err
}
