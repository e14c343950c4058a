package past

import (
	"context"
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/control/run/conclude"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// The ledger's side of loads: see pipeline.Book.

func (p Past) Chunks(ctx context.Context, id string) ([]record.Chunk, error) {
	return p.Own.Chunks(ctx, id)
}

func (p Past) Prepare(ctx context.Context, id string, fence int64, c record.Chunk, exceptions []record.Exception, warnings []record.Warning) error {
	return p.Own.Prepare(ctx, id, fence, c, exceptions, warnings)
}

func (p Past) Settle(ctx context.Context, id string, fence int64, number int) error {
	return p.Own.Settle(ctx, id, fence, number)
}

func (p Past) Discard(ctx context.Context, id string, fence int64, from int) error {
	return p.Own.Discard(ctx, id, fence, from)
}

func (p Past) Advance(ctx context.Context, id string, fence int64, w catalog.Watermark) error {
	return p.Own.Advance(ctx, id, fence, w)
}

func (p Past) Snapshot(ctx context.Context, step string) (id string, settled int, err error) {
	return conclude.Snapshot(ctx, p.Ledger.View(), p.Run, step)
}

func (p Past) Take(ctx context.Context, a unit.Redrive) (int64, error) {
	of, f, err := p.taken(ctx, a)
	if err != nil {
		return 0, err
	}
	return p.Own.Take(ctx, of, f)
}

func (p Past) Open(ctx context.Context, a unit.Redrive, after record.Rank, limit int) ([]record.Exception, error) {
	of, f, err := p.taken(ctx, a)
	if err != nil {
		return nil, err
	}
	return p.Own.Open(ctx, of, f, after, limit)
}

// Ahead is exceptions.Book's.
func (p Past) Ahead(ctx context.Context, a unit.Redrive, groups []string) (map[string]record.Ahead, error) {
	of, err := p.Ledger.Find(ctx, a.Of)
	if err != nil {
		return nil, err
	}
	return p.Ledger.View().Exceptions().Ahead(ctx, of.ID, p.Run, a.Step, groups)
}

// taken is the run whose exceptions are processed again, and which of them.
func (p Past) taken(ctx context.Context, a unit.Redrive) (ledger.Run, ledger.ExceptionFilter, error) {
	var f ledger.ExceptionFilter
	of, err := p.Ledger.Find(ctx, a.Of)
	if err != nil {
		return of, f, err
	}
	if err := json.Unmarshal(a.Filter, &f); err != nil {
		return of, f, fault.New(fault.Internal, "unit.spec", "read the filter of a redrive: %w", err)
	}
	f.Step = a.Step
	return of, f, nil
}
