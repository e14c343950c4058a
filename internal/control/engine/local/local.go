// Package local is the engine of one process: a goroutine for each unit that
// the Machine wants running, timers for what it waits for. It decides nothing
// and remembers nothing; killed at any point, the next process goes on from
// the journal. Start at Run.
package local

import (
	"context"
	"errors"
	"sync"
	"time"

	"godwit/internal/control/engine"
	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Options say how a session is driven.
type Options struct {
	// Stop is closed to end at chunk borders: nothing new is started, units
	// that run are asked to drain.
	Stop <-chan struct{}
	// Poll is how often the journal is looked at for what others asked for;
	// default one second.
	Poll time.Duration
	// At names points for tests that stop or kill the process there.
	At func(point, unit string)
	// Note writes lasting events of units.
	Note func(ctx context.Context, e unit.Event) error
	// Progress is told what units report.
	Progress *Board
}

// ErrStopped is returned when Stop ended the run before it was done.
var ErrStopped = errors.New("stopped at chunk borders")

// loop is one drive of a session.
type loop struct {
	session *engine.Session
	opt     Options
	turn    plan.Turn
	going   map[string]*attempt
	ended   chan end
	stopped bool
}

// attempt is a unit under way.
type attempt struct {
	ref     plan.Ref
	cancel  context.CancelFunc
	drain   chan struct{}
	drained sync.Once
}

type end struct {
	unit string
	turn plan.Turn
	err  error
}

// Run drives the session until its run is done, stopped, or the context ends;
// then it has waited for all units it started. The last turn is returned with
// nil or ErrStopped; any other error leaves the run resumable.
func Run(ctx context.Context, s *engine.Session, opt Options) (plan.Turn, error) {
	if opt.Poll == 0 {
		opt.Poll = time.Second
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &loop{session: s, opt: opt, going: map[string]*attempt{}, ended: make(chan end)}
	defer func() {
		cancel()
		l.wait()
	}()
	if err := l.again(ctx); err != nil {
		return l.turn, err
	}
	for {
		l.reconcile(ctx)
		if len(l.going) == 0 && (l.turn.Done || l.stopped) {
			break
		}
		if err := l.sleep(ctx); err != nil {
			return l.turn, err
		}
	}
	if !l.turn.Done {
		return l.turn, ErrStopped
	}
	return l.turn, nil
}

// again asks for a turn without settling anything.
func (l *loop) again(ctx context.Context) error {
	t, err := l.session.Turn(ctx, nil)
	if err != nil {
		return err
	}
	l.newer(t)
	return nil
}

// newer keeps the latest turn: answers may overtake each other.
func (l *loop) newer(t plan.Turn) {
	if t.Seq >= l.turn.Seq {
		l.turn = t
	}
}

// reconcile cancels what should not run and, when that has ended, starts what
// should: a guard is not closed while what it protects still works. After a
// stop that is only what the journal had begun by then.
func (l *loop) reconcile(ctx context.Context) {
	leaving := false
	wanted := map[string]plan.Ref{}
	for _, r := range l.turn.Running {
		wanted[r.Unit] = r
	}
	for id, a := range l.going {
		r, ok := wanted[id]
		if !ok || r.Attempt != a.ref.Attempt {
			a.cancel()
			leaving = true
		} else if r.Drain || l.stopped {
			a.drained.Do(func() { close(a.drain) })
		}
	}
	if leaving {
		return
	}
	for _, r := range l.turn.Running {
		if l.going[r.Unit] == nil {
			l.start(ctx, r)
		}
	}
}

func (l *loop) start(ctx context.Context, r plan.Ref) {
	ctx, cancel := context.WithCancel(ctx)
	a := &attempt{ref: r, cancel: cancel, drain: make(chan struct{})}
	l.going[r.Unit] = a
	report := &reporter{loop: l, ctx: ctx, attempt: a}
	report.Progress(unit.Progress{Doing: "starting"}) // known from the first moment, also when it waits there
	go func() {
		defer cancel()
		t, err := l.session.Do(ctx, r, report)
		l.opt.Progress.drop(r.Unit)
		l.ended <- end{r.Unit, t, err}
	}()
}

// sleep waits for whatever comes first: a unit's end, a due time, the stop, or
// the next look at the journal.
func (l *loop) sleep(ctx context.Context) error {
	wait := l.opt.Poll
	if !l.turn.Wake.IsZero() {
		wait = min(wait, max(time.Millisecond, time.Until(l.turn.Wake)))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	stop := l.opt.Stop
	if l.stopped {
		stop = nil
	}
	select {
	case e := <-l.ended:
		return l.settle(ctx, e)
	case <-timer.C:
		if l.stopped {
			return nil
		}
		return l.again(ctx)
	case <-stop:
		l.stopped = true
		l.session.Rest()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settle takes the end of a unit in. An attempt that was cancelled because
// nobody wants it any more is no error; everything else that kept it from
// being settled ends this drive: the ledger says what is true.
func (l *loop) settle(ctx context.Context, e end) error {
	delete(l.going, e.unit)
	switch {
	case e.err == nil:
		l.newer(e.turn)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case fault.KindOf(e.err) == fault.Cancelled, fault.CodeOf(e.err) == "unit.fenced": // taken off meanwhile
		return l.again(ctx)
	}
	return fault.Wrap(e.err, "settle %s", e.unit)
}

// wait collects the units that are still ending.
func (l *loop) wait() {
	for len(l.going) > 0 {
		e := <-l.ended
		delete(l.going, e.unit)
	}
}
