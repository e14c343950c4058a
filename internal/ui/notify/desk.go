package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/fault"
	"godwit/internal/ui/notify/message"
	"godwit/internal/unit"
)

// When a message leaves, and how long it is tried.
const (
	gather   = 4 * time.Second  // from the first event of a kind, for others to come along
	again    = 5 * time.Minute  // between messages about the same kind of event
	first    = time.Second      // before the second try; doubled from then on
	longest  = time.Minute      // between two tries
	patience = time.Hour        // from the first try to the last
	grace    = 10 * time.Second // for what is not delivered when the run is over
)

// desk is what waits for one receiver. It has no clock: whoever asks says what time
// it is. Not safe for concurrent use.
type desk struct {
	alarm    alarm.Alarm
	receiver string
	key      string
	waiting  []message.Event
	opened   map[string]time.Time // when the first of a kind that waits was raised
	left     map[string]time.Time // when a kind was in a message last
	late     bool                 // what could not be delivered counts as told
	covered  map[string]int64     // by kind, the last event of the journal that a delivered message covers; 0: it was delivered

	letter *letter
	until  time.Time // the run is over: after it nothing is tried; zero: it goes on
}

// letter is a message that is being tried; it does not change any more.
type letter struct {
	message.Message
	tries int
	begun time.Time
	due   time.Time
	done  map[string]bool // addresses that have it
}

func newDesk(a alarm.Alarm) *desk {
	return &desk{alarm: a, receiver: a.To.String(), key: a.To.Key(), opened: map[string]time.Time{}, left: map[string]time.Time{}, covered: map[string]int64{}}
}

// wants reports whether the receiver is to be told of an event.
func (d *desk) wants(event string) bool {
	return slices.ContainsFunc(d.alarm.When, func(c alarm.Condition) bool { return c.Event == event })
}

// raise adds an event of the journal, or adds to its count; one that is covered by
// a message is passed over.
func (d *desk) raise(now time.Time, e message.Event) {
	if seq, told := d.covered[e.Event]; told && e.Seq != 0 && e.Seq <= seq {
		return
	}
	if i := d.waits(e.Event); i >= 0 {
		w := &d.waiting[i]
		w.Count, w.Last, w.Seq = w.Count+e.Count, e.Last, max(w.Seq, e.Seq)
		return
	}
	d.waiting = append(d.waiting, e)
	d.opened[e.Event] = now
}

// state adds what is so from some moment on, as of now: it is told once.
func (d *desk) state(now time.Time, e message.Event) {
	if i := d.waits(e.Event); i >= 0 {
		d.waiting[i].Count, d.waiting[i].Last = e.Count, e.Last
		return
	}
	if _, told := d.covered[e.Event]; told || !d.left[e.Event].IsZero() {
		return
	}
	d.waiting = append(d.waiting, e)
	d.opened[e.Event] = now
}

func (d *desk) waits(event string) int {
	return slices.IndexFunc(d.waiting, func(e message.Event) bool { return e.Event == event })
}

// told takes in what was sent before, by this process or an earlier one.
func (d *desk) told(a unit.Alarm) {
	if a.Key != d.key || !a.Delivered && !d.late {
		return
	}
	for _, e := range a.Alarms {
		d.covered[e.Event] = max(d.covered[e.Event], e.Seq)
	}
}

// close says that the run is over: what waits leaves at once.
func (d *desk) close(now time.Time) {
	d.until = now.Add(grace)
	if d.letter != nil && d.letter.due.After(now) {
		d.letter.due = now
	}
}

// over reports whether nothing is left to be done.
func (d *desk) over() bool { return !d.until.IsZero() && d.letter == nil && len(d.waiting) == 0 }

// next gives the message to try now; fill completes a new one. Without one it says
// how long there is nothing to do, less than 0 until something is raised.
func (d *desk) next(now time.Time, fill func([]message.Event) message.Message) (*letter, time.Duration) {
	if d.letter == nil {
		due, any := d.due()
		if !any {
			return nil, -1
		}
		if d.until.IsZero() && now.Before(due) {
			return nil, due.Sub(now)
		}
		m := fill(d.waiting)
		m.ID = d.id(m)
		d.letter = &letter{Message: m, begun: now, due: now, done: map[string]bool{}}
		for _, e := range d.waiting {
			d.left[e.Event] = now
		}
		d.waiting, d.opened = nil, map[string]time.Time{}
	}
	if wait := d.letter.due.Sub(now); wait > 0 {
		return nil, wait
	}
	return d.letter, 0
}

// due is when the first of what waits is to leave; all others go along.
func (d *desk) due() (at time.Time, any bool) {
	for event, opened := range d.opened {
		due := opened.Add(gather)
		if left := d.left[event]; !left.IsZero() && left.Add(again).After(due) {
			due = left.Add(again)
		}
		if !any || due.Before(at) {
			at, any = due, true
		}
	}
	return at, any
}

// tried says how a try of the message ended. When nothing more is tried it returns
// what is to be written down.
func (d *desk) tried(now time.Time, err error) *unit.Alarm {
	l := d.letter
	l.tries++
	if err != nil && fault.KindOf(err).Passing() {
		pause := min(longest, first<<min(l.tries-1, 10))
		limit := l.begun.Add(patience)
		if !d.until.IsZero() {
			limit = d.until
		}
		if l.due = now.Add(pause); !l.due.After(limit) {
			return nil
		}
	}
	d.letter = nil
	out := &unit.Alarm{ID: l.ID, Receiver: d.receiver, Key: d.key, Delivered: err == nil, Tries: l.tries, To: slices.Sorted(maps.Keys(l.done))}
	for _, e := range l.Events {
		out.Alarms = append(out.Alarms, unit.Alarmed{Event: e.Event, Count: e.Count, Seq: e.Seq})
	}
	if err != nil {
		f := fault.Of(err)
		out.Why = f.String()
	}
	d.told(*out)
	return out
}

// id is the same for the same news of a run to the same receiver.
func (d *desk) id(m message.Message) string {
	sum := sha256.New()
	fmt.Fprintln(sum, m.ID, d.key)
	for _, e := range m.Events {
		fmt.Fprintln(sum, e.Event, e.Seq)
		if e.Seq == 0 && !e.State { // it may come again
			fmt.Fprintln(sum, e.First.UnixMilli())
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}
