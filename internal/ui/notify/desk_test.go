package notify

import (
	"testing"
	"time"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/control/run/sight"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/ui/notify/message"
	"godwit/internal/unit"
)

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

func mailTo(when ...alarm.Condition) alarm.Alarm {
	return alarm.Alarm{When: when, To: alarm.Receiver{Mail: []string{"ops@example.com"}}}
}

func plain(events []message.Event) message.Message {
	return message.Message{ID: "run", Events: events}
}

// happens raises an event of the journal.
func happens(d *desk, when time.Duration, event string, seq int64) {
	d.raise(at(when), message.Event{Event: event, Count: 1, First: at(when), Last: at(when), Seq: seq})
}

// leaves expects a message with counts of events at a time, and none just before.
func leaves(t *testing.T, d *desk, when time.Duration, want ...message.Event) *letter {
	t.Helper()
	if l, wait := d.next(at(when-time.Millisecond), plain); l != nil || wait != time.Millisecond {
		t.Fatalf("a millisecond before: %v, wait %s", l, wait)
	}
	l, _ := d.next(at(when), plain)
	if l == nil {
		t.Fatal("nothing leaves")
	}
	if len(l.Events) != len(want) {
		t.Fatalf("%d events: %+v", len(l.Events), l.Events)
	}
	for i, w := range want {
		if l.Events[i].Event != w.Event || l.Events[i].Count != w.Count {
			t.Errorf("event %d is %s (%d), want %s (%d)", i, l.Events[i].Event, l.Events[i].Count, w.Event, w.Count)
		}
	}
	return l
}

var (
	refuses = fault.New(fault.Denied, "alarm.refused", "answered 404")
	away    = fault.New(fault.Unavailable, "alarm.unreached", "answered 503")
)

// What comes together leaves together, within ten seconds of the first.
func TestDeskGroups(t *testing.T) {
	d := newDesk(mailTo())
	if _, wait := d.next(start, plain); wait >= 0 {
		t.Errorf("an empty desk waits %s", wait)
	}
	for i := range 1000 {
		happens(d, time.Duration(i)*time.Millisecond, "verify.differs", int64(i+1))
	}
	happens(d, 2*time.Second, "run.failed", 2000)
	l := leaves(t, d, gather, message.Event{Event: "verify.differs", Count: 1000}, message.Event{Event: "run.failed", Count: 1})
	if gather+lookEvery > 8*time.Second {
		t.Error("ten seconds are promised, with the time to send")
	}
	told := d.tried(at(gather), nil)
	if told == nil || !told.Delivered || told.Alarms[0].Seq != 1000 || told.Alarms[0].Count != 1000 || told.ID != l.ID {
		t.Fatalf("written down: %+v", told)
	}
	// Repeated ones come five minutes later, with what is new at once beside them.
	happens(d, 20*time.Second, "verify.differs", 3000)
	happens(d, 30*time.Second, "verify.differs", 3001)
	if l, wait := d.next(at(30*time.Second), plain); l != nil || wait != gather+again-30*time.Second {
		t.Errorf("repeated: %v, wait %s", l, wait)
	}
	happens(d, time.Minute, "snapshot.lost", 3002)
	leaves(t, d, time.Minute+gather, message.Event{Event: "verify.differs", Count: 2}, message.Event{Event: "snapshot.lost", Count: 1})
}

// A state is told once, with the count that it has when the message leaves.
func TestDeskTellsAStateOnce(t *testing.T) {
	d := newDesk(mailTo())
	for i := range 5 {
		d.state(at(time.Duration(i)*time.Second), message.Event{Event: "dead.first", Count: int64(i*100 + 1)})
	}
	leaves(t, d, gather, message.Event{Event: "dead.first", Count: 401})
	d.state(at(5*time.Second), message.Event{Event: "dead.first", Count: 900})
	d.tried(at(5*time.Second), nil)
	d.state(at(time.Hour), message.Event{Event: "dead.first", Count: 1000})
	if l, wait := d.next(at(2*time.Hour), plain); l != nil || wait >= 0 {
		t.Errorf("it is told again: %+v", l)
	}
}

// What an earlier process delivered is not told again, what it could not deliver is.
func TestDeskRemembers(t *testing.T) {
	sent := unit.Alarm{Key: mailTo().To.Key(), Delivered: true, Alarms: []unit.Alarmed{{Event: "dead.first", Count: 3}, {Event: "verify.differs", Count: 2, Seq: 40}}}
	d := newDesk(mailTo())
	d.told(sent)
	d.state(start, message.Event{Event: "dead.first", Count: 7})
	happens(d, 0, "verify.differs", 39)
	happens(d, 0, "verify.differs", 40)
	if l, wait := d.next(at(time.Hour), plain); l != nil || wait >= 0 {
		t.Errorf("told again: %+v", l)
	}
	happens(d, 0, "verify.differs", 41)
	leaves(t, d, gather, message.Event{Event: "verify.differs", Count: 1})

	sent.Delivered = false
	d = newDesk(mailTo())
	d.told(sent)
	d.told(unit.Alarm{Key: alarm.Receiver{Mail: []string{"dev@example.com"}}.Key(), Delivered: true, Alarms: sent.Alarms})
	d.state(start, message.Event{Event: "dead.first", Count: 7})
	happens(d, 0, "verify.differs", 40)
	leaves(t, d, gather, message.Event{Event: "dead.first", Count: 7}, message.Event{Event: "verify.differs", Count: 1})
}

// A receiver that is away is tried again, less and less often, for an hour.
func TestDeskTriesAgain(t *testing.T) {
	d := newDesk(mailTo())
	happens(d, 0, "run.failed", 1)
	now, tries, first := gather, 0, ""
	for pauses := time.Duration(0); ; tries++ {
		l, wait := d.next(at(now), plain)
		if l == nil {
			if wait <= 0 || wait > time.Minute {
				t.Fatalf("wait %s", wait)
			}
			if wait < pauses {
				t.Errorf("a pause of %s after one of %s", wait, pauses)
			}
			pauses, now = wait, now+wait
			l, _ = d.next(at(now), plain)
		}
		if first == "" {
			first = l.ID
		}
		if l.ID != first {
			t.Error("another id")
		}
		happens(d, now, "snapshot.lost", int64(10+tries)) // does not get into it
		if told := d.tried(at(now), away); told != nil {
			if told.Delivered || told.Why != "answered 503 [alarm.unreached]" || told.Tries != tries+1 || len(told.Alarms) != 1 {
				t.Errorf("written down: %+v", told)
			}
			break
		}
	}
	if tries < 50 || tries > 80 || now < 50*time.Minute || now > patience+gather {
		t.Errorf("%d tries in %s", tries, now)
	}
}

func TestDeskDoesNotRepeatWhatIsRefused(t *testing.T) {
	d := newDesk(mailTo())
	happens(d, 0, "run.failed", 1)
	d.next(at(gather), plain)
	if told := d.tried(at(gather), refuses); told == nil || told.Delivered || told.Tries != 1 {
		t.Errorf("%+v", told)
	}
}

// At the run's end all leaves at once, is tried for ten seconds, and no longer.
func TestDeskCloses(t *testing.T) {
	d := newDesk(mailTo())
	happens(d, 0, "run.failed", 1)
	d.close(at(time.Second))
	if d.over() {
		t.Fatal("it is over with something left")
	}
	for _, now := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		if l, _ := d.next(at(now), plain); l == nil {
			t.Fatalf("no try at %s", now)
		}
		if told := d.tried(at(now), away); told != nil {
			t.Fatalf("given up at %s", now)
		}
	}
	d.next(at(8*time.Second), plain)
	if told := d.tried(at(8*time.Second), away); told == nil || told.Tries != 4 || !d.over() {
		t.Errorf("not given up: %+v", told)
	}
}

// A message in a long pause is tried once more when the run ends.
func TestDeskTriesAtTheEnd(t *testing.T) {
	d := newDesk(mailTo())
	happens(d, 0, "dead.first", 1)
	now := gather
	for range 8 {
		l, wait := d.next(at(now), plain)
		if l == nil {
			now += wait
			d.next(at(now), plain)
		}
		d.tried(at(now), away)
	}
	d.close(at(now + time.Second))
	if l, _ := d.next(at(now+time.Second), plain); l == nil {
		t.Fatal("not tried at the end")
	}
	if told := d.tried(at(now+time.Second), nil); told == nil || !told.Delivered || !d.over() {
		t.Errorf("%+v", told)
	}
}

func TestConditions(t *testing.T) {
	total := record.Account{Read: 999, Dead: 60, Rejected: 100, Pending: 5}
	a := mailTo(alarm.Condition{Event: alarm.DeadFirst}, alarm.Condition{Metric: "dead", More: 59}, alarm.Condition{Metric: "rejected", More: 100},
		alarm.Condition{Metric: "issues", More: 5, Share: true})
	seen := sight.Seen{At: start, Total: total, Counts: map[string]int64{"issues": 50}}
	names := func(over bool) (list []string) {
		for _, e := range counts("shop-1", a, seen, over) {
			list = append(list, e.Event)
		}
		return list
	}
	if got := names(false); len(got) != 2 || got[0] != "dead.first" || got[1] != "dead > 59" {
		t.Errorf("in the first pages: %v", got)
	}
	if got := names(true); len(got) != 3 || got[2] != "issues > 5%" {
		t.Errorf("at the end: %v", got)
	}
	seen.Total.Read = 1000
	if got := names(false); len(got) != 2 {
		t.Errorf("5%% is not more than 5%%: %v", got)
	}
	seen.Counts["issues"] = 51
	if got := names(false); len(got) != 3 {
		t.Errorf("5.1%% of 1000: %v", got)
	}
}

// Stalled is a run that something keeps from moving, for ten minutes.
func TestStall(t *testing.T) {
	for name, c := range map[string]struct {
		look   func(minute int) (moved, hindered, slow string)
		stalls []int // minutes
	}{
		"a lock":           {func(int) (string, string, string) { return "a", "x waits for a lock", "" }, []int{10}},
		"it moves":         {func(m int) (string, string, string) { return string(rune('a' + m)), "x waits for a lock", "" }, nil},
		"a server at work": {func(int) (string, string, string) { return "a", "", "" }, nil},
		"an outage": {func(m int) (string, string, string) {
			return "a", map[bool]string{true: "x is tried again"}[m%2 == 0], ""
		}, []int{10}},
		"disks, now, then":  {func(m int) (string, string, string) { return "a", "", map[bool]string{true: "disks"}[m%3 > 0] }, nil},
		"a standby is gone": {func(int) (string, string, string) { return "a", "", "standby" }, []int{10}},
		"twice":             {func(m int) (string, string, string) { return string(rune('a' + m/20)), "x waits for a lock", "" }, []int{10, 30}},
	} {
		var s stall
		var got []int
		for minute := range 40 {
			moved, hindered, slow := c.look(minute)
			if _, stands := s.look(sight.Seen{At: at(time.Duration(minute) * time.Minute), Moved: moved, Hindered: hindered, Slow: slow}); stands {
				got = append(got, minute)
			}
		}
		if len(got) != len(c.stalls) || len(got) > 0 && got[0] != c.stalls[0] || len(got) > 1 && got[1] != c.stalls[1] {
			t.Errorf("%s: stalls %v, want %v", name, got, c.stalls)
		}
	}
}

// The id tells news from others: it is the same for the same news only.
func TestDeskNames(t *testing.T) {
	id := func(e message.Event) string {
		d := newDesk(mailTo())
		return d.id(message.Message{ID: "run", Events: []message.Event{e}})
	}
	one, two := start, at(time.Hour)
	for name, c := range map[string]struct {
		a, b message.Event
		same bool
	}{
		"an event of the journal": {message.Event{Event: "verify.differs", Seq: 7, First: one}, message.Event{Event: "verify.differs", Seq: 7, First: one}, true},
		"another one":             {message.Event{Event: "verify.differs", Seq: 7}, message.Event{Event: "verify.differs", Seq: 8}, false},
		"a state, seen again":     {message.Event{Event: "dead.first", State: true, First: one, Count: 1}, message.Event{Event: "dead.first", State: true, First: two, Count: 9}, true},
		"a second stall":          {message.Event{Event: "run.stalled", First: one}, message.Event{Event: "run.stalled", First: two}, false},
	} {
		if (id(c.a) == id(c.b)) != c.same {
			t.Errorf("%s: %s, %s", name, id(c.a), id(c.b))
		}
	}
}

// Two receivers at one host have the same name and are two.
func TestReceiversOfOneName(t *testing.T) {
	one, two := alarm.Receiver{Webhook: &alarm.Webhook{URL: "https://hooks.example/a"}}, alarm.Receiver{Webhook: &alarm.Webhook{URL: "https://hooks.example/b"}}
	if one.String() != two.String() || one.String() != "webhook hooks.example" {
		t.Errorf("%s, %s", one, two)
	}
	d := newDesk(alarm.Alarm{To: two})
	d.told(unit.Alarm{Receiver: one.String(), Key: one.Key(), Delivered: true, Alarms: []unit.Alarmed{{Event: "run.failed", Seq: 9}}})
	happens(d, 0, "run.failed", 9)
	leaves(t, d, gather, message.Event{Event: "run.failed", Count: 1})
}
