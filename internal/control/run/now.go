package run

import (
	"context"
	"time"

	"godwit/internal/control/plan"
	"godwit/internal/control/run/chronicle"
	"godwit/internal/control/run/limits"
	"godwit/internal/control/run/share"
	"godwit/internal/control/run/waiting"
	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Now is a run as it stands: the same for the process that drives it and for
// any other that looks.
type Now struct {
	Run      ledger.Run
	State    string // running, paused, cancelling; Stopped, Lost; once it ended its outcome
	At       time.Time
	Steps    []record.Account // sums per step
	Counts   []ledger.Count
	Done     map[string]int64 // of the units' weight, by kind, see share.Done
	Progress []unit.Progress
	Held     []OnHold       // steps and units that wait for their time
	Limits   []limits.Limit // in force, of connections
	Forecast plan.Forecast  // only known to the process that drives it
	Waiting  int            // of both
	Answered int64          // records that calls were made for, in chunks that are not settled yet
	Wrote    time.Time      // when its owner wrote last
	Lease    time.Duration  // how long an owner may be silent
	Idle     time.Duration  // how long nobody went on with it
	Passed   []string       // steps that were skipped; only known to who asks by Now

	answers map[string]string // last ones, to the steps that ask
}

// States of a run that has not ended and that nobody owns: its owner gave it
// back, or is gone.
const (
	Stopped = "stopped"
	Lost    = "lost"
)

// state is a run's state in one word.
func (r *Runs) state(run ledger.Run) string {
	switch {
	case run.State == ledger.Ended:
		return run.Outcome
	case r.Ledger.Held(run):
		return run.State
	case run.LeaseUntil.IsZero():
		return Stopped
	}
	return Lost
}

// Now looks at a run in the ledger.
func (r *Runs) Now(ctx context.Context, run ledger.Run) (*Now, error) {
	n, err := r.look(ctx, run)
	if err != nil {
		return n, err
	}
	if !n.Owned() && run.State != ledger.Ended { // what it had written of itself may be old
		if steps, err := r.standing(ctx, run); err == nil { // else its flow is of another godwit
			n.take(append(n.Progress, steps...))
			n.count()
		}
	}
	if n.Passed, err = chronicle.Skipped(ctx, r.Ledger.View(), run.ID); err == nil {
		n.Idle, err = r.Ledger.View().Idle(ctx, run.ID)
	}
	return n, err
}

// Took is how long the run was worked at, by all its owners together.
func (n *Now) Took() time.Duration {
	until := n.At
	switch {
	case n.Run.State == ledger.Ended:
		until = n.Run.Ended
	case !n.Owned():
		until = n.Wrote
	}
	return max(0, until.Sub(n.Run.Opened)-n.Idle)
}

// look is Now without what takes the whole journal.
func (r *Runs) look(ctx context.Context, run ledger.Run) (*Now, error) {
	v := r.Ledger.View()
	n := &Now{Run: run, State: r.state(run), At: time.Now(), Lease: lease}
	var err error
	if n.Steps, err = v.Sums(ctx, run.ID); err != nil {
		return nil, err
	}
	if n.Counts, err = v.Counts(ctx, run.ID); err != nil {
		return nil, err
	}
	rows, err := v.Progress(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	if n.Held, err = waiting.Retries(ctx, v, run.ID, n.Counts); err != nil {
		return nil, err
	}
	if n.answers, err = chronicle.Answers(ctx, v, run.ID, n.Counts, n.At); err != nil {
		return nil, err
	}
	if run.State != ledger.Ended {
		if n.Answered, err = v.Answered(ctx, run.ID); err != nil {
			return nil, err
		}
	}
	n.take(waiting.Called(ctx, v, rows))
	n.count()
	if n.Wrote, err = v.LastEventAt(ctx, run.ID); err != nil {
		return nil, err
	}
	r.measure(n)
	for _, p := range rows {
		if p.At.After(n.Wrote) {
			n.Wrote = p.At
		}
	}
	return n, nil
}

// measure says how much of the work that is known is done: the same for whoever looks.
func (r *Runs) measure(n *Now) {
	n.Done = share.Done(n.Counts, n.Progress, r.kind)
	n.Forecast.Share = share.Of(n.Counts, n.Progress, n.Run.State == ledger.Ended, r.kind)
	if n.Run.Outcome == plan.OutcomeDone {
		n.Forecast.Share = 1
	}
}

// Owned reports whether a living process drives the run.
func (n *Now) Owned() bool {
	return n.Run.State != ledger.Ended && n.State != Stopped && n.State != Lost
}

// now is Now with what only the driving process knows.
func (r *Runs) now(ctx context.Context, d *drive) (*Now, error) {
	run, err := r.Ledger.Find(ctx, d.run.Name()) // as it is owned now
	if err != nil {
		return nil, err
	}
	n, err := r.look(ctx, run)
	if err != nil {
		return nil, err
	}
	n.Idle = d.idle
	n.take(waiting.Called(ctx, r.Ledger.View(), d.progress()))
	n.count()
	n.Forecast = d.foresee(n)
	r.measure(n)
	return n, nil
}

// Total adds up the steps.
func (n *Now) Total() record.Account {
	t := record.Account{Step: "total", Current: true}
	for _, a := range n.Steps {
		t = t.Plus(a)
	}
	return t
}

// foreseeEvery is how often the rest of the run is replayed: it costs
// milliseconds, and a forecast that moves twice a second cannot be read.
const foreseeEvery = 5 * time.Second

// foresee replays the rest of the run, now and then. An end is told once three
// units of real work are done.
func (d *drive) foresee(n *Now) plan.Forecast {
	if n.At.Sub(d.foreseen) < foreseeEvery {
		return d.forecast
	}
	d.foreseen = n.At
	d.session.Look(func(m *plan.Machine) { d.forecast = m.Forecast(n.At, plan.Rates{Default: share.BuiltIn}) })
	done := 0
	for _, c := range n.Counts {
		if c.State == "done" && c.Kind != "inspect" && c.Kind != "define" {
			done += c.Units
		}
	}
	d.forecast.Known = d.forecast.Known && done >= 3
	return d.forecast
}
