package run

import (
	"context"
	"errors"
	"sync"
	"time"

	"godwit/internal/connector"
	"godwit/internal/control/engine"
	"godwit/internal/control/engine/local"
	"godwit/internal/control/flow"
	"godwit/internal/control/plan"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/conclude"
	"godwit/internal/control/run/deliveries"
	"godwit/internal/control/run/nodes"
	"godwit/internal/control/run/opened"
	"godwit/internal/control/run/past"
	"godwit/internal/control/run/pinned"
	"godwit/internal/control/run/scope"
	"godwit/internal/control/run/stalls"
	"godwit/internal/control/run/waiting"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/rate"
	"godwit/internal/unit"
)

// drive is one process's time with one run.
type drive struct {
	runs    *Runs
	run     ledger.Run
	frozen  frozen
	own     *ledger.Session
	open    *opened.Pool
	known   *scope.Names
	tell    *engine.Teller[Now]
	board   *local.Board
	idle    time.Duration // before this drive, see Now
	session *engine.Session
	stop    chan struct{} // closed to end at chunk borders

	forecast plan.Forecast // as of foreseen; the tick's own
	foreseen time.Time

	lost   lostTarget
	once   sync.Once
	named  sync.Map // names of snapshots by step, see snapshots
	stalls *stalls.Watch

	refused bool // it was not gone on with: nothing was touched

	failing sync.Mutex
	fail    fault.Fault // why the drive was stopped from inside
}

// work runs the engine with everything around it: the lease, what others ask
// for, what the units wait for, what the target may have lost.
func (d *drive) work(ctx context.Context, stop <-chan struct{}) (Ended, error) {
	inspector := &inspector{pinned: d.pinned(), runs: d.runs, run: d.run.ID, open: d.open, frozen: d.frozen, own: d.own, flow: d.run.Flow,
		fill: func(u unit.Unit) (any, error) { return d.filling().Spec(u) }}
	executors := d.runs.Executors(d.open, past.Past{Book: deliveries.Book{Own: d.own, Ledger: d.runs.Ledger, UID: d.run.UID}, Run: d.run.ID, Kind: d.runs.kind})
	executors["inspect"], executors["items"] = inspector, &scope.Lister{Open: d.open, Each: func(u unit.Unit) (*flow.Each, error) { return d.filling().Each(u) }}
	executors["flow"], executors["open"] = &caller{d, ctx}, nodes.Filled{Executor: executors["open"], Spec: inspector.fill}
	executors[waiting.Probes] = &scope.Probing{Asks: executors[waiting.Probes], Fill: func(u unit.Unit) (any, error) { return d.filling().Spec(u) }}
	d.session = &engine.Session{
		Run: d.run.UID, Name: d.run.Name(), Journal: d.own, Executors: executors,
		Build: func() (*plan.Machine, error) { return plan.New(&d.frozen.Graph, d.known.Evaluate) },
		Watch: d.event, Label: connector.WithLabel, Patience: rate.WithPatience, Snapshots: d.snapshots,
	}
	d.lost = lostTarget{drive: d, check: true, wake: make(chan struct{}, 1)}

	outer := ctx
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	var around sync.WaitGroup
	quiet, looked := make(chan struct{}), make(chan struct{})
	around.Go(func() { d.pass(stop, quiet) })
	around.Go(func() { d.keep(ctx, cut, quiet) })
	around.Go(func() { d.draw(ctx, quiet) })
	around.Go(func() { d.waits(ctx, quiet) })
	around.Go(func() {
		select { // what keeps the run from being gone on with is found by the engine's own look
		case <-looked:
		case <-quiet:
		}
		if err := d.lost.watch(ctx, quiet); err != nil {
			d.broken(err)
			cut()
		}
	})
	turn, err := d.engine(ctx, cut, looked)
	close(quiet)
	cut() // whoever waits for a server
	around.Wait()
	d.tellHeld(outer)
	return d.end(outer, turn, err)
}

func (d *drive) pinned() pinned.Snapshots {
	return pinned.Snapshots{Pins: d.known.Pins, Ledger: d.runs.Ledger, Run: d.run, Open: d.open}
}

func (d *drive) filling() scope.Filling { return scope.Filling{Names: d.known, Session: d.session} }

// engine checks what the target may have lost, closes looked, then runs units.
func (d *drive) engine(ctx context.Context, cut context.CancelFunc, looked chan<- struct{}) (plan.Turn, error) {
	// A run that is to end must not begin anything, nor look what there is to do.
	err := d.tuned(ctx)
	if err != nil {
		return plan.Turn{}, err
	}
	ending, err := d.actions(ctx)
	if err != nil {
		return plan.Turn{}, err
	}
	guard := func(ctx context.Context) error { return d.lost.guard(ctx, cut) }
	looks := []func(context.Context) error{func(ctx context.Context) error { return d.runs.beside().Superseded(ctx, d.run) }, guard, d.lost.look, d.lost.stale}
	if ending || d.run.State == ledger.Cancelling {
		looks = []func(context.Context) error{d.lastWords}
	}
	for _, look := range looks {
		if err := look(ctx); err != nil {
			d.refused = person(fault.Of(err))
			return plan.Turn{}, err
		}
	}
	close(looked)
	d.lost.looked.Store(true)
	return local.Run(ctx, d.session, local.Options{
		Stop: d.stop, At: d.runs.At, Progress: d.board,
		Note: func(ctx context.Context, e unit.Event) error {
			e.At = time.Now().UTC().Truncate(time.Millisecond)
			if err := d.own.Note(ctx, e); err != nil {
				return err
			}
			d.event(e)
			return nil
		},
	})
}

// pass hands the caller's stop on to the engine.
func (d *drive) pass(stop, quiet <-chan struct{}) {
	select {
	case <-stop:
		d.halt()
	case <-quiet:
	}
}

func (d *drive) halt() { d.once.Do(func() { close(d.stop) }) }

// event tells the watcher and notices what matters to the drive itself.
func (d *drive) event(e unit.Event) {
	if e.Kind == unit.UnitRetry && unit.KindOf(e.Unit) != waiting.Probes {
		d.lost.suspect(e)
	}
	d.open.Fold(e, d.run.Parent != 0)
	d.stalls.Ends(e)
	d.tell.Event(e)
}

// tickEvery is how often people are shown something new.
const tickEvery = 500 * time.Millisecond

// keep renews the lease and takes in what others ask for, and does nothing that
// a slow target or a paused terminal could hold up. A lease that cannot be
// renewed cuts the units: another may own the run already.
func (d *drive) keep(ctx context.Context, cut context.CancelFunc, quiet <-chan struct{}) {
	d.every(ctx, time.Second, quiet, func() bool {
		err := d.own.Renew(ctx, lease, d.progress())
		if err == nil {
			_, err = d.actions(ctx)
		}
		if err != nil && ctx.Err() == nil {
			d.broken(err)
			cut()
			return false
		}
		return true
	})
}

// draw shows people something new.
func (d *drive) draw(ctx context.Context, quiet <-chan struct{}) {
	d.every(ctx, tickEvery, quiet, func() bool {
		d.show(ctx)
		return true
	})
}

func (d *drive) every(ctx context.Context, pause time.Duration, quiet <-chan struct{}, do func() bool) {
	t := time.NewTicker(pause)
	defer t.Stop()
	for {
		select {
		case <-quiet:
			return
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if !do() {
			return
		}
	}
}

func (d *drive) broken(err error) {
	d.failing.Lock()
	defer d.failing.Unlock()
	if d.fail.Text == "" {
		d.fail = fault.Of(err)
	}
}

func (d *drive) show(ctx context.Context) {
	if d.tell.Behind() {
		return
	}
	now, err := d.runs.now(ctx, d)
	if err != nil {
		return // the next tick, or the turn that fails for the same reason
	}
	d.tell.Frame(now)
}

// end says how it went and gives the run back. Whatever happened, the ledger's
// word decides: a run that is not finished there is resumable.
func (d *drive) end(outer context.Context, turn plan.Turn, err error) (Ended, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	known := d.concluded(ctx)
	release := d.own.Release(ctx)
	e := Ended{Exit: turn.Exit}
	switch {
	case d.refused:
		return e, err
	case d.fail.Text != "":
		e.broke(d.fail)
	case errors.Is(err, local.ErrStopped):
		e.Stopped, e.Exit = true, 5
	case errors.Is(err, context.Canceled):
		e.Stopped, e.Exit = true, 130
	case err != nil:
		e.broke(fault.Of(err))
	case release != nil:
		e.broke(fault.Of(release))
	}
	run, ferr := d.runs.Ledger.Find(ctx, d.run.Name())
	if ferr != nil {
		return e, ferr
	}
	e.Run, e.Unkept = run, d.runs.keepIssues(outer, run, d.open)
	if run.State == ledger.Ended && run.Outcome != "stopped" { // whatever came after its end
		e.Stopped, e.Exit, e.Fault = false, run.Exit, nil
	}
	switch run.Outcome {
	case plan.OutcomeCancelled:
		d.abandon(ctx)
		deliveries.Forget(d.runs.Ledger, run.UID)
		if known { // else a redrive asks for them
			conclude.Tidy(ctx, d.runs.Ledger.View(), d.run, d.runs.kinds(func(k unit.Kind) bool { return k.Marked }), d.open)
		}
	case plan.OutcomeDone:
		err := d.proven(context.WithoutCancel(ctx), &e)
		return e, err
	}
	return e, nil
}

// broke says what ended a drive: what passes by itself leaves the run stopped,
// what a person must see to, failed.
func (e *Ended) broke(f fault.Fault) {
	e.Fault, e.Stopped, e.Exit = &f, true, 5
	if person(f) {
		e.Stopped, e.Exit = false, 1
	}
}

// person reports whether a fault stays until somebody mends what it names.
func person(f fault.Fault) bool {
	return !f.Kind.Passing() && f.Kind != fault.Cancelled
}

// proven checks the accounts of a run that says it is done: one that does not
// close is a failure, whatever everybody else says.
func (d *drive) proven(ctx context.Context, e *Ended) error {
	breaches, err := d.runs.Ledger.Check(ctx, e.Run)
	if err != nil || len(breaches) == 0 {
		return fault.Wrap(err, "check the accounts of %s", e.Run.Name())
	}
	f := fault.New(fault.Internal, "account.open", "%s: the accounts do not close, %d times", e.Run.Name(), len(breaches))
	for _, b := range breaches[:min(5, len(breaches))] {
		f = f.With(b.Entity, "%s", b.What)
	}
	e.Exit, e.Fault = 1, &f.Fault
	return nil
}

// concluded reports whether the ledger knows what the target has. Of a run that
// was not cancelled the next owner finds out.
func (d *drive) concluded(ctx context.Context) bool {
	run, err := d.runs.Ledger.Find(ctx, d.run.Name())
	return err == nil && run.Outcome == plan.OutcomeCancelled && conclude.Prepared(ctx, d.runs.Ledger.View(), d.own, run, d.open) == nil
}

// cancelled reports whether the run is to end.
func (d *drive) cancelled() (yes bool) {
	d.session.Look(func(m *plan.Machine) { yes = m.Cancelled() })
	return yes
}

// lastWords is what comes before a cancelled run takes back what it did: the end
// of what an earlier owner left open at its targets, and that of the runs that it
// started, which did their work behind its own.
func (d *drive) lastWords(ctx context.Context) error {
	if err := d.lost.evict(ctx); err != nil && !fault.KindOf(err).Passing() {
		return err
	}
	d.abandon(ctx)
	return nil
}

// abandon asks for the end of runs that this one has started, and has ended
// itself without them.
func (d *drive) abandon(ctx context.Context) {
	children, err := chronicle.Children(ctx, d.runs.Ledger.View(), d.run.ID)
	if err != nil {
		return
	}
	for _, child := range children {
		if alone, run, err := d.runs.Cancel(ctx, child.Name, d.runs.Owner, d.run.Name()+" was cancelled"); err == nil && alone {
			_, _ = d.runs.Drive(ctx, run, nil, nil, Watcher{})
		}
	}
}
