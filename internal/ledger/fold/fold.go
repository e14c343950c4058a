// Package fold is what a run's journal says about the run and its units. It is
// computed apart from the statements that project events to rows, so that the
// ledger's check has two witnesses. Start at Run.Apply.
package fold

import (
	"fmt"
	"slices"
	"time"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// States of a run and of its units, as the ledger's rows have them.
const (
	running    = "running"
	paused     = "paused"
	cancelling = "cancelling"
	ended      = "ended"
	ready      = "ready"
	retry      = "retry"
	yielded    = "yielded"
	Done       = "done"
	failed     = "failed"
)

// Run is a run by its events.
type Run struct {
	State   string
	Outcome string
	Exit    int
	Units   map[string]*Unit // made by who begins to apply
}

// Unit is a unit by its events.
type Unit struct {
	unit.Unit
	State                   string
	Attempt, Tries, Crashes int
	Started, Ended          time.Time
	Again                   bool  // it was done and is, or was, done once more
	Kept                    int   // ends since then that may have left accounts
	Rows, Bytes             int64 // of these ends
	Last                    unit.Ended
}

// Apply folds one event; one that cannot follow is an error, and changes nothing.
func (f *Run) Apply(e unit.Event) error {
	switch e.Kind {
	case unit.RunStarted:
		f.State = running
	case unit.RunPaused:
		if f.State == running {
			f.State = paused
		}
	case unit.RunCancelled:
		if f.State != ended {
			f.State = cancelling
		}
	case unit.RunResumed:
		return f.resumed(e)
	case unit.RunFinished:
		end, err := unit.Decode[unit.Finished](e)
		f.State, f.Outcome, f.Exit = ended, end.Outcome, end.Exit
		return err
	case unit.UnitExpanded, unit.NodeEntered:
		return f.expanded(e)
	case unit.UnitStarted, unit.UnitDone, unit.UnitRetry, unit.UnitFailed, unit.UnitYielded, unit.UnitUndone:
		u := f.Units[e.Unit]
		if u == nil {
			return fault.New(fault.Internal, "journal.order", "event %d %s: unit %s was never expanded", e.Seq, e.Kind, e.Unit)
		}
		return u.apply(e)
	}
	return nil
}

func (f *Run) resumed(e unit.Event) error {
	r, err := unit.Decode[unit.Resumed](e)
	if err != nil {
		return err
	}
	for _, u := range f.Units {
		if u.State != running {
			continue
		}
		u.State = ready
		switch {
		case slices.Contains(r.Progressed, u.ID):
			u.Crashes = 0
		case r.Crashed:
			u.Crashes++
		}
	}
	if f.State != cancelling {
		f.State = running
	}
	f.Outcome, f.Exit = "", 0
	return nil
}

func (f *Run) expanded(e unit.Event) error {
	body, err := unit.Decode[unit.Expanded](e)
	if err != nil {
		return err
	}
	for _, u := range body.Units {
		if e.Node != "" {
			u.Step = e.Node
		}
		if f.Units[u.ID] == nil {
			f.Units[u.ID] = &Unit{Unit: u, State: ready}
		}
	}
	return nil
}

func (u *Unit) apply(e unit.Event) error {
	switch e.Kind {
	case unit.UnitStarted:
		if u.State == running {
			return u.misfit(e)
		}
		if u.State == Done {
			u.forget()
		}
		u.State, u.Attempt, u.Started, u.Ended = running, e.Attempt, e.At, time.Time{}
		return nil
	case unit.UnitUndone:
		if u.State != Done {
			return u.misfit(e)
		}
		u.State = ready
		u.forget()
		return nil
	case unit.UnitFailed:
		if u.State == running {
			u.Tries++
		}
		u.State, u.Ended = failed, e.At
		return nil
	}
	if u.State != running || u.Attempt != e.Attempt {
		return u.misfit(e)
	}
	return u.settled(e)
}

// forget: what the unit left is no longer what counts.
func (u *Unit) forget() { u.Again, u.Kept, u.Rows, u.Bytes = true, 0, 0, 0 }

func (u *Unit) settled(e unit.Event) error {
	end, err := unit.Decode[unit.Ended](e)
	u.Ended, u.Crashes = e.At, 0
	switch e.Kind {
	case unit.UnitRetry:
		u.State = retry
		u.Tries++
		return err
	case unit.UnitDone:
		u.State = Done
		u.Tries++
	case unit.UnitYielded:
		u.State = yielded
	}
	u.Kept++
	u.Last = end
	u.Rows += end.Rows
	u.Bytes += end.Bytes
	return err
}

func (u *Unit) misfit(e unit.Event) error {
	return fault.New(fault.Internal, "journal.order", "event %d %s attempt %d: unit %s is %s in attempt %d",
		e.Seq, e.Kind, e.Attempt, u.ID, u.State, u.Attempt)
}

func (u *Unit) String() string {
	return fmt.Sprintf("step %s, kind %s, entity %q, class %q, weight %d, %s, attempt %d, %d tries, %d crashes, started %s, ended %s",
		u.Step, u.Kind, u.Entity, u.Class, u.Weight, u.State, u.Attempt, u.Tries, u.Crashes, stamp(u.Started), stamp(u.Ended))
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}
