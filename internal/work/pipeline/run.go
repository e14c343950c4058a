package pipeline

import (
	"context"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/work/pipeline/held"
	"godwit/internal/work/pipeline/parents"
	"godwit/internal/work/pipeline/printable"
	"godwit/internal/work/pipeline/produce"

	"golang.org/x/sync/errgroup"
)

// run writes batches into chunks until nothing is left, or, drained, until a
// chunk ends.
func (r *loading) run(ctx context.Context) (yielded bool, err error) {
	if r.over {
		return false, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	batches := flow(ctx, g, r.reader, r.program, r.parents, r.spec.Mappers, r.spec.Keys)
	g.Go(func() error {
		defer cancel() // what was read ahead of a border is not wanted
		var err error
		yielded, err = r.write(ctx, batches)
		return err
	})
	err = g.Wait()
	if r.over || yielded {
		return yielded, nil // the stages before end with the context's error
	}
	return false, err
}

// write is the last stage: one transaction of the target at a time.
func (r *loading) write(ctx context.Context, batches <-chan *batch) (yielded bool, err error) {
	var c *chunk
	var count int64 // the source's, up to the last chunk
	defer func() {
		if c != nil {
			c.load.Close()
		}
	}()
	for b := range batches {
		select {
		case <-b.ready:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		if c == nil {
			if c, err = r.open(ctx); err != nil {
				return false, err
			}
		}
		if err := r.put(ctx, c, b, count); err != nil {
			return false, err
		}
		r.progress(c)
		if !b.last && (b.page.After == nil || !c.full() && !r.drained() && !r.tooMany(c)) {
			continue
		}
		if !b.last {
			c.After = b.page.After
		}
		if err := r.settle(ctx, c); err != nil {
			return false, err
		}
		count, c = b.count, nil
		if err := r.stopAt(); err != nil {
			return false, err
		}
		if r.over = b.last; r.over {
			return false, nil
		}
		if r.drained() {
			return true, nil
		}
	}
	return false, ctx.Err()
}

func (r *loading) drained() bool {
	select {
	case <-r.report.Drain():
		return true
	default:
		return false
	}
}

// open begins a chunk: its mark is the first thing in its transaction.
func (r *loading) open(ctx context.Context) (*chunk, error) {
	c := &chunk{schema: r.spec.Schema, into: r.spec.Into, printable: printable.Of(r.spec.Map, r.spec.Into), step: r.step(), release: r.spec.Release != nil, version: r.program.Version(), now: time.Now().UTC().Truncate(time.Millisecond)}
	if a := r.spec.Again; a != nil && a.Sent != nil {
		c.version = "" // no map had a part in it
	}
	c.Number, c.State, c.since = r.next, record.Prepared, r.spec.since()
	c.Account = record.Account{Step: r.step(), Entity: r.unit.Entity, Unit: r.unit.ID, Generation: 1, Current: true}
	var err error
	if c.load, c.records, err = r.target.BeginRecords(ctx, []record.MarkKey{c.key(r.unit, r.lease, r.spec.unlogged())}); err != nil {
		return nil, fault.Wrap(err, "begin on %s", r.spec.To)
	}
	if err := r.lease.Check(ctx); err != nil {
		c.load.Close()
		return nil, err
	}
	if err := r.trusts(ctx, c); err != nil {
		c.load.Close()
		return nil, fault.Wrap(err, "look at what is referred to at %s", r.spec.To)
	}
	holder := connector.Holder{Run: r.lease.Run, Step: r.unit.Step}
	if c.aim, err = held.At(r.spec.To, r.target, c.load, holder, r.spec.Mode, r.spec.Into, r.spec.Keys != nil); err != nil {
		c.load.Close()
		return nil, err
	}
	if m := r.spec.Remember; m != nil {
		c.remember, c.States = m, &record.States{Place: m.Place, Mapping: c.version, Anew: r.spec.Mode == connector.ModeReplace}
	}
	r.judge.Begin()
	r.report.At("load.begun")
	return c, nil
}

// put writes a batch into the chunk and counts it.
func (r *loading) put(ctx context.Context, c *chunk, b *batch, before int64) error {
	if err := b.anew(ctx, r.parents, r.worker, parents.Witness(c.records)); err != nil {
		return err
	}
	became, err := r.hand(ctx, c, b)
	if err != nil {
		return err
	}
	if err := c.aim.Note(ctx, c.records, b.keys); err != nil {
		return err
	}
	if e, ok := c.records.(produce.Ender); ok {
		if err := e.End(b.mapped); err != nil {
			return err
		}
	}
	c.Account.Read = b.count - before
	for i := range b.page.Records {
		c.since.Take(b.page.Records[i].Slots)
	}
	for i := range b.mapped {
		r.watch.Note(&b.mapped[i])
		r.watch.Twice(b.mapped[i].Record.Key, leftOut(&b.mapped[i], became[i]))
	}
	if err := c.take(b, became); err != nil {
		return err
	}
	r.report.At("load.written")
	return nil
}

// writeRecords writes a page of them.
func (r *loading) writeRecords(ctx context.Context, c *chunk, page []record.Mapped) ([]connector.Became, error) {
	if len(page) == 0 {
		return nil, nil
	}
	became, err := c.aim.Write(ctx, c.records, page)
	if err != nil {
		return nil, fault.Wrap(err, "write to %s", r.spec.To)
	}
	if len(became) != len(page) {
		return nil, fault.New(fault.Internal, "account.open", "%s told of %d records what became of them, of %d", r.spec.To, len(became), len(page))
	}
	return became, nil
}

// settle tells the ledger what the chunk comes to, commits it, and makes it
// count: in this order, so that no commit is without its story.
func (r *loading) settle(ctx context.Context, c *chunk) error {
	if !c.Account.Closes() && (r.spec.Calls == nil || !c.Account.Balances()) {
		return fault.New(fault.Internal, "account.open", "chunk %d of %s does not close: %s gave %d records, %d have an outcome",
			c.Number, r.unit.Entity, r.spec.From, c.Account.Read, c.Account.Settled())
	}
	if r.spec.Query.Since != nil {
		var err error
		if c.Seen, err = c.since.Seen(r.point); err != nil {
			return fault.New(fault.Internal, "chunk.order", "chunk %d: what it has read up to: %w", c.Number, err)
		}
	}
	if err := r.keep(ctx, c); err != nil {
		return fault.Wrap(err, "keep what the records of chunk %d said", c.Number)
	}
	r.report.At("load.kept")
	c.Stubs = c.stubs.States
	if err := parents.Stand(ctx, parents.Witness(c.records), r.spec.Remember, append(c.Stubs, c.States), r.parents); err != nil {
		return fault.Wrap(err, "look at what chunk %d was written to", c.Number)
	}
	if err := r.book.Prepare(ctx, r.unit.ID, r.lease.Fence, c.Chunk, c.exceptions, append(c.warnings, c.stubs.Warnings...)); err != nil {
		return fault.Wrap(err, "prepare chunk %d", c.Number)
	}
	r.report.At("load.prepared")
	mark := c.Account
	mark.Chunk, mark.Generation = c.Number, r.lease.Attempt
	if err := c.load.Commit(ctx, []record.Account{mark}); err != nil {
		return fault.Wrap(err, "commit chunk %d on %s", c.Number, r.spec.To)
	}
	r.report.At("load.committed")
	c.load.Close()
	if err := r.book.Settle(ctx, r.unit.ID, r.lease.Fence, c.Number); err != nil {
		return fault.Wrap(err, "settle chunk %d", c.Number)
	}
	r.report.At("load.settled")
	r.total, r.next = r.total.Plus(c.Account), c.Number+1
	return nil
}

// leastForShare is how many records are read before a share of bad ones means
// anything.
const leastForShare = 1000

// tooMany reports whether so many records are bad that the step has to stop.
func (r *loading) tooMany(c *chunk) bool {
	a := r.total
	if c != nil {
		a = a.Plus(c.Account)
	}
	stop := r.spec.StopAt
	return stop > 0 && a.Read >= leastForShare && float64(bad(a)) >= stop*float64(a.Read)
}

func (r *loading) stopAt() error {
	if !r.tooMany(nil) {
		return nil
	}
	return fault.New(fault.Data, "records.too-many-bad", "%d of %d records were not loaded: stop_at is %g %%",
		bad(r.total), r.total.Read, r.spec.StopAt*100).
		Hint("godwit dead stats %s names the causes", r.lease.Name).
		Hint("mend the map or the source, or raise stop_at; the same command goes on")
}
