package run

import (
	"context"
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/control/run/conclude"
	"godwit/internal/control/run/kept"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// The ledger's side of loads: see pipeline.Book.

func (p past) Chunks(ctx context.Context, id string) ([]record.Chunk, error) {
	return p.own.Chunks(ctx, id)
}

func (p past) Prepare(ctx context.Context, id string, fence int64, c record.Chunk, exceptions []record.Exception, warnings []record.Warning) error {
	return p.own.Prepare(ctx, id, fence, c, exceptions, warnings)
}

func (p past) Settle(ctx context.Context, id string, fence int64, number int) error {
	return p.own.Settle(ctx, id, fence, number)
}

func (p past) Discard(ctx context.Context, id string, fence int64, from int) error {
	return p.own.Discard(ctx, id, fence, from)
}

func (p past) Advance(ctx context.Context, id string, fence int64, w catalog.Watermark) error {
	return p.own.Advance(ctx, id, fence, w)
}

func (p past) Snapshot(ctx context.Context, step string) (id string, settled int, err error) {
	return conclude.Snapshot(ctx, p.view, p.run, step)
}

func (p past) Take(ctx context.Context, a unit.Redrive) (int64, error) {
	of, f, err := p.taken(ctx, a)
	if err != nil {
		return 0, err
	}
	return p.own.Take(ctx, of, f)
}

func (p past) Open(ctx context.Context, a unit.Redrive, after int64, limit int) ([]record.Exception, error) {
	of, f, err := p.taken(ctx, a)
	if err != nil {
		return nil, err
	}
	return p.own.Open(ctx, of, f, after, limit)
}

// remember adds how far an earlier run of a step has read, for those that read
// on from there. Full is a run that reads everything. Who only plans may have
// no ledger.
func (r *Runs) remember(ctx context.Context, flow, step string, full bool, n unit.Needs, facts *catalog.Facts) (err error) {
	if !incremental(n) {
		return nil
	}
	if facts.Records.Full = full; full || r.Ledger == nil {
		return nil
	}
	facts.Records.Watermark, err = kept.Watermark(ctx, r.Ledger, flow, step, facts.Source.ID, facts.Target.ID)
	return fault.Wrap(err, "look up the watermark of step %s", step)
}

func incremental(n unit.Needs) bool { return n.Records != nil && n.Records.Query.Since != nil }

// taken is the run whose exceptions are processed again, and which of them.
func (p past) taken(ctx context.Context, a unit.Redrive) (Ref, ledger.ExceptionFilter, error) {
	var f ledger.ExceptionFilter
	of, err := p.ledger.Find(ctx, a.Of)
	if err != nil {
		return of, f, err
	}
	if err := json.Unmarshal(a.Filter, &f); err != nil {
		return of, f, fault.New(fault.Internal, "unit.spec", "read the filter of a redrive: %w", err)
	}
	f.Step = a.Step
	return of, f, nil
}
