package call

import (
	"context"
	"sync/atomic"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit/calls"
)

// shared is what others at the same place mean for a unit: two that were given the
// same records must not both make their calls.
type shared struct {
	now atomic.Bool // each record has to be claimed
	by  string      // the run that a record waits for
	as  calls.Speaker
}

// join comes to the place. The units of a step's delivery share no record, and claim
// none as long as they are alone there.
func (d *delivering) join(ctx context.Context) error {
	as, err := d.book.Speaker(ctx, d.spec.Step, d.spec.Again)
	if err != nil {
		return err
	}
	d.shared.as = as
	by, err := d.book.Join(ctx, d.spec.Place, d.unit.ID, d.spec.Sources[0])
	if err != nil {
		return fault.Wrap(err, "begin to deliver %s", d.spec.Entity)
	}
	d.shared.now.Store(by.Shared)
	d.notes.by = by
	d.notes.desk.come(d.notes, by.Watched)
	return nil
}

// leave ends what join began, also when the unit is cut off: others wait for it.
func (d *delivering) leave(ctx context.Context) error {
	d.notes.desk.leave(d.notes)
	err := d.book.Leave(context.WithoutCancel(ctx), d.notes.by, d.spec.Place)
	if fault.CodeOf(err) == "run.fenced" { // whoever owns it now has left for it
		return nil
	}
	return err
}

const (
	firstLook = 100 * time.Millisecond // at a record that another run is at work with, then later
	lastLook  = 2 * time.Second
)

// claim makes sure that nobody else makes calls for the record. What an earlier
// delivery has left in doubt is claimed in any case.
func (s *turn) claim(ctx context.Context) *end {
	if s.t.claimed || !s.d.shared.now.Load() && len(s.t.Calls) == 0 {
		return nil
	}
	if len(s.t.Calls) == 0 { // another run may have delivered it since it was read: that needs no claim
		now, err := s.d.book.Standing(ctx, s.d.notes.by, s.d.spec.Place, []string{s.t.Key})
		if err != nil {
			return &end{err: fault.Wrap(err, "look up how %s/%s stands", s.d.spec.Entity, s.t.Key)}
		}
		if is := now[s.t.Key]; is.Hash == s.t.Item.Hash && len(is.Calls) == 0 {
			s.t.Standing = is
			return nil
		}
	}
	got, err := s.d.book.Claim(ctx, s.d.notes.by, s.d.spec.Place, s.t.Key)
	if err != nil {
		return &end{err: fault.Wrap(err, "claim %s/%s", s.d.spec.Entity, s.t.Key)}
	}
	if got.By != "" {
		wait := min(lastLook, firstLook<<min(s.t.looks, 8))
		s.t.looks++
		return &end{due: time.Now().Add(wait), by: got.By}
	}
	s.t.claimed = true
	if got.Now != nil {
		s.t.Standing, s.t.since = *got.Now, time.Now() // who was at work with it may have sent something just now
	}
	return nil
}

// unnoted is the end of a turn whose request could not be noted, so it was not sent.
func (s *turn) unnoted(err error) *end {
	if fault.CodeOf(err) != "call.shared" {
		return &end{err: err}
	}
	s.d.shared.now.Store(true)
	return &end{due: time.Now()}
}

// stale is how old a note may be when its request leaves, without being looked at
// again: a process may have been stopped in between, and its place taken by another.
const stale = time.Second

// leaves looks whether a request that waited long for its limit may still leave.
func (d *delivering) leaves() func(context.Context) error {
	noted := time.Now()
	return func(ctx context.Context) error {
		if time.Now().Round(0).Sub(noted.Round(0)) < stale && time.Since(noted) < stale {
			return nil
		}
		return d.notes.desk.send(ctx, d.spec.Place, d.notes.by, nil)
	}
}

// first reports whether a record may be begun: one of its key, of another group, may come
// before it. It waits for that one then, and until that is settled: what is noted of this
// one meanwhile would be forgotten with it. Of one that is blocked nothing is noted. How it
// stands is brought up to date when it is begun, and not in later turns, which know what it
// has sent since.
func (d *delivering) first(t *task, blocked bool) bool {
	k := d.source.keys[t.Key]
	switch {
	case k.line[0] != t:
		d.order.delay(t, time.Now().Add(firstLook))
		return false
	case t.begun:
		return true
	case k.open && !blocked:
		d.chunk.early = true
		d.order.delay(t, time.Now())
		return false
	}
	if t.begun = true; k.now != nil {
		t.Standing = *k.now
	}
	return true
}

// doing is what the unit is at, for people.
func (d *delivering) doing() string {
	if d.shared.by != "" {
		return "wait for " + d.shared.by
	}
	return "deliver"
}
