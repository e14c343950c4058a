package run

import (
	"context"
	"encoding/json"

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
