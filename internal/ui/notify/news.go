package notify

import (
	"context"
	"fmt"
	"time"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/control/plan/exit"
	"godwit/internal/control/run/sight"
	"godwit/internal/ui/notify/message"
	"godwit/internal/ui/view"
	"godwit/internal/unit"
)

// news is what a look says that has happened, for all receivers.
func (o *Office) news(seen sight.Seen, end *End) (all []message.Event) {
	failed := false
	for _, e := range seen.Events {
		n := message.Event{Count: 1, First: e.At, Last: e.At, Run: e.Run, Seq: e.Seq}
		switch e.Kind {
		case unit.VerifyTable:
			b, err := unit.Decode[view.VerifyTable](e.Event)
			if err != nil || b.Result != "differs" {
				continue
			}
			n.Event, n.Text = alarm.VerifyDiffers, b.Entity+" differs"
			if b.Count > 0 {
				n.Text = fmt.Sprintf("%s: %s", b.Entity, view.Plural(b.Count, "difference"))
			}
			n.Next = []string{"godwit report " + e.Run}
		case unit.SnapshotLost:
			b, _ := unit.Decode[unit.Snapshot](e.Event)
			n.Event, n.Text = alarm.SnapshotLost, "the snapshot of "+b.Connection+" is lost: "+b.Why
		case unit.RunFinished:
			b, _ := unit.Decode[unit.Finished](e.Event)
			own := e.Run == o.run.Name
			n.Event, n.Text = alarm.RunFinished, fmt.Sprintf("%s, exit %d", b.Outcome, b.Exit)
			if b.Outcome == "failed" || b.Outcome == "stopped" {
				f := n
				f.Event, f.Next = alarm.RunFailed, []string{"godwit status " + e.Run}
				if own && end != nil && end.Fault != nil {
					f.Text += ": " + end.Fault.String()
				}
				all, failed = append(all, f), failed || own
			}
			if !own {
				continue
			}
			n.Text += left(seen)
			if b.Outcome == "done" && b.Exit == exit.Open {
				l := n
				l.Event, l.Next = alarm.RunLeft, []string{"godwit dead stats " + e.Run, "godwit issues list " + e.Run}
				all = append(all, l)
			}
		default:
			continue
		}
		all = append(all, n)
	}
	if text, stands := o.stall.look(seen); stands && end == nil {
		all = append(all, message.Event{Event: alarm.RunStalled, Count: 1, First: seen.At, Last: seen.At, Run: o.run.Name, Text: text})
	}
	if end != nil && end.Fault != nil && !failed {
		all = append(all, message.Event{Event: alarm.RunFailed, Count: 1, First: seen.At, Last: seen.At, Run: o.run.Name,
			Text: fmt.Sprintf("broke off, exit %d: %s", end.Exit, end.Fault.String()), Next: []string{"godwit resume " + o.run.Name}})
	}
	return all
}

// left are the records of a run that were not loaded, in words.
func left(seen sight.Seen) string {
	text := ""
	for _, n := range []struct {
		count int64
		what  string
	}{{seen.Total.Rejected, "rejected"}, {seen.Total.Dead, "dead"}, {seen.Total.Pending, "pending"}} {
		if n.count > 0 {
			text += fmt.Sprintf(", %s %s", view.Count(n.count), n.what)
		}
	}
	return text
}

// dead says in words what the first dead letters are, and where.
func (o *Office) dead(e message.Event) message.Event {
	e.Text = view.Plural(e.Count, "dead letter")
	run, why := o.run.Dead(context.Background())
	if why != "" {
		e.Text += ", most of them " + why
	}
	e.Run, e.Next = run, []string{"godwit dead stats " + run}
	return e
}

// counts are the conditions of an alarm that hold.
func counts(run string, a alarm.Alarm, seen sight.Seen, over bool) (all []message.Event) {
	for _, c := range a.When {
		e := message.Event{Event: c.String(), Count: 1, First: seen.At, Last: seen.At, Run: run, State: true}
		switch {
		case c.Event == alarm.DeadFirst && seen.Total.Dead > 0:
			e.Count = seen.Total.Dead // the rest is found out when it leaves
		case c.Metric != "" && c.Exceeded(seen.Total, counted(c, seen), over):
			e.Text = fmt.Sprintf("%s %s of %s read", view.Count(counted(c, seen)), c.Asked(), view.Plural(seen.Total.Read, "record"))
		default:
			continue
		}
		all = append(all, e)
	}
	return all
}

// counted is what a condition compares.
func counted(c alarm.Condition, seen sight.Seen) int64 {
	if n, asked := seen.Counts[c.Asked()]; asked {
		return n
	}
	return alarm.Count(c.Metric, seen.Total)
}

// stands is how long nothing may move before a run is stalled.
const stands = 10 * time.Minute

// stall notices that a run stands still although it is to move.
type stall struct {
	moved   string
	since   time.Time // when it moved last
	working time.Time // when no server said that it waits, last
	told    bool
}

// look takes in a look at the run; it says so once each time that the run stands.
func (s *stall) look(seen sight.Seen) (text string, standing bool) {
	if seen.Moved != s.moved || s.since.IsZero() {
		*s = stall{moved: seen.Moved, since: seen.At, working: seen.At}
		return "", false
	}
	if seen.Hindered == "" && seen.Slow == "" {
		s.working = seen.At
	}
	why := seen.Hindered
	if why == "" && seen.At.Sub(s.working) >= stands { // at each look: more than work
		why = seen.Slow
	}
	if s.told || why == "" || seen.At.Sub(s.since) < stands {
		return "", false
	}
	s.told = true
	return fmt.Sprintf("nothing has moved for %s: %s", view.Span(seen.At.Sub(s.since)), why), true
}
