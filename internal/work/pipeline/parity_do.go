package pipeline

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/record/collector"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/limit"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/parents"
	"godwit/internal/work/pipeline/printable"
	"godwit/internal/work/pipeline/readback"
	"godwit/internal/work/pipeline/sample"
	"godwit/internal/work/pipeline/setrules"
	"godwit/internal/work/pipeline/shelf"
	"godwit/internal/work/pipeline/unlike"

	"golang.org/x/sync/errgroup"
)

// VerifyExecutors returns those of the verify verb's form for records.
func VerifyExecutors(open connector.Opener, book Book) map[string]unit.Executor {
	return map[string]unit.Executor{"compare": &comparer{open, book, shelf.New(book)}}
}

// comparer does units of kind compare.
type comparer struct {
	open  connector.Opener
	book  Book
	shelf *shelf.Shelf
}

// Done: looking leaves nothing behind.
func (*comparer) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// Do compares all records with the rows at the target, tells what differs and
// fails with code verify.differs if something does. Drained it stops where it is
// and is done again from the start: what it knows of the target holds for one
// point in time.
func (x *comparer) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	defer collector.Relax()()
	c := &comparing{unit: u, report: report}
	if err := json.Unmarshal(u.Spec, &c.spec); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	load := &c.spec.Load
	lookups, err := x.shelf.Of(ctx, load.Map)
	if err != nil {
		return unit.Result{}, err
	}
	program, err := load.compile(lookups)
	if err != nil {
		return unit.Result{}, err
	}
	known, err := load.parents(x.book, parents.Own{})
	if err != nil {
		return unit.Result{}, err
	}
	c.parents, c.again, c.last = known, program.Worker(), program.Worker()
	if known != nil {
		c.again.Parents, c.last.Parents = known, known
	}
	c.last.Decide = true
	if err := load.setAside(ctx, x.open); err != nil {
		return unit.Result{}, err
	}
	ctx, leave, err := limit.Both(ctx, x.open, load.From, load.To)
	if err != nil {
		return unit.Result{}, err
	}
	defer leave()
	reader, _, err := load.read(ctx, x.open, l, u.Step, nil)
	if err != nil {
		return unit.Result{}, err
	}
	defer reader.Close()
	if err := c.against(ctx, x.open, x.book, program); err != nil {
		return unit.Result{}, fault.Wrap(err, "verify %s", c.spec.Entity)
	}
	defer c.rows.Close()
	c.judge = setrules.New(program, false)
	defer c.judge.Close()
	c.source = sample.Of(reader, c.spec.Sample)
	g, within := errgroup.WithContext(ctx)
	within, cancel := context.WithCancel(within)
	defer cancel()
	batches := flow(within, g, c.source, program, known, load.Mappers, nil)
	g.Go(func() error {
		defer cancel() // what was read ahead of a border is not wanted
		return c.all(within, batches)
	})
	switch err = g.Wait(); {
	case c.yielded:
		return unit.Result{Yielded: true}, nil
	case err != nil && !c.over: // the stages before end with the context's error
		return unit.Result{}, err
	}
	return c.finish(ctx)
}

// comparing is one attempt at a unit.
type comparing struct {
	unit          unit.Unit
	spec          ParitySpec
	report        unit.Report
	source        connector.RecordReader
	rows          connector.RecordComparison
	judge         *setrules.Judge // nil without rules over many records
	parents       *parents.Known  // nil when the map refers to nothing
	again         *mapping.Worker // of records that were mapped with what does not hold at the target
	last          *mapping.Worker // of those that refer to what is not there: none will come
	aside         unit.Aside
	in            int64 // records that were mapped, in the sample
	sent          int64 // of them, those that were compared
	bytes         int64
	into          []catalog.Into
	shown         printable.Columns
	most          int            // records that are compared without a look at Drain; 0 = a page
	unlike        [][]unlike.Row // by table, the first ones
	over, yielded bool           // all was read; it was drained
}

// against opens what the records are compared with: rows, or what an API says.
func (c *comparing) against(ctx context.Context, open connector.Opener, book Book, program *mapping.Program) (err error) {
	load := &c.spec.Load
	if load.Calls != nil {
		c.into, c.most = readback.Into(&load.Calls.Delivery, load.Query.Key), readback.Page
		c.shown = readback.Shown(load.Map, &load.Calls.Delivery)
		c.rows, err = readback.Open(ctx, open, &load.Calls.Delivery, program.Columns(0), book)
		return err
	}
	target, err := connector.Capable[connector.RecordComparer](ctx, open, load.To, "have records compared with its rows")
	if err != nil {
		return err
	}
	where := c.spec.Where
	if c.spec.Sample > 0 {
		where = nil
	}
	c.into, c.shown = load.Into, printable.Of(load.Map, load.Into)
	c.rows, err = target.CompareRecords(ctx, load.Mode, load.Into, where)
	return err
}

// all compares batch after batch.
func (c *comparing) all(ctx context.Context, batches <-chan *batch) error {
	c.unlike = make([][]unlike.Row, len(c.into))
	for b := range batches {
		select {
		case <-b.ready:
		case <-c.report.Drain():
			c.yielded = true
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := c.batch(ctx, b); err != nil {
			return err
		}
		if c.yielded {
			return nil
		}
		c.report.At("compare.page")
		if c.over = b.last; c.over {
			return nil
		}
		if c.yielded = c.drained(); c.yielded {
			return nil
		}
	}
	return ctx.Err()
}

func (c *comparing) drained() bool {
	select {
	case <-c.report.Drain():
		return true
	default:
		return false
	}
}

// batch compares what the map made of a page; what it left out is counted.
func (c *comparing) batch(ctx context.Context, b *batch) error {
	if err := b.anew(ctx, c.parents, c.again, parents.Witness(c.rows)); err != nil {
		return fault.Wrap(err, "verify %s", c.spec.Entity)
	}
	open := make([]int, 0, len(b.mapped))
	for i := range b.mapped {
		if len(b.mapped[i].Waits) > 0 {
			b.mapped[i], b.claims[i] = mapped(c.last, b.page, i)
		}
		m := &b.mapped[i]
		c.bytes += int64(m.Record.Size)
		switch {
		case m.Filtered != "":
			c.aside.Filtered++
		case m.Reject, len(m.Waits) > 0: // no row of it can be told
			c.aside.Rejected++
		default:
			open = append(open, i)
		}
	}
	c.in += int64(len(b.mapped))
	c.aside.Read = b.count
	c.judge.Begin()
	for most := len(b.mapped); len(open) > 0; {
		if c.judge != nil {
			most = connector.MostUnlike // so that each that is missing is named
		}
		if c.most > 0 {
			most = min(most, c.most)
		}
		now, later := c.judge.Admit(b.mapped, b.claims, open)
		c.aside.Rejected += int64(len(open) - len(now) - len(later))
		for some := range slices.Chunk(now, most) {
			if err := c.compare(ctx, b, some); err != nil {
				return fault.Wrap(err, "verify %s", c.spec.Entity)
			}
			if c.most > 0 && c.drained() { // each takes a request
				c.yielded = true
				return nil
			}
		}
		open = later
	}
	c.report.Progress(unit.Progress{
		Unit: c.unit.ID, At: time.Now(), Rows: b.count, Bytes: c.bytes, Done: min(b.count, c.unit.Weight), Total: c.unit.Weight, Doing: "verify",
	})
	return nil
}

// compare compares some records of a batch. Those that are at the target are what
// later ones are held against, as they were when they were loaded.
func (c *comparing) compare(ctx context.Context, b *batch, some []int) error {
	page := make([]record.Mapped, 0, len(some))
	for _, i := range some {
		page = append(page, b.mapped[i])
	}
	list, err := c.rows.Compare(ctx, page)
	if err != nil {
		return err
	}
	away := map[int64]bool{}
	for _, u := range list {
		n := u.Record - c.sent
		away[n] = away[n] || u.Into == 0 && (u.What == connector.RowMissing || u.Refusal != nil)
		if of := c.unlike[u.Into]; len(of) < connector.MostUnlike {
			c.unlike[u.Into] = append(of, unlike.Row{Unlike: u, Of: page[n].Record.Key})
		}
	}
	c.sent += int64(len(page))
	for n, i := range some {
		if away[int64(n)] {
			continue
		}
		if err := c.judge.Loaded(&b.mapped[i], b.claims[i]); err != nil {
			return err
		}
	}
	return nil
}

// finish tells what the comparison came to.
func (c *comparing) finish(ctx context.Context) (unit.Result, error) {
	c.aside.Sample = c.spec.Sample
	if c.aside.Left = c.aside.Read - c.in; c.aside.Left != 0 && c.spec.Sample == 0 {
		return unit.Result{}, fault.New(fault.Internal, "account.open", "%s gave %d records, %d were mapped", c.spec.Load.From, c.aside.Read, c.in)
	}
	var told []int64
	for _, list := range c.unlike {
		for _, u := range list {
			told = append(told, u.Record)
		}
	}
	all, err := c.rows.Result(ctx, told)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "verify %s", c.spec.Entity)
	}
	c.aside.Superseded = all.Superseded
	if r, ok := c.rows.(*readback.Comparison); ok && c.spec.Repair {
		n, err := r.Repair(ctx)
		if err != nil {
			return unit.Result{}, err
		}
		c.aside.Repaired = int64(n)
		c.report.At("compare.repaired")
	}
	return c.tell(all)
}
