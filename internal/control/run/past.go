package run

import (
	"context"
	"encoding/json"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// past answers what executors ask of their run.
type past struct {
	own  *ledger.Session
	view *ledger.View
	run  int64
}

func (p past) Settled(ctx context.Context, step, kind string) ([]unit.Settled, error) {
	return p.own.Settled(ctx, step, kind)
}

func (p past) Accounts(ctx context.Context, step, entity string) ([]record.Account, error) {
	return p.view.Current(ctx, p.run, step, entity)
}

// Copied adds up the chunks of an entity that this run copied, when all of
// them were in this format: then the sum is that of the whole table.
func (p past) Copied(ctx context.Context, entity, format string) (record.Sum, bool, error) {
	accounts, err := p.view.Current(ctx, p.run, "", entity)
	if err != nil || len(accounts) == 0 {
		return record.Sum{}, false, err
	}
	var sum record.Sum
	for _, a := range accounts {
		s, err := record.SumOf(a.Read, a.Bytes, a.Hash)
		if err != nil {
			return record.Sum{}, false, nil
		}
		sum.Merge(s)
	}
	ok, err := p.format(ctx, accounts, entity, format)
	return sum, ok, err
}

// format checks the chunks' own word: it is in the spec of the unit that wrote
// the account.
func (p past) format(ctx context.Context, accounts []record.Account, entity, format string) (bool, error) {
	one, err := p.view.Unit(ctx, p.run, accounts[0].Unit)
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

// Alone lists what the run's copies left alone at the target; false when the
// run copied nothing.
func (p past) Alone(ctx context.Context) (map[catalog.Name]bool, bool, error) {
	units, err := p.view.Units(ctx, p.run, ledger.Filter{Kind: "inspect", State: "done"}, 0)
	if err != nil {
		return nil, false, err
	}
	alone, copied := map[catalog.Name]bool{}, false
	for _, u := range units {
		f, ok := factsOf[Found](ended(u).Facts)
		if !ok || !f.Copies {
			continue
		}
		copied = true
		for _, n := range f.Alone {
			alone[n] = true
		}
	}
	return alone, copied, nil
}

// Values are the sequences that the run copied, as they were set last.
func (p past) Values(ctx context.Context) (map[catalog.Name]connector.SequenceValue, error) {
	units, err := p.view.Units(ctx, p.run, ledger.Filter{Kind: "sequence", State: ledger.Done}, 0)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(units, func(a, b ledger.Unit) int { return a.Ended.Compare(b.Ended) })
	set := map[catalog.Name]connector.SequenceValue{}
	for _, u := range units {
		f, _ := factsOf[struct{ Values []connector.SequenceValue }](ended(u).Facts)
		for _, v := range f.Values {
			set[v.Name] = v
		}
	}
	return set, nil
}
