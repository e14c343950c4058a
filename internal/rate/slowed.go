package rate

import (
	"math"
	"time"
)

// How a limiter gives way, and comes back.
const (
	lowered     = 0.85                   // what is left of the rate when it is lowered,
	lowerEvery  = time.Second            // at most once in this time
	raised      = 1.02                   // what the rate is raised by,
	raiseEvery  = 500 * time.Millisecond // for each time like this in which it was used, and nothing refused
	reallyUsed  = 0.9                    // share of what was allowed that counts as used
	lowestShare = 0.1                    // of the rate before the first refusal: an outage must not be paid for hours
)

// From which refusals on it does, and when the other side's wish is everybody's.
const (
	suddenly     = 0.1             // share of the answers of the last second, or
	leastRefused = 0.05            // of the last five seconds: fewer say nothing of the rate
	leastBegun   = 10              // requests in the last second from which on they are a rate, where none is declared
	longAfter    = 5 * time.Second // a Retry-After from which on all wait
	mostRefused  = 0.5             // share of the answers of the last second from which on all wait for any
)

// Answers are counted in buckets of the last seconds.
const (
	bucketLength = 100 * time.Millisecond
	aSecond      = 10 // buckets
	buckets      = 50
)

// slowed is a rate below the declared one: small steps up, large ones
// down, so that it settles just below what the other side bears.
type slowed struct {
	to      float64 // 0: not slowed
	from    float64 // the rate before
	at      time.Time
	since   time.Time // begin of the half second that is looked at
	used    int       // requests that began in it
	refused bool      // something in it
}

// lower goes down from a rate.
func (s *slowed) lower(now time.Time, from float64) {
	s.refused = true
	if from <= 0 || now.Sub(s.at) < lowerEvery {
		return
	}
	if s.to == 0 {
		s.from = from
	}
	s.to, s.at = max(from*lowered, s.from*lowestShare), now
	s.since, s.used, s.refused = now, 0, false
}

// recover goes up again, never above what was declared.
func (s *slowed) recover(now time.Time, declared float64) {
	past := now.Sub(s.since)
	if s.to == 0 || past < raiseEvery {
		return
	}
	if !s.refused && float64(s.used) >= reallyUsed*s.to*past.Seconds() {
		s.to *= math.Pow(raised, float64(past)/float64(raiseEvery)) // slow requests look seldom
	}
	if declared > 0 && s.to >= declared {
		s.to = 0
	}
	s.since, s.used, s.refused = now, 0, false
}

// answers counts the last seconds, in tenths.
type answers struct {
	tenth int64 // the newest
	count [buckets]struct{ began, all, refused int }
}

func (a *answers) at(now time.Time) int {
	tenth := now.UnixNano() / int64(bucketLength)
	for n := max(a.tenth+1, tenth-buckets+1); n <= tenth; n++ {
		a.count[n%buckets] = struct{ began, all, refused int }{}
	}
	a.tenth = max(a.tenth, tenth)
	return int(a.tenth % buckets)
}

func (a *answers) began(now time.Time) { a.count[a.at(now)].began++ }

func (a *answers) add(now time.Time, refused bool) {
	i := a.at(now)
	a.count[i].all++
	if refused {
		a.count[i].refused++
	}
}

// last tells how many requests began in the last tenths, and the share of answers
// that were refusals.
func (a *answers) last(now time.Time, tenths int) (began, share float64) {
	newest, all, refused := a.at(now), 0, 0
	for n := range tenths {
		c := a.count[(newest-n+buckets)%buckets]
		began += float64(c.began)
		all += c.all
		refused += c.refused
	}
	return began, float64(refused) / max(1, float64(all))
}
