package rate

import (
	"context"
	"sync"
	"time"

	"godwit/internal/fault"
)

const (
	// catchUp is how far a request may start behind its place in the schedule
	// without the schedule moving: timers wake late, and the mean must not
	// suffer. It is all that can come at once after a silence.
	catchUp = 5 * time.Millisecond
	// patience is the longest pause that is waited for here. A longer one is a
	// fault: whoever asks can do something else meanwhile, or be stopped.
	patience = time.Minute
)

// Limiter lets requests begin. It is safe for concurrent use; those that wait
// are let through in the order in which they came.
//
// The schedule is absolute (GCRA): a request has a place in it, and the next
// place is one interval behind that, however late the request began.
type Limiter struct {
	busy chan struct{} // one for each request under way; nil: any number
	head chan struct{} // held by the one that waits for the next place

	mu      sync.Mutex
	profile profile
	next    time.Time // place in the schedule
	paused  time.Time // until
	answers answers
	slowed  slowed
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
	limiter := &Limiter{profile: p, head: make(chan struct{}, 1)}
	if l.Concurrency > 0 {
		limiter.busy = make(chan struct{}, l.Concurrency)
	}
	return limiter, nil
}

// Answer is how the other side took a request.
type Answer struct {
	Refused bool          // for now, as too much: 429, 503
	After   time.Duration // it is to come again no sooner; 0: it did not say
}

// Begin waits until a request may start. End must be called once it is
// answered, or given up: with the zero Answer unless it was refused; a second
// call does nothing. The errors are the context's, and limit.paused of kind
// throttled when the other side wants to be left alone for more than a minute.
// Who gives up waiting takes no place in the schedule.
func (l *Limiter) Begin(ctx context.Context) (end func(Answer), err error) {
	if l.busy != nil {
		select {
		case l.busy <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err := l.wait(ctx); err != nil {
		l.leave()
		return nil, err
	}
	var once sync.Once
	return func(a Answer) {
		once.Do(func() {
			l.leave()
			l.answered(time.Now(), a)
		})
	}, nil
}

func (l *Limiter) leave() {
	if l.busy != nil {
		<-l.busy
	}
}

func (l *Limiter) wait(ctx context.Context) error {
	select {
	case l.head <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.head }()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		due, err := l.take(time.Now())
		if err != nil || due == 0 {
			return err
		}
		timer := time.NewTimer(due)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// take takes the next place in the schedule, or says how far away it is.
func (l *Limiter) take(now time.Time) (time.Duration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if pause := l.paused.Sub(now); pause > 0 {
		if pause > patience {
			return 0, fault.New(fault.Throttled, "limit.paused", "no requests are wanted before %s, in %s",
				l.paused.UTC().Format(time.RFC3339), pause.Round(time.Second)).Hint("the same command goes on then")
		}
		return pause, nil
	}
	rate := l.rate(now)
	if rate == 0 {
		l.slowed.used++
		l.answers.began(now)
		return 0, nil
	}
	place := l.next
	if earliest := now.Add(-catchUp); place.Before(earliest) {
		place = earliest
	}
	if due := place.Sub(now); due > 0 {
		return due, nil
	}
	l.next = place.Add(time.Duration(float64(time.Second) / rate))
	l.slowed.used++
	l.answers.began(now)
	return 0, nil
}

// rate is what is allowed at a time: what was declared, or less.
func (l *Limiter) rate(now time.Time) float64 {
	declared := l.profile.at(now)
	if l.slowed.to > 0 && (declared == 0 || l.slowed.to < declared) {
		return l.slowed.to
	}
	return declared
}

func (l *Limiter) answered(now time.Time, a Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers.add(now, a.Refused)
	if !a.Refused {
		l.slowed.recover(now, l.profile.at(now))
		return
	}
	began, share := l.answers.last(now)
	rate := l.rate(now)
	if rate == 0 && began >= leastBegun {
		rate = began
	}
	l.slowed.lower(now, rate)
	// One refused request waits alone: a pause of all would starve whoever has
	// a place left at the other side. Many refused ones say that it has none.
	if until := now.Add(a.After); (a.After >= longAfter || a.After > 0 && share >= mostRefused) && until.After(l.paused) {
		l.paused = until
	}
}
