package ledger

import (
	"fmt"
	"slices"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// folded is what the journal says about a run and its units. It is computed
// here apart from the statements that project events to rows, so that Check
// has two witnesses.
type folded struct {
	state   string
	outcome string
	exit    int
	units   map[string]*foldedUnit
}

type foldedUnit struct {
	unit.Unit
	state                   string
	attempt, tries, crashes int
	started, ended          time.Time
	again                   bool  // it was done and is, or was, done once more
	kept                    int   // ends since then that may have left accounts
	rows, bytes             int64 // of these ends
	last                    unit.Ended
}

func (f *folded) apply(e unit.Event) error {
	switch e.Kind {
	case unit.RunStarted:
		f.state = Running
	case unit.RunPaused:
		if f.state == Running {
			f.state = Paused
		}
	case unit.RunCancelled:
		if f.state != Ended {
			f.state = Cancelling
		}
	case unit.RunResumed:
		return f.resumed(e)
	case unit.RunFinished:
		end, err := unit.Decode[unit.Finished](e)
		f.state, f.outcome, f.exit = Ended, end.Outcome, end.Exit
		return err
	case unit.UnitExpanded, unit.NodeEntered:
		return f.expanded(e)
	case unit.UnitStarted, unit.UnitDone, unit.UnitRetry, unit.UnitFailed, unit.UnitYielded, unit.UnitUndone:
		u := f.units[e.Unit]
		if u == nil {
			return fault.New(fault.Internal, "journal.order", "event %d %s: unit %s was never expanded", e.Seq, e.Kind, e.Unit)
		}
		return u.apply(e)
	}
	return nil
}

func (f *folded) resumed(e unit.Event) error {
	r, err := unit.Decode[unit.Resumed](e)
	if err != nil {
		return err
	}
	for _, u := range f.units {
		if u.state != Running {
			continue
		}
		u.state = Ready
		switch {
		case slices.Contains(r.Progressed, u.ID):
			u.crashes = 0
		case r.Crashed:
			u.crashes++
		}
	}
	if f.state != Cancelling {
		f.state = Running
	}
	f.outcome, f.exit = "", 0
	return nil
}

func (f *folded) expanded(e unit.Event) error {
	body, err := unit.Decode[unit.Expanded](e)
	if err != nil {
		return err
	}
	for _, u := range body.Units {
		if e.Node != "" {
			u.Step = e.Node
		}
		if f.units[u.ID] == nil {
			f.units[u.ID] = &foldedUnit{Unit: u, state: Ready}
		}
	}
	return nil
}

func (u *foldedUnit) apply(e unit.Event) error {
	switch e.Kind {
	case unit.UnitStarted:
		if u.state == Running {
			return u.misfit(e)
		}
		if u.state == Done {
			u.forget()
		}
		u.state, u.attempt, u.started, u.ended = Running, e.Attempt, e.At, time.Time{}
		return nil
	case unit.UnitUndone:
		if u.state != Done {
			return u.misfit(e)
		}
		u.state = Ready
		u.forget()
		return nil
	case unit.UnitFailed:
		if u.state == Running {
			u.tries++
		}
		u.state, u.ended = Failed, e.At
		return nil
	}
	if u.state != Running || u.attempt != e.Attempt {
		return u.misfit(e)
	}
	return u.settled(e)
}

// forget: what the unit left is no longer what counts.
func (u *foldedUnit) forget() { u.again, u.kept, u.rows, u.bytes = true, 0, 0, 0 }

func (u *foldedUnit) settled(e unit.Event) error {
	end, err := unit.Decode[unit.Ended](e)
	u.ended, u.crashes = e.At, 0
	switch e.Kind {
	case unit.UnitRetry:
		u.state = Retry
		u.tries++
		return err
	case unit.UnitDone:
		u.state = Done
		u.tries++
	case unit.UnitYielded:
		u.state = Yielded
	}
	u.kept++
	u.last = end
	u.rows += end.Rows
	u.bytes += end.Bytes
	return err
}

func (u *foldedUnit) misfit(e unit.Event) error {
	return fault.New(fault.Internal, "journal.order", "event %d %s attempt %d: unit %s is %s in attempt %d",
		e.Seq, e.Kind, e.Attempt, u.ID, u.state, u.attempt)
}

func (u *foldedUnit) String() string {
	return fmt.Sprintf("step %s, kind %s, entity %q, class %q, weight %d, %s, attempt %d, %d tries, %d crashes, started %s, ended %s",
		u.Step, u.Kind, u.Entity, u.Class, u.Weight, u.state, u.attempt, u.tries, u.crashes, stamp(u.started), stamp(u.ended))
}

// asRow is a unit's row in the same words.
func asRow(u Unit) string {
	f := foldedUnit{Unit: u.Unit, state: u.State, attempt: u.Attempt, tries: u.Tries, crashes: u.Crashes, started: u.Started, ended: u.Ended}
	return f.String()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}
