package call

import (
	"context"
	"encoding/json"
	"time"

	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit/calls"
)

// Records whose outcome is settled together. Variables, so that binaries built for
// tests can settle few.
var (
	settleRecords int64 = 1000
	settleEvery         = 5 * time.Second
)

// chunk is what has an outcome and is not settled. Nil has nothing.
type chunk struct {
	record.Chunk
	exceptions []record.Exception
	began      time.Time
	records    int64
	early      bool // somebody waits until it is settled
}

func (c *chunk) account() record.Account {
	if c == nil {
		return record.Account{}
	}
	return c.Account
}

func (c *chunk) full() bool {
	return c != nil && (c.early || c.records >= settleRecords || time.Since(c.began) >= settleEvery)
}

// due is when it is settled at the latest, zero without one.
func (c *chunk) due() time.Time {
	if c == nil {
		return time.Time{}
	}
	if c.early {
		return c.began
	}
	return c.began.Add(settleEvery)
}

// begun is the chunk that what is finished now comes into.
func (d *delivering) begun() *chunk {
	if d.chunk == nil {
		d.chunk = &chunk{began: time.Now()}
		d.chunk.Number, d.chunk.State = d.next, record.Prepared
		d.chunk.Account = record.Account{Step: d.spec.Step, Entity: d.spec.Entity, Unit: d.unit.ID, Generation: 1, Current: true}
		d.chunk.States = &record.States{Place: d.spec.Place, Mapping: d.spec.Mapping, By: d.notes.by.ID}
	}
	d.chunk.records++
	return d.chunk
}

// finish gives a record its outcome.
func (d *delivering) finish(e *end) {
	c, t := d.begun(), e.task
	c.Account.Pending--
	c.Account.Count(e.outcome, 1)
	c.Account.Written += int64(e.written)
	if e.outcome == record.Applied && t.adopted() {
		c.Account.Adopted++
	}
	if e.outcome == record.Pending {
		c.Account.Blocked++
	}
	c.except(d, e)
	said := e.outcome != record.Equal && e.outcome != record.Superseded && !e.theirs
	if t.claimed && !said { // nobody else may have to wait for it, nor take this for what was said of it last
		d.notes.later(calls.Freed(t.Key))
	}
	if said {
		s := record.State{Key: t.Key, Outcome: e.outcome}
		if e.outcome == record.Applied {
			s.Hash = t.Item.Hash
		}
		switch {
		case t.Item.Gone && e.outcome == record.Applied:
			s.Hash, s.Kept = 0, []byte{}
		case len(t.Kept) > 0:
			s.Kept, _ = t.Kept.Bytes() // it was read from such bytes, or is an answer
		}
		c.States.List = append(c.States.List, s)
	}
	if e.outcome == record.Dead || e.outcome == record.Pending {
		d.block(t)
	}
	k := d.source.keys[t.Key]
	k.line[0] = nil // its record need not stay until that is settled
	k.line = k.line[1:]
	if e.outcome == record.Applied && t.Item.Gone {
		k.now = &calls.Standing{Attempts: t.Attempts + 1}
	} else if e.outcome == record.Applied {
		k.now = &calls.Standing{Hash: t.Item.Hash, Kept: t.Kept, Attempts: t.Attempts + 1}
	} else if e.outcome != record.Equal && e.outcome != record.Superseded {
		now := t.Standing
		if said {
			now.Attempts++ // what comes next is another attempt than a refused one
		}
		k.now = &now
	} else if len(k.line) == 0 && k.now == nil && !t.claimed {
		delete(d.source.keys, t.Key)
	}
	k.open = k.open || said || t.claimed
	d.done(t)
}

// done takes what has come to its end out of memory.
func (d *delivering) done(t *task) {
	d.position.add(t.Seq)
	delete(d.source.memory, t.Seq)
	d.space.give(t.Size)
	d.order.done(t)
}

// block keeps those back that stand behind one in its group.
func (d *delivering) block(t *task) {
	if _, waits := d.position.holder(t.Group, t.Key); t.Group != "" && !waits && d.spec.Groups == calls.Block {
		d.position.hold(t.Group, t.Key, nil)
	}
}

// pass goes by a gap: one that was rejected, or left out, is to those behind it what one
// is that was refused. Its own outcome is told where that was decided. For one that waits
// for others they wait under stop, too: it may come yet.
func (d *delivering) pass(ctx context.Context, t *task) error {
	awaits, comes, err := t.Awaits()
	_, held := d.position.Blocked[t.Group]
	holds := false
	if err == nil && (!held || len(d.position.Awaited[t.Group]) > 0) { // else it changes nothing
		holds, err = d.book.Holds(ctx, d.spec.Step, record.Rank{Turn: t.Turn, ID: t.Exception})
	}
	if err != nil {
		d.order.delay(t, time.Now())
		return err
	}
	if holds && (comes || d.spec.Groups == calls.Block) {
		d.position.hold(t.Group, t.Key, awaits)
	}
	d.begun()
	d.done(t)
	if holds && !held && !comes && d.spec.Groups == calls.Stop {
		return d.stopped(t.Key, "rejected", "")
	}
	return nil
}

// except puts away a record that was not delivered, or says how one ended that was.
func (c *chunk) except(d *delivering, e *end) {
	t, now := e.task, time.Now().UTC().Truncate(time.Millisecond)
	x := record.Exception{ID: t.Exception, Outcome: e.outcome, Mapping: d.spec.Mapping, Last: now}
	if e.outcome != record.Dead && e.outcome != record.Pending {
		if x.ID != 0 {
			c.exceptions = append(c.exceptions, x)
		}
		return
	}
	x.Step, x.Entity, x.Key, x.Unit, x.Source, x.First, x.Attempts = d.spec.Step, d.spec.Entity, t.Key, d.unit.ID, json.RawMessage(t.Source), now, max(1, t.tries)
	x.Group, x.Turn = t.Group, t.Turn
	x.Code, x.Text, x.Issues = e.why.Code, e.why.Text, e.why.Issues
	if t.Item.Gone {
		x.Issues = append([]record.Issue{{Rule: record.RuleGone, Severity: record.SeverityError, Text: "it is gone from the source, and was not deleted: " + x.Text,
			Hint: "the next run of the flow deletes it"}}, x.Issues...)
	}
	if e.outcome == record.Dead {
		x.Refusal, x.Sent = &record.Refusal{Code: e.why.Code, Text: e.why.Text, Where: e.why.Where, State: e.why.State}, e.why.Sent
	}
	x.Cause = record.Cause(x)
	c.exceptions = append(c.exceptions, x)
}

// settle makes what has an outcome count.
func (d *delivering) settle(ctx context.Context) (err error) {
	c := d.chunk
	if c == nil {
		return d.notes.flush(ctx)
	}
	if c.After, err = json.Marshal(d.position); err != nil {
		return fault.New(fault.Internal, "chunk.order", "note how far %s has come: %w", d.unit.ID, err)
	}
	if !c.Account.Balances() {
		return fault.New(fault.Internal, "account.open", "chunk %d of %s does not close: %d records were to have an outcome, %d have one",
			c.Number, d.unit.ID, c.records, c.Account.Settled()+c.Account.Blocked)
	}
	if len(c.States.List) == 0 {
		c.States = nil
	}
	err = d.notes.halt(ctx, func() error {
		if err := d.book.Prepare(ctx, d.unit.ID, d.lease.Fence, c.Chunk, c.exceptions, nil); err != nil {
			return fault.Wrap(err, "prepare chunk %d", c.Number)
		}
		d.report.At("deliver.prepared")
		return fault.Wrap(d.book.Settle(ctx, d.unit.ID, d.lease.Fence, c.Number), "settle chunk %d", c.Number)
	})
	if err != nil {
		return err
	}
	d.report.At("deliver.settled")
	for key, k := range d.source.keys { // the ledger tells how they stand
		if k.open = false; len(k.line) == 0 {
			delete(d.source.keys, key)
		}
	}
	d.total, d.next, d.chunk = d.total.Plus(c.Account), c.Number+1, nil
	return nil
}
