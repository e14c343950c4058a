package past

// What a run keeps for its loads beside their chunks: see pipeline.Memory.

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/ledger/loads"
	"godwit/internal/ledger/records"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// KeepLookups freezes tables of values for the run: whoever goes on with it looks
// up in the same ones.
func KeepLookups(ctx context.Context, own *ledger.Session, facts *catalog.Records) error {
	if facts == nil {
		return nil
	}
	for name, l := range facts.Lookups {
		if err := own.In(ctx, "keep lookup "+name, func(run int64, w ledger.Change) error { return loads.KeepLookup(w, run, l) }); err != nil {
			return err
		}
	}
	return nil
}

// Lookup is pipeline.Memory's.
func (p Past) Lookup(ctx context.Context, sum string) ([][2]string, error) {
	pairs, err := loads.Lookup(ctx, p.Ledger.View().Reader(), p.Run, sum)
	return pairs, fault.Wrap(err, "read what a lookup was when the run was planned")
}

// Say is pipeline.Memory's.
func (p Past) Say(ctx context.Context, u unit.Unit, number int, again *unit.Redrive, said map[string][]byte) error {
	origin, err := p.origin(ctx, again)
	if err != nil {
		return err
	}
	return p.Own.In(ctx, "keep what records said", func(run int64, change ledger.Change) error {
		return loads.Say(change, loads.Chunk{Run: run, Unit: u.ID, N: number, Origin: origin, Step: stepOf(u.Step, again)}, said)
	})
}

// Said is pipeline.Memory's.
func (p Past) Said(ctx context.Context, step, rule string, again *unit.Redrive, do func(own bool, said []byte) error) error {
	origin, err := p.origin(ctx, again)
	if err != nil {
		return err
	}
	return loads.Said(ctx, p.Ledger.View().Reader(), origin, stepOf(step, again), rule, func(run int64, said []byte) error { return do(run == p.Run, said) })
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
func (p Past) Broken(ctx context.Context, u unit.Unit, again *unit.Redrive, do func(record.IssueID)) error {
	c, err := p.chunk(ctx, u, 0, again)
	if err != nil {
		return err
	}
	return loads.Broken(ctx, p.Ledger.View().Reader(), c, u.Entity, do)
}

// Pass is recheck.Book's.
func (p Past) Pass(ctx context.Context, u unit.Unit, number int, again *unit.Redrive, passed []record.IssueID) error {
	c, err := p.chunk(ctx, u, number, again)
	if err != nil {
		return err
	}
	return p.Own.In(ctx, "keep what records fulfil", func(_ int64, change ledger.Change) error { return loads.Pass(change, c, passed) })
}

// Unaccepted is recheck.Book's.
func (p Past) Unaccepted(ctx context.Context, id string) (int64, error) {
	return loads.Unaccepted(ctx, p.Ledger.View().Reader(), p.Run, id)
}

// chunk is one of a unit; in a redrive its step may have another name only in
// the run that the records are of.
func (p Past) chunk(ctx context.Context, u unit.Unit, number int, again *unit.Redrive) (loads.Chunk, error) {
	origin, err := p.origin(ctx, again)
	return loads.Chunk{Run: p.Run, Unit: u.ID, N: number, Origin: origin, Step: u.Step}, err
}

// Find is pipeline.Memory's.
func (p Past) Find(ctx context.Context, at record.Place, keys []string) (map[string]record.Remembered, error) {
	found, err := records.Find(ctx, p.Ledger.View().Reader(), at, keys)
	return found, fault.Wrap(err, "read what is remembered of records")
}

// Alias is pipeline.Memory's.
func (p Past) Alias(ctx context.Context, step string, at record.Place, pairs [][2]string) error {
	return p.Own.In(ctx, "note aliases", func(run int64, change ledger.Change) error { return records.Alias(change, run, step, at, pairs) })
}

// Aliases is pipeline.Memory's.
func (p Past) Aliases(ctx context.Context, at record.Place, keys []string) (map[string][]string, error) {
	found, err := records.Aliases(ctx, p.Ledger.View().Reader(), at, keys)
	return found, fault.Wrap(err, "read aliases")
}

// Emptied is pipeline.Memory's.
func (p Past) Emptied(ctx context.Context, at record.Place, units []string) error {
	return p.Own.In(ctx, "note which records are gone", func(run int64, change ledger.Change) error {
		return records.Floor(change, run, at, units)
	})
}

// Blocked is pipeline.Memory's.
func (p Past) Blocked(ctx context.Context, again *unit.Redrive) (steps map[string]int64, pending int64, err error) {
	of, err := p.origin(ctx, again)
	if err != nil {
		return nil, 0, err
	}
	by := int64(0)
	if again != nil {
		by = p.Run
	}
	steps = map[string]int64{}
	pending, err = p.Ledger.View().Exceptions().Blocked(ctx, of, by, func(step string, n int64) { steps[step] = n })
	return steps, pending, err
}

// Loads is pipeline.Memory's.
func (p Past) Loads(ctx context.Context, step string) ([]unit.Unit, error) {
	found, err := p.Ledger.View().Units(ctx, p.Run, ledger.Filter{Step: step, Kind: "load"}, 0)
	if err == nil && len(found) == 0 { // whose records are given to calls
		found, err = p.Ledger.View().Units(ctx, p.Run, ledger.Filter{Step: step, Kind: "produce"}, 0)
	}
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
func (p Past) origin(ctx context.Context, again *unit.Redrive) (int64, error) {
	if again == nil {
		return p.Run, nil
	}
	of, err := p.Ledger.Find(ctx, again.Of)
	return of.ID, err
}
