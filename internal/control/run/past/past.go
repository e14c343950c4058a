// Package past answers what executors ask of their run: what its copies left, and
// the ledger's side of chunks. Start at Past.
package past

import (
	"context"
	"encoding/json"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/kept"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Past answers what executors ask of their run. It is safe for concurrent use.
type Past struct {
	kept.Of
	Kind func(name string) unit.Kind // what the units of a kind have in common
}

func (p Past) Settled(ctx context.Context, step, kind string) ([]unit.Settled, error) {
	return p.Own.Settled(ctx, step, kind)
}

func (p Past) Accounts(ctx context.Context, step, entity string) ([]record.Account, error) {
	return p.Ledger.View().Current(ctx, p.Run, step, entity)
}

// copied finds the step that copied between two ends. Only one that is the
// only one counts: what two copies left there together neither of them proves.
func (p Past) copied(ctx context.Context, ends unit.Ends) (step string, found chronicle.Found, ok bool, err error) {
	units, err := p.Ledger.View().Units(ctx, p.Run, ledger.Filter{Kind: "inspect", State: ledger.Done}, 0)
	if err != nil {
		return "", chronicle.Found{}, false, err
	}
	n := 0
	for _, u := range units {
		var s struct{ Spec json.RawMessage }
		var of unit.Ends
		f, known := chronicle.Facts[chronicle.Found](u)
		if !known || !f.Copies {
			continue
		}
		if json.Unmarshal(u.Spec, &s) != nil || json.Unmarshal(s.Spec, &of) != nil {
			return "", chronicle.Found{}, false, fault.New(fault.Internal, "ledger.damaged", "%s: its spec cannot be read", u.ID)
		}
		if of == ends {
			step, found = u.Step, f
			n++
		}
	}
	return step, found, n == 1, nil
}

// Copied adds up the chunks of an entity, when this run copied all of it
// between these ends, and in this format: then the sum is that of the table.
// Where rows were left out, nothing is taken for read: both sides are.
func (p Past) Copied(ctx context.Context, ends unit.Ends, entity, format string) (record.Sum, bool, error) {
	step, _, ok, err := p.copied(ctx, ends)
	if err != nil || !ok {
		return record.Sum{}, false, err
	}
	accounts, err := p.Ledger.View().Current(ctx, p.Run, step, entity)
	if err != nil || len(accounts) == 0 {
		return record.Sum{}, false, err
	}
	open, err := p.Ledger.View().Units(ctx, p.Run, ledger.Filter{Step: step, Entity: entity}, 0)
	if err != nil {
		return record.Sum{}, false, err
	}
	if slices.ContainsFunc(open, func(u ledger.Unit) bool { return p.Kind(u.Kind).Rows && u.State != ledger.Done }) {
		return record.Sum{}, false, nil // a chunk is missing
	}
	var sum record.Sum
	known := map[string]bool{}
	for _, a := range accounts {
		if a.Dead > 0 {
			return record.Sum{}, false, nil
		}
		s, err := record.SumOf(a.Read, a.Bytes, a.Hash)
		if err != nil {
			return record.Sum{}, false, nil
		}
		sum.Merge(s)
		if known[a.Unit] {
			continue
		}
		known[a.Unit] = true
		if ok, err := p.format(ctx, a.Unit, entity, format); err != nil || !ok {
			return record.Sum{}, false, err
		}
	}
	return sum, true, nil
}

// Added is how many rows of an entity this run copied between these ends.
func (p Past) Added(ctx context.Context, ends unit.Ends, entity string) (int64, error) {
	step, _, ok, err := p.copied(ctx, ends)
	if err != nil || !ok {
		return 0, err
	}
	accounts, err := p.Ledger.View().Current(ctx, p.Run, step, entity)
	var n int64
	for _, a := range accounts {
		n += a.Applied
	}
	return n, err
}

// format checks a chunk's own word: it is in the spec of the unit that wrote
// the account.
func (p Past) format(ctx context.Context, id, entity, format string) (bool, error) {
	one, err := p.Ledger.View().Unit(ctx, p.Run, id)
	if err != nil {
		return false, fault.Wrap(err, "unit of %s", entity)
	}
	var spec struct {
		Chunks []catalog.Chunk `json:"chunks"`
		Tables []catalog.Chunk `json:"tables"` // of a repair
	}
	if err := json.Unmarshal(one.Spec, &spec); err != nil {
		return false, fault.New(fault.Internal, "ledger.damaged", "%s: read spec: %w", one.ID, err)
	}
	for _, c := range append(spec.Chunks, spec.Tables...) {
		if c.Table.String() == entity {
			return c.Format == format, nil
		}
	}
	return false, nil
}

// Alone lists what the copy between these ends left alone at the target; false
// when the run did not copy between them.
func (p Past) Alone(ctx context.Context, ends unit.Ends) (map[catalog.Name]bool, bool, error) {
	_, found, ok, err := p.copied(ctx, ends)
	alone := map[catalog.Name]bool{}
	for _, n := range found.Alone {
		alone[n] = true
	}
	return alone, ok, err
}

// AloneBlobs lists the large objects of both sides that the copy between these
// ends left alone.
func (p Past) AloneBlobs(ctx context.Context, ends unit.Ends) ([]uint32, error) {
	_, found, _, err := p.copied(ctx, ends)
	return found.AloneBlobs, err
}

// Held are the tables that the copy between these ends added rows to, with how
// many they held before.
func (p Past) Held(ctx context.Context, ends unit.Ends) (map[catalog.Name]int64, error) {
	_, found, _, err := p.copied(ctx, ends)
	held := map[catalog.Name]int64{}
	for _, h := range found.Held {
		held[h.Table] = h.Rows
	}
	return held, err
}

// Values are the sequences that the run copied between these ends, as they
// were set last.
func (p Past) Values(ctx context.Context, ends unit.Ends) (map[catalog.Name]connector.SequenceValue, error) {
	set := map[catalog.Name]connector.SequenceValue{}
	step, _, ok, err := p.copied(ctx, ends)
	if err != nil || !ok {
		return set, err
	}
	units, err := p.Ledger.View().Units(ctx, p.Run, ledger.Filter{Step: step, Kind: "sequence", State: ledger.Done}, 0)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(units, func(a, b ledger.Unit) int { return a.Ended.Compare(b.Ended) })
	for _, u := range units {
		f, _ := chronicle.Facts[struct{ Values []connector.SequenceValue }](u)
		for _, v := range f.Values {
			set[v.Name] = v
		}
	}
	return set, nil
}
