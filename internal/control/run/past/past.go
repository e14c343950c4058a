// Package past answers what executors ask of their run: what its copies left
// (past.go), the ledger's side of chunks (book.go), what is kept for loads beside
// them (loads.go) and what statements gave (results.go). Start at Past.
package past

import (
	"context"
	"encoding/json"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/deliveries"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Past answers what executors ask of their run. It is safe for concurrent use.
type Past struct {
	deliveries.Book
	Run  int64
	Kind func(name string) unit.Kind // what the units of a kind have in common
	// Of a person who owns no run: the guard whose settings are put back, who asks
	// for it and why.
	Guard         int64
	Actor, Reason string
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

// Copied adds up the chunks of those entities that this run copied whole between
// these ends, in the format that each is asked for in: then the sum is that of
// the table. Where rows were left out, nothing is taken for read: both sides are.
func (p Past) Copied(ctx context.Context, ends unit.Ends, formats map[string]string) (map[string]record.Sum, error) {
	step, _, ok, err := p.copied(ctx, ends)
	if err != nil || !ok {
		return nil, err
	}
	sums, written := make(map[string]record.Sum, len(formats)), units{p, map[string]map[string]string{}}
	for entity, format := range formats {
		sum, ok, err := p.sum(ctx, step, entity, func(id string) (bool, error) {
			was, err := written.formats(ctx, id)
			return was[entity] == format, err
		})
		if err != nil {
			return nil, fault.Wrap(err, "sum of %s", entity)
		}
		if ok {
			sums[entity] = sum
		}
	}
	return sums, nil
}

func (p Past) sum(ctx context.Context, step, entity string, fits func(unit string) (bool, error)) (sum record.Sum, whole bool, err error) {
	accounts, err := p.Ledger.View().Current(ctx, p.Run, step, entity)
	if err != nil || len(accounts) == 0 {
		return sum, false, err
	}
	open, err := p.Ledger.View().Units(ctx, p.Run, ledger.Filter{Step: step, Entity: entity}, 0)
	if err != nil {
		return sum, false, err
	}
	if slices.ContainsFunc(open, func(u ledger.Unit) bool { return p.Kind(u.Kind).Rows && u.State != ledger.Done }) {
		return sum, false, nil // a chunk is missing
	}
	for _, a := range accounts {
		s, bad := record.SumOf(a.Read, a.Bytes, a.Hash)
		if bad != nil || a.Dead > 0 {
			return sum, false, nil
		}
		if ok, err := fits(a.Unit); err != nil || !ok {
			return sum, false, err
		}
		sum.Merge(s)
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

// units are those that wrote accounts, each read once: one of small tables has
// many of them.
type units struct {
	past Past
	read map[string]map[string]string
}

// formats are those that a unit's tables were copied in, by entity. That is a
// chunk's own word: it is in the unit's spec.
func (u units) formats(ctx context.Context, id string) (map[string]string, error) {
	if known, ok := u.read[id]; ok {
		return known, nil
	}
	one, err := u.past.Ledger.View().Unit(ctx, u.past.Run, id)
	if err != nil {
		return nil, err
	}
	var spec struct {
		Chunks []catalog.Chunk `json:"chunks"`
		Tables []catalog.Chunk `json:"tables"` // of a repair
	}
	if err := json.Unmarshal(one.Spec, &spec); err != nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "%s: read spec: %w", one.ID, err)
	}
	found := make(map[string]string, len(spec.Chunks)+len(spec.Tables))
	for _, c := range append(spec.Chunks, spec.Tables...) {
		found[c.Table.String()] = c.Format
	}
	u.read[id] = found
	return found, nil
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
