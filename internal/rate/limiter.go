package rate

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"godwit/internal/fault"
	"godwit/internal/rate/joint"
)

const (
	// catchUp is how far a request may start behind its place in the schedule
	// without the schedule moving: timers wake late, and the mean must not
	// suffer. It is all that can come at once after a silence.
	catchUp = 5 * time.Millisecond
	// late is how long a request may take from its place to the wire: what takes longer,
	// a connection that is dialled, would have it arrive among those behind it.
	late = 2 * time.Millisecond
	// leastSleep is how long is slept at least for a place: waking costs more than a
	// request. Those whose places come meanwhile begin together then, by the catch-up.
	leastSleep = time.Millisecond
	// longestPause is the longest one that is waited for here. A longer one is a
	// fault: whoever asks can do something else meanwhile, or be stopped.
	longestPause = time.Minute
)

// Limiter lets requests begin. It is safe for concurrent use; those that wait
// are let through in turn, one of each who asks, and of one in the order in which they
// came: one who has thousands of them does not keep the others out.
//
// The schedule is absolute (GCRA): a request has a place in it, and the next
// place is one interval behind that, however late the request began.
type Limiter struct {
	seats seats
	joint atomic.Pointer[joint.Joint] // with those of other processes; nil: alone
	head  chan struct{}               // held by the one that waits for the next place
	again chan struct{}               // the same, of those that need another one

	mu       sync.Mutex
	declared Limit
	profile  profile
	tuned    Tune
	last     time.Time // place in the schedule that was taken last
	paused   time.Time // until
	answers  answers
	slowed   slowed
	circuit  circuit
	held     held
	late     int           // requests that need another place: they go first
	changed  chan struct{} // closed when whoever waits is to look again
}

// New makes a limiter. A limit that is none is a fault of kind config, code
// limit.invalid.
func New(l Limit) (*Limiter, error) {
	p, err := newProfile(l)
	if err != nil {
		return nil, err
	}
	if l.Rate < 0 || l.Concurrency < 0 {
		return nil, fault.New(fault.Config, "limit.invalid", "limit: rate and concurrency are above 0")
	}
	limiter := &Limiter{declared: l, profile: p, head: make(chan struct{}, 1), again: make(chan struct{}, 1), changed: make(chan struct{})}
	limiter.seats.set(l.Concurrency)
	return limiter, nil
}

type patienceKey struct{}

// WithPatience has requests under the context wait for a system that is away as long
// as this, where that is shorter than the limiter itself waits.
func WithPatience(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, patienceKey{}, d)
}

func patienceOf(ctx context.Context) time.Duration {
	if d, ok := ctx.Value(patienceKey{}).(time.Duration); ok {
		return min(d, longAway)
	}
	return longAway
}

// Answer is how the other side took a request.
type Answer struct {
	Refused bool          // for now, as too much: 429, 503
	After   time.Duration // it is to come again no sooner; 0: it did not say
	Failed  bool          // there was none, or it says that the system is away
	None    bool          // it was given up: nothing is known
}

// Begin waits until a request of somebody, a run by its name say, may start. End must be
// called once it is answered, or given up; a second call does nothing. The errors are the
// context's; limit.paused of kind throttled when the other side wants to be left
// alone for more than a minute; and circuit.open of kind unavailable when it has
// been away for long. Who gives up waiting takes no place in the schedule.
func (l *Limiter) Begin(ctx context.Context, who string) (end func(Answer), err error) {
	b := &begun{of: l}
	if err := l.seats.sit(ctx, who); err != nil {
		return nil, err
	}
	if j := l.joint.Load(); j != nil && l.seats.many() > 0 {
		if b.seat, err = j.Sit(ctx, l.seats.many); err != nil {
			l.seats.leave()
			return nil, err
		}
		b.joint = j
	}
	if b.probe, err = l.wait(ctx); err != nil {
		b.stand()
		return nil, err
	}
	return b.end, nil
}

// begun is a request that may start, with the seats that it has.
type begun struct {
	of    *Limiter
	joint *joint.Joint // whose seat it has, among those of all processes
	seat  int
	probe bool
	over  atomic.Bool
}

func (b *begun) end(a Answer) {
	if b.over.CompareAndSwap(false, true) {
		b.stand()
		b.of.answered(time.Now(), a, b.probe)
	}
}

// stand gives the seats back.
func (b *begun) stand() {
	if b.joint != nil {
		b.joint.Leave(b.seat)
	}
	b.of.seats.leave()
}

// lookAgain is how long is slept at most before the hours are looked at again.
const lookAgain = time.Second

// wait waits for a place in the schedule, and until the other side is there.
func (l *Limiter) wait(ctx context.Context) (probe bool, err error) {
	t, err := l.queue(ctx, l.head, l.take)
	return t.probe, err
}

// Again is asked when a request is about to go onto the wire, since is when Begin let it:
// when that is so long ago that it would arrive among those behind it, it waits for another
// place in the schedule, and the one that it had stays empty. It goes before all that have
// not begun, who may wait for what becomes of it: it may be the one that asks whether a
// system is back. The error is the context's.
func (l *Limiter) Again(ctx context.Context, since time.Time) error {
	if !l.tooLate(time.Now(), since) {
		return nil
	}
	defer l.inTime()
	_, err := l.queue(ctx, l.again, func(_ context.Context, now time.Time) (taken, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.place(now), nil
	})
	return err
}

// tooLate reports whether a request needs another place, and has those that have not begun
// wait for it then. Where places are far from each other it would not meet the one behind it.
func (l *Limiter) tooLate(now, since time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	rate := l.rate(now)
	if rate == 0 || now.Sub(since) <= max(late, time.Duration(float64(time.Second)/rate/2)) {
		return false
	}
	l.late++
	return true
}

// inTime is behind tooLate.
func (l *Limiter) inTime() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.late--; l.late == 0 {
		l.lookUp()
	}
}

// queue waits in a line, one at a time, until what is taken is due.
func (l *Limiter) queue(ctx context.Context, line chan struct{}, take func(ctx context.Context, now time.Time) (taken, error)) (taken, error) {
	select {
	case line <- struct{}{}:
	case <-ctx.Done():
		return taken{}, ctx.Err()
	}
	defer func() { <-line }()
	for {
		if err := ctx.Err(); err != nil {
			return taken{}, err
		}
		t, err := take(ctx, time.Now())
		if err != nil || t.due == 0 {
			return t, err
		}
		err = l.sleep(ctx, min(max(t.due, leastSleep), lookAgain), t.other, t.changed)
		if err != nil {
			return taken{}, err
		}
	}
}

// Rest waits for a while that the other side has asked for, or that its outage
// needs, and counts it as lost. The error is the context's.
func (l *Limiter) Rest(ctx context.Context, d time.Duration) error {
	return l.sleep(ctx, d, true, nil)
}

// sleep waits, and counts what that costs as the other side's doing or the limit's.
func (l *Limiter) sleep(ctx context.Context, d time.Duration, other bool, changed <-chan struct{}) error {
	l.mu.Lock()
	watch := l.held.of(other)
	watch.begin(time.Now())
	l.mu.Unlock()
	timer := time.NewTimer(d)
	defer func() {
		timer.Stop()
		l.mu.Lock()
		defer l.mu.Unlock()
		watch.end(time.Now())
	}()
	select {
	case <-timer.C:
	case <-changed:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// taken is a place in the schedule, or how far away it is.
type taken struct {
	due     time.Duration
	other   bool // the other side is why
	probe   bool // of a system that was away
	changed <-chan struct{}
}

// take takes the next place in the schedule, or says how far away it is.
func (l *Limiter) take(ctx context.Context, now time.Time) (taken, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if pause := l.paused.Sub(now); pause > 0 {
		if pause > longestPause {
			return taken{}, fault.New(fault.Throttled, "limit.paused", "no requests are wanted before %s, in %s",
				l.paused.UTC().Format(time.RFC3339), pause.Round(time.Second)).Hint("the same command goes on then")
		}
		return taken{due: pause, other: true, changed: l.changed}, nil
	}
	due, err := l.circuit.due(ctx, now)
	if err != nil || due > 0 {
		return taken{due: due, other: true, changed: l.changed}, err
	}
	if l.late > 0 {
		return taken{due: lookAgain, changed: l.changed}, nil
	}
	if t := l.place(now); t.due > 0 {
		return t, nil
	}
	l.slowed.used++
	l.answers.began(now)
	return taken{probe: l.circuit.probe()}, nil
}

// place takes the next place, whoever else is away. The mutex is held.
func (l *Limiter) place(now time.Time) taken {
	rate := l.rate(now)
	if j := l.joint.Load(); rate > 0 && j != nil {
		if due := j.Take(time.Duration(float64(time.Second)/rate), catchUp); due > 0 {
			return l.away(now, due, rate)
		}
	} else if rate > 0 {
		place := l.last.Add(time.Duration(float64(time.Second) / rate))
		if earliest := now.Add(-catchUp); place.Before(earliest) {
			place = earliest
		}
		if due := place.Sub(now); due > 0 {
			return l.away(now, due, rate)
		}
		l.last = place
	}
	return taken{}
}

// away is a place that is still so far away, by a rate.
func (l *Limiter) away(now time.Time, due time.Duration, rate float64) taken {
	return taken{due: due, other: rate < l.allowed(now) || l.allowed(now) == 0, changed: l.changed}
}

// allowed is what is allowed at a time: what was declared, or tuned down to.
func (l *Limiter) allowed(now time.Time) float64 {
	return lowest(l.profile.at(now), l.tuned.Rate)
}

// rate is what is allowed at a time, or less.
func (l *Limiter) rate(now time.Time) float64 { return lowest(l.allowed(now), l.slowed.to) }

// lowest is the lower of two rates, of which 0 is any.
func lowest(a, b float64) float64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

func (l *Limiter) answered(now time.Time, a Answer, probe bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.circuit.answered(now, a, probe) {
		l.lookUp()
	}
	if a.None {
		return
	}
	l.answers.add(now, a.Refused)
	if !a.Refused {
		l.slowed.recover(now, l.allowed(now))
		return
	}
	began, share := l.answers.last(now, aSecond)
	rate := l.rate(now)
	if rate == 0 && began >= leastBegun {
		rate = began
	}
	if _, of := l.answers.last(now, buckets); share >= suddenly || of >= leastRefused {
		l.slowed.lower(now, rate)
	}
	// One refused request waits alone: a pause of all would starve whoever has
	// a place left at the other side. Many refused ones say that it has none.
	if until := now.Add(a.After); (a.After >= longAfter || a.After > 0 && share >= mostRefused) && until.After(l.paused) {
		l.paused = until
	}
}

// lookUp has whoever waits look again.
func (l *Limiter) lookUp() {
	close(l.changed)
	l.changed = make(chan struct{})
}
