// Package enginetest is the suite that every engine must pass: a graph of
// units whose executor fails before and after its effect, loses answers and is
// stopped, on a real ledger. Whatever happens, each effect is there once and
// the journal says so. Start at Run.
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"godwit/internal/control/engine"
	"godwit/internal/control/plan"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Drive runs a session to its end, or until stop is closed; it is the engine
// under test. Stopped tells that the run goes on later.
type Drive func(ctx context.Context, s *engine.Session, stop <-chan struct{}) (turn plan.Turn, stopped bool, err error)

// Run is the suite.
func Run(t *testing.T, drive Drive) {
	t.Run("every effect once", func(t *testing.T) { t.Parallel(); effects(t, drive) })
	t.Run("stopped and gone on with", func(t *testing.T) { t.Parallel(); stops(t, drive) })
	t.Run("cut and gone on with", func(t *testing.T) { t.Parallel(); cuts(t, drive) })
	t.Run("a failure stops what needs it", func(t *testing.T) { t.Parallel(); failures(t, drive) })
	t.Run("a lost run settles nothing", func(t *testing.T) { t.Parallel(); fences(t, drive) })
}

// bundle is a run on a fresh ledger with a target that counts effects.
type bundle struct {
	t      *testing.T
	ledger *ledger.Ledger
	run    ledger.Run
	graph  plan.Graph
	target *target
}

func newBundle(t *testing.T, g plan.Graph) *bundle {
	t.Helper()
	l, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	run, err := l.Start(t.Context(), ledger.NewRun{Flow: "test", Key: "k", Body: unit.Body(struct{}{})})
	if err != nil {
		t.Fatal(err)
	}
	return &bundle{t, l, run, g, &target{effects: map[string]int{}, passed: make(chan string, 10_000)}}
}

// own takes the run over, as a new process would.
func (b *bundle) own() (*ledger.Session, *engine.Session) {
	b.t.Helper()
	s, err := b.ledger.Own(b.t.Context(), b.run, "test:1", time.Minute)
	if err != nil {
		b.t.Fatal(err)
	}
	return s, &engine.Session{
		Run: b.run.UID, Name: b.run.Name(), Journal: s, Executors: map[string]unit.Executor{"work": b.target, "root": root{}},
		Build: func() (*plan.Machine, error) { return plan.New(&b.graph, nil) },
	}
}

// proved checks target and ledger against each other.
func (b *bundle) proved(want int) {
	b.t.Helper()
	b.target.mu.Lock()
	defer b.target.mu.Unlock()
	for id, n := range b.target.effects {
		if n != 1 {
			b.t.Errorf("%s took effect %d times", id, n)
		}
	}
	if len(b.target.effects) != want {
		b.t.Errorf("%d effects, want %d", len(b.target.effects), want)
	}
	units, err := b.ledger.View().Units(b.t.Context(), b.run.ID, ledger.Filter{Kind: "work", State: "done"}, 0)
	if err != nil || len(units) != want {
		b.t.Errorf("%d units done in the ledger (%v), want %d", len(units), err, want)
	}
	breaches, err := b.ledger.Check(b.t.Context(), b.run)
	if err != nil || len(breaches) > 0 {
		b.t.Errorf("ledger check: %v %v", breaches, err)
	}
}

// graphOf is a step whose root expands into n units, every seventh of which
// waits for the six before it.
func graphOf(n int) plan.Graph {
	quick := &plan.Retry{For: time.Minute, Wait: time.Millisecond, MaxWait: 5 * time.Millisecond}
	return plan.Graph{Steps: []plan.Node{{
		ID: "s", Kind: plan.Step, Limits: map[string]int{"workers": 4}, Retry: quick,
		Units: []unit.Unit{{ID: "s/root/all/1", Step: "s", Kind: "root", Spec: unit.Body(n)}},
	}}}
}

// root expands; it has no effect of its own.
type root struct{}

func (root) Do(_ context.Context, u unit.Unit, _ unit.Lease, _ unit.Report) (unit.Result, error) {
	var n int
	fmt.Sscan(string(u.Spec), &n)
	var r unit.Result
	for i := range n {
		w := unit.Unit{ID: unit.ID("s", "work", "t", i+1), Kind: "work", Entity: fmt.Sprint("t", i), Uses: []string{"workers"}, Weight: 1,
			Tags: []string{fmt.Sprint("group ", i/7)}}
		if i%7 == 6 && i >= 7 {
			w.After = []string{fmt.Sprint("group ", i/7-1)}
		}
		r.Units = append(r.Units, w)
	}
	return r, nil
}

func (root) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// target counts effects and fails in the ways that targets fail.
type target struct {
	mu      sync.Mutex
	effects map[string]int
	faults  int         // per cent of attempts
	broken  string      // unit that always fails on data
	passed  chan string // units whose effect is in
	hold    chan struct{}
}

func (w *target) account(u unit.Unit, l unit.Lease) unit.Result {
	return unit.Result{Accounts: []record.Account{{Step: "s", Entity: u.Entity, Chunk: 1, Generation: l.Attempt, Unit: u.ID, Current: true, Read: 1, Applied: 1}}}
}

func (w *target) Do(ctx context.Context, u unit.Unit, l unit.Lease, _ unit.Report) (unit.Result, error) {
	lost := fault.New(fault.Unavailable, "test.lost", "%s: connection reset", u.ID)
	if u.ID == w.broken {
		return unit.Result{}, fault.New(fault.Data, "test.data", "%s: value too long", u.ID)
	}
	if rand.IntN(100) < w.faults {
		return unit.Result{}, lost // before the effect
	}
	if w.hold != nil {
		select {
		case <-w.hold:
		case <-ctx.Done():
			return unit.Result{}, ctx.Err()
		}
	}
	w.mu.Lock()
	w.effects[u.ID]++
	w.mu.Unlock()
	w.passed <- u.ID
	if rand.IntN(100) < w.faults {
		return unit.Result{}, lost // the answer is lost, the effect is there
	}
	return w.account(u, l), ctx.Err()
}

func (w *target) Done(_ context.Context, u unit.Unit, l unit.Lease) (unit.Effect, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.effects[u.ID] == 0 {
		return unit.Effect{}, nil
	}
	return unit.Effect{State: unit.Complete, Result: w.account(u, l)}, nil
}

func effects(t *testing.T, drive Drive) {
	b := newBundle(t, graphOf(100))
	b.target.faults = 20
	own, s := b.own()
	turn, stopped, err := drive(t.Context(), s, nil)
	if err != nil || stopped || !turn.Done || turn.Exit != 0 {
		t.Fatalf("turn %+v, stopped %v, err %v", turn, stopped, err)
	}
	if err := own.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.proved(100)
}

// stops ends the drive by stop again and again.
func stops(t *testing.T, drive Drive) {
	b := newBundle(t, graphOf(60))
	b.target.faults = 5
	b.drives(func(s *engine.Session) (plan.Turn, bool, error) {
		stop := make(chan struct{})
		go b.after(10, func() { close(stop) })
		turn, stopped, err := drive(t.Context(), s, stop)
		units, uerr := b.ledger.View().Units(t.Context(), b.run.ID, ledger.Filter{State: "running"}, 0)
		if uerr != nil || stopped && len(units) > 0 {
			t.Errorf("stopped with %d units in flight (%v): what was started has ended, nothing more was started", len(units), uerr)
		}
		return turn, stopped, err
	})
	b.proved(60)
}

// cuts ends it by its context: what ran is in doubt.
func cuts(t *testing.T, drive Drive) {
	b := newBundle(t, graphOf(60))
	b.drives(func(s *engine.Session) (plan.Turn, bool, error) {
		ctx, cut := context.WithCancel(t.Context())
		defer cut()
		go b.after(10, cut)
		turn, stopped, err := drive(ctx, s, nil)
		return turn, stopped || errors.Is(err, context.Canceled), nil
	})
	b.proved(60)
}

// after calls fn when n more effects are in, or when the test is over.
func (b *bundle) after(n int, fn func()) {
	for range n {
		select {
		case <-b.target.passed:
		case <-b.t.Context().Done():
			return
		}
	}
	fn()
}

// drives lets one owner after the other go on until the run is done.
func (b *bundle) drives(once func(*engine.Session) (plan.Turn, bool, error)) {
	b.t.Helper()
	for range 200 {
		own, s := b.own()
		turn, stopped, err := once(s)
		if rerr := own.Release(context.WithoutCancel(b.t.Context())); rerr != nil {
			b.t.Fatal(rerr)
		}
		if err != nil {
			b.t.Fatal(err)
		}
		if turn.Done && !stopped {
			return
		}
	}
	b.t.Fatal("not done after 200 owners")
}

func failures(t *testing.T, drive Drive) {
	b := newBundle(t, graphOf(21))
	b.target.broken = unit.ID("s", "work", "t", 3) // in the first group: unit 14 waits for that
	_, s := b.own()
	turn, _, err := drive(t.Context(), s, nil)
	if err != nil || !turn.Done || turn.Exit != 1 {
		t.Fatalf("turn %+v, err %v", turn, err)
	}
	b.target.mu.Lock()
	defer b.target.mu.Unlock()
	// Unit 14 and, through its group, unit 21 are not reached.
	if n := len(b.target.effects); n != 18 {
		t.Errorf("%d effects, want all but the broken one and the two that need it", n)
	}
	for _, n := range []int{14, 21} {
		if b.target.effects[unit.ID("s", "work", "t", n)] != 0 {
			t.Errorf("unit %d ran although what it needs failed", n)
		}
	}
}

// fences lets a second owner in while the first one's units are under way.
func fences(t *testing.T, drive Drive) {
	b := newBundle(t, graphOf(8))
	b.target.hold = make(chan struct{})
	first, s := b.own()
	ended := make(chan error, 1)
	go func() {
		_, _, err := drive(t.Context(), s, nil)
		ended <- err
	}()
	b.running(4)
	if err := first.Release(t.Context()); err != nil { // as if its lease were over
		t.Fatal(err)
	}
	_, second := b.own()
	close(b.target.hold)
	if err := <-ended; fault.CodeOf(err) != "run.fenced" {
		t.Errorf("the first owner ended with %v, want run.fenced", err)
	}
	turn, _, err := drive(t.Context(), second, nil)
	if err != nil || !turn.Done || turn.Exit != 0 {
		t.Fatalf("turn %+v, err %v", turn, err)
	}
}

// running waits until n units run.
func (b *bundle) running(n int) {
	b.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		units, err := b.ledger.View().Units(b.t.Context(), b.run.ID, ledger.Filter{Kind: "work", State: "running"}, 0)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(units) >= n {
			return
		}
	}
}
