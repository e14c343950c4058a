package pipeline

import (
	"context"

	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/internal/work/pipeline/setrules"
)

// newJudge is nil without rules over many records. What was said before it is read
// from what is kept: by the settled chunks, in a redrive by those of the first run too.
func (r *loading) newJudge(ctx context.Context) (*setrules.Judge, error) {
	j := setrules.New(r.program, r.spec.Calls != nil && r.spec.Again != nil)
	for _, rule := range j.Rules() {
		err := r.book.Said(ctx, r.step(), rule, r.spec.Again, func(_ bool, kept []byte) error { return j.Learn(kept) })
		if err != nil {
			return nil, err
		}
	}
	return j, nil
}

// keep hands over what the chunk's records said, before it is prepared: it
// counts with the chunk.
func (r *loading) keep(ctx context.Context, c *chunk) error {
	if err := r.watch.Keep(ctx, r.book, r.unit, c.Number, r.spec.Again); err != nil || r.judge == nil {
		return err
	}
	u := r.unit
	u.Step = r.step()
	return r.book.Say(ctx, u, c.Number, r.spec.Again, r.judge.Said())
}

// hand gives records to the target and returns what became of each that it
// was given, by its place in the batch.
func (r *loading) hand(ctx context.Context, c *chunk, b *batch) ([]connector.Became, error) {
	became := make([]connector.Became, len(b.mapped))
	b.back = make([][]any, len(b.mapped))
	open := make([]int, 0, len(b.mapped))
	for i, m := range b.mapped {
		switch {
		case m.Record.Older:
			became[i].Outcome = record.Superseded
		case m.Filtered == "" && !m.Reject && len(m.Waits) == 0:
			open = append(open, i)
		}
	}
	for {
		if len(open) == 0 {
			var err error
			if open, err = r.wake(ctx, c, b); err != nil || len(open) == 0 {
				return became, err
			}
		}
		now, later := r.judge.Admit(b.mapped, b.claims, open)
		page := make([]record.Mapped, 0, len(now))
		for _, i := range now {
			page = append(page, b.mapped[i])
		}
		out, err := r.writeRecords(ctx, c, page)
		if err != nil {
			return nil, err
		}
		for n := range out {
			if out[n].Outcome == record.Dead {
				page[n].Rows = nil // its key may be no value at all
			}
		}
		back, err := r.spec.Remember.Read(ctx, c.records, r.spec.Into[0], page)
		if err != nil {
			return nil, err
		}
		for n, i := range now {
			became[i] = out[n]
			if back != nil {
				b.back[i] = back[n]
			}
			if out[n].Outcome == record.Dead {
				continue
			}
			if err := r.judge.Loaded(&b.mapped[i], b.claims[i]); err != nil {
				return nil, err
			}
			r.known(&b.mapped[i], b.back[i])
		}
		open = later
	}
}
