package run

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"godwit/internal/connector"
	"godwit/internal/control/engine"
	"godwit/internal/control/engine/local"
	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// drive is one process's time with one run.
type drive struct {
	runs    *Runs
	run     ledger.Run
	frozen  frozen
	own     *ledger.Session
	open    *endpoints
	watch   Watcher
	board   *local.Board
	began   time.Time
	session *engine.Session
	stop    chan struct{} // closed to end at chunk borders

	forecast plan.Forecast // as of foreseen; the tick's own
	foreseen time.Time

	told sync.Mutex // Watcher's functions are called one at a time
	lost lostTarget
	once sync.Once
	fail fault.Fault // why the drive was stopped from inside
}

// work runs the engine with everything around it: the lease, what others ask
// for, what the units wait for, what the target may have lost.
func (d *drive) work(ctx context.Context, stop <-chan struct{}) (Ended, error) {
	inspector := &inspector{runs: d.runs, open: d.open, cores: d.frozen.Cores}
	executors := d.runs.Executors(d.open, past{d.own, d.runs.Ledger.View(), d.run.ID})
	executors["inspect"] = inspector
	d.session = &engine.Session{
		Run: d.run.UID, Name: d.run.Name(), Journal: d.own, Executors: executors,
		Build: func() (*plan.Machine, error) { return plan.New(&d.frozen.Graph, evaluate) },
		Watch: d.event, Label: connector.WithLabel,
	}
	d.lost = lostTarget{drive: d, check: true, wake: make(chan struct{}, 1)}

	ctx, cut := context.WithCancel(ctx)
	defer cut()
	var around sync.WaitGroup
	quiet := make(chan struct{})
	around.Go(func() { d.pass(stop, quiet) })
	around.Go(func() { d.tick(ctx, cut, quiet) })
	around.Go(func() { d.waits(ctx, quiet) })
	around.Go(func() {
		if err := d.lost.again(ctx, quiet); err != nil {
			d.broken(err)
			cut()
		}
	})
	turn, err := d.engine(ctx)
	close(quiet)
	cut() // whoever waits for a server
	around.Wait()
	return d.end(turn, err)
}

// engine checks what the target may have lost, then runs units.
func (d *drive) engine(ctx context.Context) (plan.Turn, error) {
	if err := d.lost.guard(ctx); err != nil {
		return plan.Turn{}, err
	}
	if err := d.lost.look(ctx); err != nil {
		return plan.Turn{}, err
	}
	if err := d.lost.stale(ctx); err != nil {
		return plan.Turn{}, err
	}
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
	if e.Kind == unit.UnitRetry {
		d.lost.suspect(e)
	}
	d.told.Lock()
	defer d.told.Unlock()
	if d.watch.Event != nil {
		d.watch.Event(e)
	}
}

// tickEvery is how often people are shown something new.
const tickEvery = 500 * time.Millisecond

// tick renews the lease, looks after actions and draws. A lease
// that cannot be renewed cuts the units: another may own the run already.
func (d *drive) tick(ctx context.Context, cut context.CancelFunc, quiet <-chan struct{}) {
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-quiet:
			return
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if n%2 == 0 {
			if err := d.own.Renew(ctx, lease, d.board.All()); err != nil && ctx.Err() == nil {
				d.broken(err)
				cut()
				return
			}
			d.actions(ctx)
		}
		d.show(ctx)
	}
}

func (d *drive) broken(err error) {
	d.told.Lock()
	defer d.told.Unlock()
	if d.fail.Text == "" {
		d.fail = fault.Of(err)
	}
}

func (d *drive) show(ctx context.Context) {
	if d.watch.Tick == nil {
		return
	}
	now, err := d.runs.now(ctx, d)
	if err != nil {
		return // the next tick, or the turn that fails for the same reason
	}
	d.told.Lock()
	defer d.told.Unlock()
	d.watch.Tick(now)
}

// actions takes in what other processes asked for.
func (d *drive) actions(ctx context.Context) {
	asked, err := d.own.Asked(ctx)
	if err != nil {
		return
	}
	for _, a := range asked {
		if a.Verb != "cancel" {
			continue
		}
		_, err := d.session.Turn(ctx, func(*plan.Machine, time.Time) unit.Change {
			return unit.Change{Events: []unit.Event{{Kind: unit.RunCancelled, Actor: a.Actor, Reason: a.Reason}}}
		})
		if err == nil && d.own.Accept(ctx, a.ID) == nil {
			_ = d.own.InEffect(ctx, a.ID)
		}
	}
}

// end says how it went and gives the run back. Whatever happened, the ledger's
// word decides: a run that is not finished there is resumable.
func (d *drive) end(turn plan.Turn, err error) (Ended, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	release := d.own.Release(ctx)
	e := Ended{Exit: turn.Exit}
	switch {
	case d.fail.Text != "":
		e.Stopped, e.Exit, e.Fault = true, 5, &d.fail
	case errors.Is(err, local.ErrStopped):
		e.Stopped, e.Exit = true, 5
	case errors.Is(err, context.Canceled):
		e.Stopped, e.Exit = true, 130
	case err != nil:
		f := fault.Of(err)
		e.Stopped, e.Exit, e.Fault = true, 5, &f
		if f.Kind == fault.Internal || f.Kind == fault.Config {
			e.Exit = 1
		}
	case release != nil:
		f := fault.Of(release)
		e.Stopped, e.Exit, e.Fault = true, 5, &f
	}
	run, ferr := d.runs.Ledger.Find(ctx, d.run.Name())
	if ferr != nil {
		run = d.run
	}
	e.Run = run
	return e, nil
}

// evaluate answers a node's condition. No node of today's language has one.
func evaluate(expr string, _ plan.Scope) (any, error) {
	return nil, fault.New(fault.Config, "flow.not-built", "the expression %q: conditions are not built yet", expr)
}

// factsOf reads a unit's facts.
func factsOf[T any](raw json.RawMessage) (T, bool) {
	var v T
	return v, len(raw) > 0 && json.Unmarshal(raw, &v) == nil
}
