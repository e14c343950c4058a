package run

import (
	"context"
	"encoding/json"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Now is a run as it stands: the same for the process that drives it and for
// any other that looks.
type Now struct {
	Run      ledger.Run
	At       time.Time
	Steps    []record.Account // sums per step
	Counts   []ledger.Count
	Progress []unit.Progress
	Forecast Forecast // only known to the process that drives it
	Waiting  int
	Wrote    time.Time // when its owner wrote last
}

// Now looks at a run in the ledger.
func (r *Runs) Now(ctx context.Context, run ledger.Run) (*Now, error) {
	v := r.Ledger.View()
	n := &Now{Run: run, At: time.Now()}
	var err error
	if n.Steps, err = v.Sums(ctx, run.ID); err != nil {
		return nil, err
	}
	if n.Counts, err = v.Counts(ctx, run.ID); err != nil {
		return nil, err
	}
	if n.Progress, err = v.Progress(ctx, run.ID); err != nil {
		return nil, err
	}
	if n.Wrote, err = v.LastEventAt(ctx, run.ID); err != nil {
		return nil, err
	}
	for _, p := range n.Progress {
		if len(p.Waits) > 0 {
			n.Waiting++
		}
		if p.At.After(n.Wrote) {
			n.Wrote = p.At
		}
	}
	return n, nil
}

// Alone reports whether a run that has not ended belongs to nobody any more.
func (n *Now) Alone() bool {
	return n.Run.State != ledger.Ended && n.Run.LeaseUntil.Before(n.At)
}

// now is Now with what only the driving process knows.
func (r *Runs) now(ctx context.Context, d *drive) (*Now, error) {
	n, err := r.Now(ctx, d.run)
	if err != nil {
		return nil, err
	}
	n.Progress, n.Waiting = d.board.All(), 0
	for _, p := range n.Progress {
		if len(p.Waits) > 0 {
			n.Waiting++
		}
	}
	// FORECAST
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

// Ended decodes how a unit ended last; zero when it has not.
func ended(u ledger.Unit) unit.Ended {
	var e unit.Ended
	if len(u.Result) > 0 {
		_ = json.Unmarshal(u.Result, &e) // written by the journal itself
	}
	return e
}

// Forecast TEMP
type Forecast struct {
	Share          float64
	Known          bool
	End, Low, High time.Time
}
