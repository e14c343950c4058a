package notify

import (
	"context"
	"slices"
	"sync"
	"time"

	"godwit/internal/control/flow/alarm"
	"godwit/internal/control/run/sight"
	"godwit/internal/fault"
	"godwit/internal/ui/notify/message"
	"godwit/internal/unit"
)

// lookEvery is how often a run is looked at, and share how much of the time that
// may take at most: a ledger that is slow to ask is asked less often.
const (
	lookEvery = 2 * time.Second
	share     = 20
)

// Run is what alarms are about, and how they look at it.
type Run struct {
	Name, UID, Flow, Env string
	Rehearsal            bool
	// Look is Runs.Sight.
	Look func(ctx context.Context, after int64, counts []string) (sight.Seen, error)
	// Dead names the run that most dead letters are of, and says why, "" when that
	// is not known.
	Dead func(ctx context.Context) (run, why string)
	// Report is the run's report, or an owner's part of it; nil when there is none.
	Report func(ctx context.Context, owner string) (*message.Attachment, error)
	// Owners are those who have something to mend and a mail address.
	Owners func(ctx context.Context) ([]Owner, error)
	// Tell writes down what was sent, and what could not be, and shows it.
	Tell func(ctx context.Context, a unit.Alarm)
}

// Attachment is a file that goes with a message.
type Attachment = message.Attachment

// Owner is somebody who is told, with the list of what he has to mend.
type Owner struct{ Name, Mail, List string }

// End is how a run ended. With a fault it broke off: the journal does not say why.
type End struct {
	Outcome string
	Exit    int
	Fault   *fault.Fault
}

// Office tells the receivers of a run's alarms. A new one is used for one drive of
// a run.
type Office struct {
	run    Run
	mail   *alarm.Mail
	desks  []*clerk
	counts []string // that some alarm goes by, beside the accounts

	mu    sync.Mutex
	seen  sight.Seen // as of the last look, or message
	after int64
	end   *End
	stall stall
}

// New makes an office; it does nothing until Run.
func New(set alarm.Set, run Run) *Office {
	o := &Office{run: run, mail: set.Mail}
	for _, a := range set.Alarms {
		for _, c := range a.When {
			if name := c.Asked(); (c.Metric == "issues" || c.Reason != "") && !slices.Contains(o.counts, name) {
				o.counts = append(o.counts, name)
			}
		}
		o.desks = append(o.desks, &clerk{office: o, desk: newDesk(a), wake: make(chan struct{}, 1)})
	}
	return o
}

// Late makes it one for a run that has ended before: what a process has written down
// about it, delivered or not, is not told again. It returns the same office.
func (o *Office) Late() *Office {
	for _, c := range o.desks {
		c.desk.late = true
	}
	return o
}

// Run looks at the run and tells, until the run has ended and all is told or
// given up, at most ten seconds later. Without an end (a closed channel) nothing
// more is told: the run was not gone on with. Cancelling ctx gives up at once.
func (o *Office) Run(ctx context.Context, ended <-chan End) {
	var clerks sync.WaitGroup
	for _, c := range o.desks {
		clerks.Go(func() { c.work(ctx) })
	}
	for pause := time.Duration(0); ; {
		select {
		case end, told := <-ended:
			if told {
				o.mu.Lock()
				o.end = &end
				o.mu.Unlock()
				o.look(context.WithoutCancel(ctx))
			}
			for _, c := range o.desks {
				c.close(told)
			}
			clerks.Wait()
			return
		case <-time.After(pause):
			began := time.Now()
			o.look(ctx)
			pause = max(lookEvery, share*time.Since(began))
		}
	}
}

// look takes in what is new. A ledger that cannot be read is the run's trouble.
func (o *Office) look(ctx context.Context) {
	o.mu.Lock()
	after, end := o.after, o.end
	o.mu.Unlock()
	seen, err := o.run.Look(ctx, after, o.counts)
	if err != nil {
		return
	}
	o.mu.Lock()
	o.seen, o.after = seen, seen.Last
	o.mu.Unlock()
	news := o.news(seen, end)
	for _, c := range o.desks {
		c.take(seen, news, end != nil)
	}
}

// fill completes a message about events, with the counts as they are then.
func (o *Office) fill(events []message.Event) message.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	if seen, err := o.run.Look(context.Background(), o.after, append(slices.Clone(o.counts), "issues")); err == nil {
		o.seen = seen
	}
	m := message.Message{
		Type: "alarm", V: 1, ID: o.run.UID, Run: o.run.Name, Flow: o.run.Flow, Env: o.run.Env, Rehearsal: o.run.Rehearsal,
		At: time.Now().UTC().Truncate(time.Millisecond), Event: events[0].Event, Events: events,
		Counts: message.CountsOf(o.seen.Total, o.seen.Counts["issues"]), Next: []string{},
	}
	for i, e := range events {
		if e.Event == alarm.DeadFirst {
			events[i] = o.dead(e)
		}
		for _, n := range events[i].Next {
			m.Next = add(m.Next, n)
		}
	}
	if o.end != nil {
		m.Outcome, m.Exit = o.end.Outcome, &o.end.Exit
		m.Next = add(m.Next, "godwit report "+o.run.Name)
	} else {
		m.Next = add(m.Next, "godwit status "+o.run.Name)
	}
	m.Text = m.Line()
	return m
}

func add(list []string, one string) []string {
	for _, have := range list {
		if have == one {
			return list
		}
	}
	return append(list, one)
}
