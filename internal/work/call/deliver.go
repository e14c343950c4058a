package call

import (
	"context"
	"errors"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/record/collector"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
)

// What is in memory, and at work, of one unit. The connection's own limits say how
// many requests there are at a time.
const (
	workers   = 32
	window    = 1000
	windowOf  = 4 << 20 // bytes of their stored form; but always one record
	groupMost = 64      // records of one group: a long one must not keep the others out
	readMost  = 100     // whose standing is asked for at once
)

// deliverer does units of kind deliver.
type deliverer struct {
	open  connector.Opener
	book  Book
	desk  *desk
	space space
}

// Done finds nothing out: what an earlier attempt left is settled by Do, which goes
// on behind it.
func (*deliverer) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// Do makes the calls of all records of its partitions that have no outcome yet.
// Drained it yields once what is under way has come to its end.
func (x *deliverer) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	defer collector.Relax()()
	d, err := x.begin(ctx, u, l, report)
	if err != nil {
		return unit.Result{}, err
	}
	defer d.forget()
	yielded, err := d.run(ctx)
	err = errors.Join(err, d.source.items.Close(), d.leave(ctx))
	if err != nil || yielded {
		return unit.Result{Yielded: yielded && err == nil}, err
	}
	return d.result(ctx)
}

// delivering is one attempt at a unit.
type delivering struct {
	book    Book
	unit    unit.Unit
	lease   unit.Lease
	report  unit.Report
	spec    calls.Delivery
	program *calls.Program
	open    connector.Opener
	caller  connector.Lister
	began   time.Time
	notes   *notes
	crew    crew

	position position // with what is finished and not settled
	order    *order
	chunk    *chunk
	next     int            // number of the next chunk
	total    record.Account // of the settled ones
	source   source
	space    *space
	good     good // of the last record of which something came through
	shared   shared
}

func (x *deliverer) begin(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (*delivering, error) {
	spec, err := specOf(u)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	d := &delivering{book: x.book, open: x.open, unit: u, lease: l, report: report, spec: spec, began: now, good: good{at: now}, order: newOrder(), next: 1, space: &x.space}
	if d.program, err = spec.Program(); err != nil {
		return nil, fault.New(fault.Internal, "unit.spec", "%s: %w", u.ID, err)
	}
	if d.caller, err = connector.Capable[connector.Lister](ctx, x.open, spec.To, "take calls"); err == nil {
		err = d.limit()
	}
	if err != nil {
		return nil, err
	}
	d.notes = &notes{desk: x.desk, at: spec.Place}
	if err := d.recover(ctx); err != nil {
		return nil, err
	}
	if err := d.join(ctx); err != nil {
		return nil, err
	}
	d.source = source{keys: map[string]*sameKey{}, memory: map[int64]bool{}}
	if err := d.reopen(ctx); err != nil {
		return nil, errors.Join(err, d.leave(ctx))
	}
	return d, nil
}

// recover settles what an attempt had prepared: its outcomes are what they are,
// whoever writes them down.
func (d *delivering) recover(ctx context.Context) error {
	d.position, _ = positionOf(nil)
	chunks, err := unit.Recover(ctx, d.book, d.unit.ID, d.lease.Fence, nil)
	if err != nil {
		return err
	}
	for _, c := range chunks {
		d.next, d.total = c.Number+1, d.total.Plus(c.Account)
		if d.position, err = positionOf(c.After); err != nil {
			return err
		}
	}
	return nil
}

// run makes the calls until every record has an outcome, the unit is drained, or
// something is wrong with all of them.
func (d *delivering) run(ctx context.Context) (yielded bool, err error) {
	d.crew = newCrew()
	defer close(d.crew.tasks)
	timer := time.NewTimer(0)
	defer timer.Stop()
	var broken error
	for {
		if broken == nil {
			broken = ctx.Err()
		}
		if yielded = d.drained(); broken == nil && !yielded {
			if broken = d.fill(ctx); broken == nil {
				broken = d.dispatch(ctx)
			}
		}
		if d.crew.busy == 0 && (broken != nil || yielded || d.order.items == 0 && d.source.over) {
			break
		}
		wake := d.order.wake(time.Now())
		if wake.IsZero() || broken != nil || yielded {
			wake = time.Now().Add(settleEvery)
		}
		if d.order.items == 0 && !d.source.cramped { // all of them waited: there is room for others
			wake = time.Now()
		}
		if d.source.cramped {
			wake = earlier(wake, time.Now().Add(askAgain))
		}
		timer.Reset(time.Until(earlier(wake, d.chunk.due())))
		select {
		case e := <-d.crew.ends:
			if err := d.takeAll(e); broken == nil {
				broken = err
			}
		case <-timer.C:
		case <-ctx.Done():
		case <-d.drain(yielded):
		}
		if ctx.Err() != nil { // the rest is left as it is: they end with it
			for ; d.crew.busy > 0; d.crew.busy-- {
				<-d.crew.ends
			}
			return false, ctx.Err()
		}
		if d.chunk.full() {
			if err := d.settle(ctx); err != nil && broken == nil {
				broken = err
			}
		}
		d.progress()
	}
	if err := d.settle(ctx); err != nil && broken == nil {
		broken = err
	}
	return yielded && broken == nil, broken
}

func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// forget gives the space of what is still in memory back.
func (d *delivering) forget() {
	for _, g := range d.order.groups {
		for _, t := range g.queue {
			d.space.give(t.Size)
		}
	}
}

// drain is closed when the unit should stop; once that is known it is no more asked.
func (d *delivering) drain(known bool) <-chan struct{} {
	if known {
		return nil
	}
	return d.report.Drain()
}

func (d *delivering) drained() bool {
	select {
	case <-d.report.Drain():
		return true
	default:
		return false
	}
}

// dispatch begins records that may be, as long as there is a worker for them. Those of
// groups that wait get their outcome at once.
func (d *delivering) dispatch(ctx context.Context) error {
	d.order.wake(time.Now())
	for d.crew.busy < workers {
		t := d.order.next()
		if t == nil {
			return nil
		}
		if t.Gap {
			if err := d.pass(ctx, t); err != nil {
				return err
			}
			continue
		}
		by, waits := d.position.holder(t.Group, t.Key)
		if !d.first(t, waits) {
			continue
		}
		if waits {
			d.finish(&end{task: t, outcome: record.Pending, why: blockedBy(by)})
			continue
		}
		d.hand(ctx, t)
	}
	return nil
}

// patience is how long nothing may come through before the unit ends: then it is
// tried again as a whole, when its step says so.
const patience = 20 * time.Second

// take takes in how a record's turn went. Its error ends the unit.
func (d *delivering) take(e *end) error {
	now := time.Now()
	d.shared.by = e.by
	if e.through {
		d.good.at = now
		if e.began.After(d.good.began) {
			d.good.began = e.began
		}
	}
	counts := d.hopeless(e, now)
	switch {
	case e.outcome != "":
		d.finish(e)
		if e.outcome != record.Dead {
			return nil
		}
		return d.tooMany(e)
	case !e.due.IsZero():
		d.order.delay(e.task, e.due)
		if e.err != nil && !counts && now.Sub(d.good.at) > patience {
			return fault.Stood(e.err, d.good.at)
		}
		return nil
	}
	d.order.delay(e.task, now) // as if it had not been tried
	return e.err
}

// leastForShare is how many records have to have an outcome before a share of
// dead ones means anything.
const leastForShare = 1000

// tooMany is what ends a unit that has left records behind.
func (d *delivering) tooMany(e *end) error {
	if d.spec.Groups == calls.Stop {
		return d.stopped(e.task.Key, "refused", ": "+e.why.Text)
	}
	a := d.total.Plus(d.chunk.account())
	all := a.Settled() + a.Blocked
	if d.spec.StopAt == 0 || all < leastForShare || float64(a.Dead) < d.spec.StopAt*float64(all) {
		return nil
	}
	return fault.New(fault.Data, "records.too-many-bad", "%d of %d records were refused: stop_at is %g %%", a.Dead, all, d.spec.StopAt*100).
		Hint("godwit dead stats %s names the causes", d.lease.Name).
		Hint("mend the map or the source, or raise stop_at; the same command goes on")
}

// stopped is what ends a unit whose groups stop.
func (d *delivering) stopped(key, was, why string) error {
	return fault.New(fault.Data, "records.stopped", "%s/%s was %s, and dead: {group: stop} ends the step%s", d.spec.Entity, key, was, why).
		Hint("godwit dead list %s names the reason; the same command goes on behind it", d.lease.Name)
}

func (d *delivering) progress() {
	a := d.total.Plus(d.chunk.account())
	d.report.Progress(unit.Progress{Unit: d.unit.ID, At: time.Now(), Rows: a.Blocked - a.Pending, Done: d.position.n, Total: d.unit.Weight, Doing: d.doing()})
}

// result holds the accounts of all chunks.
func (d *delivering) result(ctx context.Context) (res unit.Result, err error) {
	chunks, err := d.book.Chunks(ctx, d.unit.ID)
	if err != nil {
		return res, fault.Wrap(err, "look up chunks")
	}
	var all record.Account
	for _, c := range chunks {
		res.Accounts, all = append(res.Accounts, c.Account), all.Plus(c.Account)
	}
	if res.Open = all.Dead > 0; res.Open { // unless somebody has accepted all of it
		n, err := d.book.Unaccepted(ctx, d.unit.ID)
		if err != nil {
			return res, fault.Wrap(err, "look up what is accepted")
		}
		res.Open = n > 0
	}
	if waits := all.Blocked > 0; waits { // the last word has who counts what waits, if somebody does
		res.Blocked = &waits
	}
	return res, nil
}
