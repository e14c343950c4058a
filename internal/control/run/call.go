package run

import (
	"context"

	"godwit/internal/control/plan"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/fault"
	"godwit/internal/ledger"
	"godwit/internal/unit"
)

// caller does units that run another flow, as a run of its own: with its own
// journal, lease and marks. It is found again by the unit that started it, so
// that whoever goes on with this run goes on with that one.
type caller struct {
	drive *drive
	whole context.Context // of all the drive's work, not of one unit
}

// deepest is how many runs may stand above one: a flow that calls itself ends.
const deepest = 8

// Do starts the called run, or goes on with it, until it ends.
func (c *caller) Do(ctx context.Context, u unit.Unit, _ unit.Lease, report unit.Report) (unit.Result, error) {
	r := c.drive.runs
	run, there, err := c.child(ctx, u)
	if err != nil {
		return unit.Result{}, err
	}
	if there && over(run) {
		return c.result(ctx, u, run)
	}
	b, err := c.drive.filling().Called(u)
	if err != nil {
		return unit.Result{}, err
	}
	if !there {
		if err := c.deep(ctx); err != nil {
			return unit.Result{}, err
		}
		p, err := r.Plan(ctx, b, nil)
		if err != nil {
			return unit.Result{}, fault.Wrap(err, "%s: flow %s", u.Step, b.Flow)
		}
		key := digest([]byte(c.drive.run.UID + " " + u.ID))
		if run, err = r.start(ctx, b, p, ledger.NewRun{Key: key, Fresh: c.drive.frozen.New, Actor: c.drive.run.Name(), Parent: c.drive.run.ID, ParentNode: u.ID}); err != nil {
			return unit.Result{}, fault.Wrap(err, "%s: flow %s", u.Step, b.Flow)
		}
		report.At("flow.started")
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: run.Name()})
	ended, err := r.Drive(ctx, run, b, report.Drain(), Watcher{})
	if ctx.Err() != nil && c.whole.Err() == nil && c.drive.cancelled() {
		c.drive.abandon(c.whole) // what it did is taken back before what was done here
	}
	if fault.CodeOf(err) == "run.overlaps" && drained(report) {
		return unit.Result{Yielded: true}, nil
	}
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "%s: %s", u.Step, run.Name())
	}
	report.At("flow.ended")
	if ended.Stopped && drained(report) {
		return unit.Result{Yielded: true}, nil
	}
	return c.came(ctx, u, ended)
}

func drained(report unit.Report) bool {
	select {
	case <-report.Drain():
		return true
	default:
		return false
	}
}

// came is what a called run's end comes to. What it has tried again for long
// enough is not tried again here; what keeps it from going on may pass.
func (c *caller) came(ctx context.Context, u unit.Unit, e Ended) (unit.Result, error) {
	switch {
	case e.Run.Outcome == plan.OutcomeDone && chronicle.Well(e.Exit), e.Run.Outcome == plan.OutcomeSkipped:
		return c.result(ctx, u, e.Run)
	case e.Stopped && e.Fault != nil:
		return unit.Result{}, &fault.Error{Fault: *e.Fault}
	}
	return unit.Result{}, chronicle.Broken(ctx, c.drive.runs.Ledger.View(), u, e.Run, e.Exit, e.Fault)
}

// over reports whether a called run has nothing more to do.
func over(run ledger.Run) bool {
	return run.State == ledger.Ended && (run.Outcome == plan.OutcomeDone || run.Outcome == plan.OutcomeSkipped)
}

// result gives back the accounts of the called run.
func (c *caller) result(ctx context.Context, u unit.Unit, run ledger.Run) (unit.Result, error) {
	return chronicle.Returned(ctx, c.drive.runs.Ledger.View(), u, run)
}

// child is the run that a unit has started, if it has.
func (c *caller) child(ctx context.Context, u unit.Unit) (run ledger.Run, there bool, err error) {
	all, err := chronicle.Children(ctx, c.drive.runs.Ledger.View(), c.drive.run.ID)
	for _, one := range all {
		if one.Unit == u.ID {
			run, err = c.drive.runs.Ledger.Find(ctx, one.Name)
			return run, err == nil, err
		}
	}
	return run, false, err
}

// Done looks whether the called run has come to its end.
func (c *caller) Done(ctx context.Context, u unit.Unit, _ unit.Lease) (unit.Effect, error) {
	run, there, err := c.child(ctx, u)
	if err != nil || !there || !over(run) {
		return unit.Effect{}, err
	}
	res, err := c.result(ctx, u, run)
	return unit.Effect{State: unit.Complete, Result: res}, err
}

// deep refuses a flow that calls itself without end.
func (c *caller) deep(ctx context.Context) error {
	depth, err := chronicle.Depth(ctx, c.drive.runs.Ledger.View(), c.drive.run.ID)
	if err != nil || depth < deepest {
		return err
	}
	return fault.New(fault.Config, "flow.deep", "%s is called by a flow that is called by a flow, %d times", c.drive.run.Name(), depth).
		Hint("a flow that calls itself needs a condition that ends it")
}

var _ unit.Executor = (*caller)(nil)
