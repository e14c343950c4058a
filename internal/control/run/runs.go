package run

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"godwit/internal/connector"
	"godwit/internal/control/engine"
	"godwit/internal/control/engine/local"
	"godwit/internal/control/flow"
	"godwit/internal/control/run/beside"
	"godwit/internal/control/run/limits"
	"godwit/internal/control/run/opened"
	"godwit/internal/control/run/overlap"
	"godwit/internal/control/run/past"
	"godwit/internal/control/run/scope"
	"godwit/internal/control/run/stalls"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// Runs opens runs and goes on with them. Its fields are set once, by wire; all
// methods are safe for concurrent use.
type Runs struct {
	flow.Language
	Ledger    *ledger.Ledger // nil for one that only looks at systems: Doctor, Plan, Inspect
	Executors func(connector.Opener, past.Past) map[string]unit.Executor
	Cores     int
	Version   string
	Owner     string                   // this process, for people: host:pid
	Paces     *limits.Paces            // that all runs of this process keep to; nil: each to its own
	At        func(point, unit string) // test points; nil in production
	// Waits is told what a look at both sides waits for (Doctor, Plan,
	// Inspect), by another goroutine; nil is nobody. It is set before the first.
	Waits func(unit.Wait)
}

// kinds are those of all verbs' units that have something in common, sorted.
func (r *Runs) kinds(are func(unit.Kind) bool) []string {
	var list []string
	for _, v := range r.Verbs {
		for name, k := range v.Kinds {
			if are(k) && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	slices.Sort(list)
	return list
}

// kind is what the units of one kind have in common.
func (r *Runs) kind(name string) unit.Kind {
	for _, v := range r.Verbs {
		if k, ok := v.Kinds[name]; ok {
			return k
		}
	}
	return unit.Kind{}
}

// endpoints are connections, opened when they are used.
func (r *Runs) endpoints(named map[string]flow.BoundConnection) *opened.Pool {
	return opened.New(named, r.Systems, r.Paces)
}

// Watcher is told what happens in a run that this process drives. Both
// functions may be nil and are called one at a time; one that does not return
// holds up nothing of the run.
type Watcher struct {
	Event func(unit.Event)
	Tick  func(*Now) // about twice a second
}

// Ref is a run as the ledger has it.
type Ref = ledger.Run

// Ended is how driving a run ended. With a fault it is that, whatever the run
// had been told before.
type Ended struct {
	Run     ledger.Run
	Exit    int
	Stopped bool // resumable: by an interrupt, or because something was out of reach
	Fault   *fault.Fault
	Unkept  *fault.Fault // why the project's table of issues is not up to date; changes nothing else
}

// Start opens the next run of a flow as it was planned. While one of the same
// flow, inputs and environment is open it is refused (run.open), and so is what
// writes where a run at work does (run.occupied), and what adds rows that an
// unfinished run was adding (run.appended), unless fresh is set: the same command
// goes on with the new one from then on.
func (r *Runs) Start(ctx context.Context, b *flow.Bound, p *Plan, fresh bool, actor string) (Ref, error) {
	return r.start(ctx, b, p, ledger.NewRun{Fresh: fresh, Actor: actor})
}

// start opens a run, with the key of its flow unless it has one of its own.
func (r *Runs) start(ctx context.Context, b *flow.Bound, p *Plan, n ledger.NewRun) (Ref, error) {
	f, key, err := r.freeze(b)
	if err != nil {
		return Ref{}, err
	}
	if n.Key == "" {
		n.Key = key
	}
	f.New = n.Fresh
	plan, err := json.Marshal(f)
	if err != nil {
		return Ref{}, fault.Wrap(err, "freeze %s", b.Flow)
	}
	at, tables, adds := beside.Read(f.Flow), beside.Tables{}, beside.Tables{}
	sure := beside.Sure(b)
	for _, s := range p.Steps {
		r.brings(at, tables, s.Units, s.Needs.Existing)
		if sure[s.Step.ID] { // else it is asked when the step begins
			r.brings(at, adds, s.Units, s.Needs.Existing)
		}
	}
	if err := r.beside().Occupied(ctx, tables); err != nil {
		return Ref{}, err
	}
	if !n.Fresh {
		if err := r.beside().Added(ctx, n.Parent, at, adds); err != nil {
			return Ref{}, err
		}
	}
	n.Flow, n.Env, n.Inputs, n.PlanHash, n.Plan = b.Flow, b.Env, b.InputsText(), p.Hash, plan
	n.Body = unit.Body(map[string]any{
		"flow": b.Flow, "plan": p.Hash, "units": p.Units(), "bytes": p.Bytes(), "inputs": b.Inputs, "actor": n.Actor, "version": r.Version,
	})
	return r.Ledger.Start(ctx, n)
}

func (r *Runs) beside() beside.Look {
	return beside.Look{Ledger: r.Ledger, Rows: r.kinds(func(k unit.Kind) bool { return k.Rows })}
}

// brings adds the tables that units bring rows into.
func (r *Runs) brings(at *beside.Flow, tables beside.Tables, units []unit.Unit, existing string) {
	for _, u := range units {
		if r.kind(u.Kind).Rows {
			tables.Add(at, u.Spec, existing)
		}
	}
}

// Unfinished finds the run that the same flow, inputs and environment left
// unfinished.
func (r *Runs) Unfinished(ctx context.Context, b *flow.Bound) (Ref, bool, error) {
	_, key, err := r.freeze(b)
	if err != nil {
		return Ref{}, false, err
	}
	return r.Ledger.Unfinished(ctx, b.Flow, key)
}

// Overlapping finds the run at work that a flow overlaps with; same says that it has
// the same inputs.
func (r *Runs) Overlapping(ctx context.Context, b *flow.Bound) (run Ref, same, ok bool, err error) {
	if run, ok, err = overlap.Holder(ctx, r.Ledger, b, 0); err != nil || !ok {
		return run, false, false, err
	}
	_, key, err := r.freeze(b)
	return run, key == run.Key, true, err
}

// Overlaps is the fault of a flow that overlaps with a run.
func Overlaps(run Ref, b *flow.Bound) error { return overlap.Refused(run, b) }

// Find returns the run of a name (copy-1).
func (r *Runs) Find(ctx context.Context, name string) (Ref, error) { return r.Ledger.Find(ctx, name) }

// List returns the newest runs, newest first; limit 0 is all.
func (r *Runs) List(ctx context.Context, limit int) ([]Ref, error) { return r.Ledger.Runs(ctx, limit) }

// Count is how many runs List has without a limit.
func (r *Runs) Count(ctx context.Context) (int64, error) { return r.Ledger.View().CountRuns(ctx) }

// Opening is a run's first event.
func (r *Runs) Opening(ctx context.Context, run Ref) (unit.Event, error) {
	first, err := r.Ledger.View().Events(ctx, run.ID, 0, 1)
	if err != nil || len(first) == 0 {
		return unit.Event{}, err
	}
	return first[0], nil
}

// Flow reads back what a run was started with.
func (r *Runs) Flow(run Ref) (*flow.Bound, error) {
	f, err := thawed(run)
	if err != nil {
		return nil, err
	}
	return r.thaw(f)
}

func thawed(run Ref) (frozen, error) {
	var f frozen
	if err := json.Unmarshal(run.Plan, &f); err != nil {
		return f, fault.New(fault.Internal, "ledger.damaged", "%s: read its plan: %w", run.Name(), err)
	}
	return f, nil
}

// lease is how long a process may be silent before another may take its run
// over; it is renewed three times as often.
var lease = 30 * time.Second

// Drive owns a run and works until it is done, stopped or failed. The
// connections are those of fresh when the caller has them (they hold what was
// typed in, a password for one), else the frozen ones. Closing
// stop ends at chunk borders; cancelling ctx cuts at once. An error means that
// the run was not gone on with: what names it is to be mended first.
func (r *Runs) Drive(ctx context.Context, run ledger.Run, fresh *flow.Bound, stop <-chan struct{}, w Watcher) (Ended, error) {
	f, err := thawed(run)
	if err != nil {
		return Ended{}, err
	}
	if fresh == nil {
		if fresh, err = r.thaw(f); err != nil {
			return Ended{}, err
		}
	}
	free, err := overlap.Take(ctx, r.Ledger, run, fresh, stop)
	if err != nil {
		return Ended{}, err
	}
	defer free()
	session, err := r.Ledger.Own(ctx, run, r.Owner, lease)
	if err != nil {
		return Ended{}, err
	}
	names, err := scope.New(run, fresh, r.Language)
	if err != nil {
		return Ended{}, errors.Join(err, session.Release(ctx))
	}
	open := r.endpoints(fresh.Connections)
	defer open.Close()
	d := &drive{
		known: names,
		runs:  r, run: run, frozen: f, own: session, open: open, tell: engine.NewTeller(w.Event, w.Tick), stop: make(chan struct{}),
		board: local.NewBoard(),
	}
	d.stalls = stalls.New(watched{d})
	if d.idle, err = r.Ledger.View().Idle(ctx, run.ID); err != nil {
		return Ended{}, errors.Join(err, session.Release(ctx))
	}
	defer d.tell.Close() // when the run is given back: who is slow to read keeps nobody from it
	return d.work(ctx, stop)
}
