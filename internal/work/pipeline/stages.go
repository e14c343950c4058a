package pipeline

import (
	"context"
	"errors"
	"io"

	"godwit/internal/connector"
	"godwit/internal/record"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/parents"

	"golang.org/x/sync/errgroup"
)

// batch is a page on its way: as it was read, then mapped.
type batch struct {
	page   *record.Page
	count  int64 // the source's own count up to its end
	last   bool  // nothing was left behind it
	mapped []record.Mapped
	claims [][]mapping.Claim // to rules over many records
	keys   [][]any           // of the target, where they are wanted; nil = it cannot be told
	back   [][]any           // what was read back of those that were written, where that is wanted
	seen   int               // Known.Seen when it was mapped
	ready  chan struct{}     // closed when mapped
}

// ahead is how many pages may be read before the first of them is written.
const ahead = 4

// flow starts reading and mapping; the batches come out in the source's order,
// already mapped. The group ends when the source has, or with its first error.
func flow(ctx context.Context, g *errgroup.Group, r connector.RecordReader, p *mapping.Program, known *parents.Known, workers int, keys []string) <-chan *batch {
	todo := make(chan *batch, workers)
	out := make(chan *batch, ahead)
	g.Go(func() error {
		defer close(out)
		defer close(todo)
		return read(ctx, r, todo, out)
	})
	for range workers {
		w := p.Worker()
		if known != nil {
			w.Parents = known
		}
		g.Go(func() error {
			for b := range todo {
				b.seen = known.Seen()
				b.mapped = make([]record.Mapped, len(b.page.Records))
				b.claims = make([][]mapping.Claim, len(b.page.Records))
				for i := range b.page.Records {
					b.mapped[i], b.claims[i] = mapped(w, b.page, i)
				}
				if _, err := b.refer(ctx, known, w, known.Ask); err != nil {
					return err
				}
				for i := range b.page.Records {
					switch {
					case keys == nil:
					case b.mapped[i].Record.Broken != nil:
						b.keys = append(b.keys, nil)
					default:
						b.keys = append(b.keys, w.Identity(&b.mapped[i], keys))
					}
				}
				close(b.ready)
			}
			return nil
		})
	}
	return out
}

// mapped maps a record of a page; one that could not be read is rejected as it
// is, one that was sent before is what it was then.
func mapped(w *mapping.Worker, p *record.Page, i int) (record.Mapped, []mapping.Claim) {
	r := &p.Records[i]
	if p.Mapped != nil {
		return p.Mapped[i], nil
	}
	w.Open(r)
	if r.Broken != nil {
		return record.Mapped{Record: *r, Reject: true, Issues: []record.Issue{r.Broken.Issue}}, nil
	}
	m := w.Map(r)
	if m.Filtered != "" || len(m.Waits) > 0 {
		return m, nil
	}
	return m, w.Claims()
}

// read hands each page to whoever maps it, and its place in the order to
// whoever writes it. A page is held back until it is known whether it is the
// last one.
func read(ctx context.Context, r connector.RecordReader, todo, out chan<- *batch) error {
	var held *batch
	hand := func(b *batch) error {
		for _, to := range []chan<- *batch{out, todo} {
			select {
			case to <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
	for {
		page, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			if held == nil {
				held = &batch{page: &record.Page{Schema: r.Schema()}, count: r.Count(), ready: make(chan struct{})}
			}
			held.last = true
			return hand(held)
		}
		if err != nil {
			return err
		}
		if held != nil {
			if err := hand(held); err != nil {
				return err
			}
		}
		held = &batch{page: page, count: r.Count(), ready: make(chan struct{})}
	}
}
