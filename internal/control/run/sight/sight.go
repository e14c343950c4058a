// Package sight looks at a run, with those that it has started, as alarms need it:
// what has happened since the last look, what the records came to, what stands in
// the way. It may be asked every few seconds, from any process. Start at Look.
package sight

import (
	"context"
	"fmt"
	"strings"
	"time"

	"godwit/internal/ledger"
	"godwit/internal/ledger/kin"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Event is one of the journal of the run or of one that it has started.
type Event = kin.Event

// Seen is a run at one moment.
type Seen struct {
	At     time.Time
	Events []Event        // told, of the kinds below, since the last look; all of them at the first
	Last   int64          // seq up to which that is; Look goes on from there
	Total  record.Account // of all runs together, each record once
	// Counts are those that were asked for: issues, and those of one reason.
	Counts map[string]int64
	// Moved is the same as long as nothing moves: no record, byte or page is
	// counted and no unit comes to its end.
	Moved string
	// Hindered says what is in the way of a unit, "" when nothing is known to be:
	// a lock, or failures after which it is tried again. Slow is the same of what
	// may be no more than work.
	Hindered, Slow string
}

// told are the kinds that say something by themselves.
var told = []string{unit.AlarmTold, unit.RunFinished, unit.VerifyTable, unit.SnapshotLost}

// moves are those that say that a run gets on.
var moves = []string{unit.UnitDone, unit.UnitYielded, unit.UnitExpanded, unit.NodeEntered, unit.NodeLeft, unit.RunFinished}

// Look looks at a run; after is Last of the look before, 0 at first. Only those
// counts are taken that are asked for: "issues", of which there may be millions,
// "issues.RULE", and "dead.CODE".
func Look(ctx context.Context, v *ledger.View, run ledger.Run, after int64, counts []string) (s Seen, err error) {
	err = v.Moment(ctx, func(v *ledger.View) error {
		if s, err = look(ctx, v, run, after); err != nil {
			return err
		}
		s.Counts = make(map[string]int64, len(counts))
		for _, name := range counts {
			switch metric, reason, one := strings.Cut(name, "."); {
			case one && metric == "issues":
				s.Counts[name], err = kin.IssuesOf(ctx, v.Reader(), run.ID, reason)
			case one:
				s.Counts[name], err = kin.DeadOf(ctx, v.Reader(), run.ID, reason)
			default:
				s.Counts[name], err = kin.Issues(ctx, v.Reader(), run.ID)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return s, err
}

func look(ctx context.Context, v *ledger.View, run ledger.Run, after int64) (s Seen, err error) {
	s.At, s.Last = time.Now().UTC().Truncate(time.Millisecond), after
	if s.Events, err = kin.Events(ctx, v.Reader(), run.ID, after, told...); err != nil {
		return s, err
	}
	moved, err := kin.Last(ctx, v.Reader(), run.ID, after, moves...)
	if err != nil {
		return s, err
	}
	if n := len(s.Events); n > 0 {
		s.Last = s.Events[n-1].Seq
	}
	s.Last = max(s.Last, moved)
	members, err := kin.Working(ctx, v.Reader(), run.ID)
	if err != nil {
		return s, err
	}
	text := &strings.Builder{}
	fmt.Fprint(text, s.Last)
	for _, m := range members {
		sums, err := v.Sums(ctx, m.ID)
		if err != nil {
			return s, err
		}
		var own record.Account
		for _, a := range sums {
			own = own.Plus(a)
		}
		s.Total = s.Total.Plus(own)
		fmt.Fprintf(text, " %s %d %d", m.Name, own.Read, own.Bytes)
		if err := s.stands(ctx, v, m, text); err != nil {
			return s, err
		}
	}
	s.Moved = text.String()
	return s, nil
}

// stands looks at what is under way in a run, and what holds it up.
func (s *Seen) stands(ctx context.Context, v *ledger.View, m kin.Member, text *strings.Builder) error {
	under, err := v.Progress(ctx, m.ID)
	if err != nil {
		return err
	}
	for _, p := range under {
		if p.Done+p.Rows+p.Bytes > 0 { // what is tried again and again comes and goes
			fmt.Fprintf(text, " %s %d %d %d", p.Unit, p.Done, p.Rows, p.Bytes)
		}
		for _, w := range p.Waits {
			switch {
			case w.Gate == "lock" && s.Hindered == "":
				s.Hindered = p.Unit + " waits for a lock"
				if w.Holder != "" {
					s.Hindered += ", held by " + w.Holder
				}
			case w.Gate == "server" && s.Slow == "":
				s.Slow = p.Unit + ": " + w.Text
			}
		}
	}
	again, err := v.Units(ctx, m.ID, ledger.Filter{State: ledger.Retry}, 20)
	for _, u := range again {
		if u.Fault != nil && s.Hindered == "" {
			s.Hindered = u.ID + " is tried again after: " + u.Fault.Text
		}
	}
	return err
}

// Deadest is the run that most of the dead letters of a run are of: itself, or one
// that it has started; and the cause that most of them have, nil when it is not known.
func Deadest(ctx context.Context, v *ledger.View, run ledger.Run) (name string, most *ledger.Cause, err error) {
	m, err := kin.Worst(ctx, v.Reader(), run.ID)
	if err != nil || m.ID == 0 {
		return run.Name(), nil, err
	}
	causes, err := v.Exceptions().Causes(ctx, m.ID, ledger.ExceptionFilter{Outcome: "dead"}, 0)
	if err != nil || len(causes) == 0 {
		return m.Name, nil, err
	}
	return m.Name, &causes[0], nil
}
