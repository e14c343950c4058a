package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Journal is one owner's right to one run's journal. Turn is one transaction:
// fn sees the events that were written since the last turn, each exactly once,
// and what it returns is written whole or not at all. All methods fail with
// code run.fenced once another owner took the run over.
type Journal interface {
	Load(ctx context.Context, after int64) ([]unit.Event, error)
	Turn(ctx context.Context, fn func(tail []unit.Event, now time.Time) (unit.Change, error)) ([]unit.Event, error)
	Claim(ctx context.Context, id string, attempt int) (fence int64, settled bool, err error)
	Note(ctx context.Context, events ...unit.Event) error
}

// Session keeps a run's Machine caught up with its journal. It is safe for
// concurrent use; several engines' goroutines share one.
type Session struct {
	Run       string // uid
	Name      string // for people: warehouse-7
	Journal   Journal
	Executors map[string]unit.Executor // by unit kind
	Build     func() (*plan.Machine, error)
	Watch     func(unit.Event)                              // told every event that was written; may be nil
	Label     func(context.Context, string) context.Context // names a unit's sessions; may be nil
	// Patience says how long a unit may wait for a system that is away; may be nil.
	Patience func(context.Context, time.Duration) context.Context
	// Snapshots gives a step's unit.Lease.Snapshots; may be nil.
	Snapshots func(ctx context.Context, step string) (map[string]string, error)

	mu      sync.Mutex
	machine *plan.Machine // nil after an error: it may be ahead of the journal
	resting bool
}

// Rest keeps turns from starting anything more; what was started goes on.
func (s *Session) Rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resting = true; s.machine != nil {
		s.machine.Rest()
	}
}

// Look calls fn with the Machine as it stands; fn must not keep it.
func (s *Session) Look(fn func(*plan.Machine)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.machine != nil {
		fn(s.machine)
	}
}

// settle proposes what a turn writes besides the Machine's own events.
type settle func(m *plan.Machine, now time.Time) unit.Change

// Turn catches up, settles what fn says (nil: nothing) and asks the Machine
// what is to run now, all in one transaction. After an error nothing of it
// took effect.
func (s *Session) Turn(ctx context.Context, fn settle) (plan.Turn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var turn plan.Turn
	written, err := s.Journal.Turn(ctx, func(tail []unit.Event, now time.Time) (unit.Change, error) {
		var c unit.Change
		var err error
		if c, turn, err = s.step(ctx, tail, now, fn); err != nil {
			return c, err
		}
		return c, nil
	})
	if err != nil {
		s.machine = nil
		return plan.Turn{}, err
	}
	if s.Watch != nil {
		for _, e := range written {
			s.Watch(e)
		}
	}
	return turn, nil
}

func (s *Session) step(ctx context.Context, tail []unit.Event, now time.Time, fn settle) (unit.Change, plan.Turn, error) {
	if s.machine == nil {
		m, err := s.Build()
		if err != nil {
			return unit.Change{}, plan.Turn{}, err
		}
		if s.machine = m; s.resting {
			m.Rest()
		}
		if tail, err = s.Journal.Load(ctx, 0); err != nil {
			return unit.Change{}, plan.Turn{}, err
		}
	}
	for _, e := range tail {
		if err := s.machine.Apply(e); err != nil {
			return unit.Change{}, plan.Turn{}, err
		}
	}
	var c unit.Change
	if fn != nil {
		c = fn(s.machine, now)
		for _, e := range c.Events {
			if err := s.machine.Apply(e); err != nil {
				return c, plan.Turn{}, err
			}
		}
	}
	events, turn := s.machine.Next(now)
	c.Events = append(c.Events, events...)
	return c, turn, nil
}

// Do makes one attempt at a unit and settles it. The turn that follows is
// returned. An error means that the attempt is in doubt (the context ended, the
// ledger is out of reach) and was not settled.
func (s *Session) Do(ctx context.Context, ref plan.Ref, report unit.Report) (plan.Turn, error) {
	fence, settled, err := s.Journal.Claim(ctx, ref.Unit, ref.Attempt)
	if err != nil {
		return plan.Turn{}, err
	}
	if settled {
		return s.Turn(ctx, nil)
	}
	u, ok := s.unit(ref.Unit)
	if !ok { // another's turn failed meanwhile and took the Machine with it
		if _, err := s.Turn(ctx, nil); err != nil {
			return plan.Turn{}, err
		}
		u, ok = s.unit(ref.Unit)
	}
	if !ok {
		return plan.Turn{}, fault.New(fault.Internal, "unit.unknown", "%s is not a unit of %s", ref.Unit, s.Name)
	}
	lease := unit.Lease{Run: s.Run, Name: s.Name, Attempt: ref.Attempt, Fence: fence, From: ref.From}
	lease.Held = func(ctx context.Context) error { return s.held(ctx, ref) }
	if s.Snapshots != nil {
		if lease.Snapshots, err = s.Snapshots(ctx, u.Step); err != nil {
			return plan.Turn{}, err
		}
	}
	work := ctx
	if s.Label != nil {
		work = s.Label(ctx, s.Name+" "+u.ID)
	}
	if s.Patience != nil {
		s.Look(func(m *plan.Machine) {
			if _, there := m.Unit(u.ID); there {
				work = s.Patience(work, m.Patience(u.ID))
			}
		})
	}
	said := &notes{Report: report}
	result, err := s.attempt(work, u, lease, said)
	if ctx.Err() != nil {
		return plan.Turn{}, ctx.Err() // in doubt: the next attempt asks Done
	}
	report.At("unit.before-settle")
	turn, serr := s.Turn(ctx, func(m *plan.Machine, now time.Time) unit.Change {
		c := unit.Change{Unit: u.ID, Fence: fence, Accounts: result.Accounts}
		if err != nil {
			c.Accounts = nil
		}
		c.Events = append(said.events(u.ID, ref.Attempt, now), split(m.Ended(u.ID, ref.Attempt, now, result, err))...)
		return c
	})
	report.At("unit.after-settle")
	return turn, serr
}

// held is a lease's answer: the attempt is still the one that may settle, and
// what it comes after is still done.
func (s *Session) held(ctx context.Context, ref plan.Ref) error {
	_, settled, err := s.Journal.Claim(ctx, ref.Unit, ref.Attempt)
	if err != nil {
		return err
	}
	if settled {
		return fault.New(fault.Conflict, "unit.fenced", "%s: attempt %d has ended", ref.Unit, ref.Attempt)
	}
	behind := false
	s.Look(func(m *plan.Machine) { behind = m.Behind(ref.Unit) })
	if behind {
		return fault.New(fault.Unavailable, "unit.behind", "%s: what it comes after is done again", ref.Unit)
	}
	return nil
}

// attempt does the unit, unless an earlier attempt's effect is there. After a
// failure it looks again: the effect may be in although the answer was lost.
func (s *Session) attempt(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	x := s.Executors[u.Kind]
	if x == nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.kind", "%s: no executor for kind %q", u.ID, u.Kind)
	}
	if l.Attempt > 1 {
		if r, ok, err := there(ctx, x, u, l); ok || err != nil {
			return r, err
		}
	}
	r, err := x.Do(ctx, u, l, report)
	if err == nil || ctx.Err() != nil {
		return r, err
	}
	if found, ok, _ := there(ctx, x, u, l); ok {
		return found, nil
	}
	return r, err
}

// there asks whether the unit's effect is there.
func there(ctx context.Context, x unit.Executor, u unit.Unit, l unit.Lease) (unit.Result, bool, error) {
	e, err := x.Done(ctx, u, l)
	if err != nil {
		return unit.Result{}, false, fault.Wrap(err, "look for an earlier attempt's effect")
	}
	switch e.State {
	case unit.Complete:
		return e.Result, true, nil
	case unit.Busy:
		return unit.Result{}, false, fault.New(fault.Conflict, "unit.busy", "%s: %s is at it since %s", u.ID, e.Holder, e.Since.Format(time.RFC3339))
	}
	return unit.Result{}, false, nil
}

// expandedAtOnce is how many units one event of the journal holds at most.
const expandedAtOnce = 2000

// split cuts a large expansion into several events.
func split(events []unit.Event) []unit.Event {
	var out []unit.Event
	for _, e := range events {
		x, err := unit.Decode[unit.Expanded](e)
		if e.Kind != unit.UnitExpanded || err != nil || len(x.Units) <= expandedAtOnce {
			out = append(out, e)
			continue
		}
		for part := range slices.Chunk(x.Units, expandedAtOnce) {
			one := e
			one.Body = unit.Body(unit.Expanded{Units: part})
			out = append(out, one)
		}
	}
	return out
}

func (s *Session) unit(id string) (unit.Unit, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.machine == nil {
		return unit.Unit{}, false
	}
	return s.machine.Unit(id)
}
