package rate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/internal/fault"
)

func limiter(t testing.TB, l Limit) *Limiter {
	t.Helper()
	limiter, err := New(l)
	if err != nil {
		t.Fatal(err)
	}
	return limiter
}

// begins runs waiters for a while and gives the times at which requests began.
func begins(t testing.TB, l *Limiter, waiters int, d time.Duration, answer func(n int, at time.Duration) Answer) []time.Duration {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var mu sync.Mutex
	var all []time.Duration
	start := time.Now()
	var running sync.WaitGroup
	for range waiters {
		running.Go(func() {
			for {
				end, err := l.Begin(ctx, "")
				if err != nil {
					return
				}
				mu.Lock()
				at := time.Since(start)
				all = append(all, at)
				a := Answer{}
				if answer != nil {
					a = answer(len(all), at)
				}
				mu.Unlock()
				end(a)
			}
		})
	}
	running.Wait()
	return all
}

// densest is the largest number in any second.
func densest(all []time.Duration) int {
	most, first := 0, 0
	for i, at := range all {
		for at-all[first] >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// The schedule is exact for one waiter and for many: the mean, and every
// second wherever it begins.
func TestExact(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.5, 1, 3, 10, 100, 1000, 5000} {
		for _, waiters := range []int{1, 32} {
			t.Run(fmt.Sprintf("%g/s by %d", rate, waiters), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					all := begins(t, limiter(t, Limit{Rate: rate}), waiters, 10*time.Second, nil)
					if n := float64(len(all)); n < rate*10 || n > rate*10*1.005+1 {
						t.Errorf("%g requests in 10 s", n)
					}
					if most := densest(all); float64(most) > max(rate*1.01, rate+1) {
						t.Errorf("%d requests in one second", most)
					}
				})
			})
		}
	}
}

// At a high rate several requests begin at each moment that somebody wakes at.
func TestTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := begins(t, limiter(t, Limit{Rate: 5000}), 32, time.Second, nil)
		n := len(all)
		if moments := len(slices.Compact(all)); moments > 1001 || n < 4990 {
			t.Errorf("%d requests began at %d moments", n, moments)
		}
	})
}

// Waiters that wake late catch up, so that the mean holds; after a silence no
// more than the catch-up comes at once.
func TestLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Rate: 1000})
		late := func(n int, _ time.Duration) Answer {
			if n%4 == 0 {
				time.Sleep(3 * time.Millisecond) // as a timer that wakes too late
			}
			return Answer{}
		}
		if all := begins(t, l, 1, 10*time.Second, late); len(all) < 9950 {
			t.Errorf("%d requests in 10 s", len(all))
		}
		time.Sleep(time.Minute)
		start := time.Now()
		at := 0
		for range 20 {
			if end, err := l.Begin(t.Context(), ""); err != nil {
				t.Fatal(err)
			} else if end(Answer{}); time.Since(start) == 0 {
				at++
			}
		}
		if at > 6 {
			t.Errorf("%d requests at once after a silence", at)
		}
	})
}

func TestGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Rate: 1, Concurrency: 1})
		end, err := l.Begin(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		if _, err := l.Begin(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("began beside another one: %v", err)
		}
		end(Answer{})
		end(Answer{}) // does nothing
		ctx, cancel = context.WithTimeout(t.Context(), time.Second/4)
		defer cancel()
		if _, err := l.Begin(ctx, ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("began before its time: %v", err)
		}
		start := time.Now()
		if _, err := l.Begin(t.Context(), ""); err != nil || time.Since(start) > 300*time.Millisecond {
			t.Errorf("who gave up took a place: %v (%v)", time.Since(start), err)
		}
	})
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Concurrency: 3})
		var mu sync.Mutex
		under, most, done := 0, 0, 0
		var running sync.WaitGroup
		for range 20 {
			running.Go(func() {
				end, err := l.Begin(t.Context(), "")
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				under++
				most = max(most, under)
				mu.Unlock()
				time.Sleep(time.Second)
				mu.Lock()
				under--
				done++
				mu.Unlock()
				end(Answer{})
			})
		}
		running.Wait()
		if most != 3 || done != 20 {
			t.Errorf("%d at the same time, %d in all", most, done)
		}
	})
}

// Refusals lower the rate, at most once a second; it comes back while it is
// used, and never above what was declared.
func TestGivesWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Rate: 100})
		all := begins(t, l, 4, 30*time.Second, func(_ int, at time.Duration) Answer {
			return Answer{Refused: at > 5*time.Second && at < 5100*time.Millisecond}
		})
		between := func(from, to time.Duration) int {
			return len(slices.DeleteFunc(slices.Clone(all), func(at time.Duration) bool { return at < from || at >= to }))
		}
		if n := between(6*time.Second, 7*time.Second); n < 85 || n > 89 {
			t.Errorf("%d requests in the second behind a refusal", n)
		}
		if a, b := between(7*time.Second, 8*time.Second), between(8*time.Second, 9*time.Second); a <= 86 || b <= a || b > 100 {
			t.Errorf("%d, then %d: it does not come back step by step", a, b)
		}
		if n := between(20*time.Second, 30*time.Second); n < 999 || n > 1001 || densest(all) > 101 {
			t.Errorf("%d requests in 10 s, %d in one: not what was declared", n, densest(all))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Rate: 100})
		refuse := func(every time.Duration, n int) {
			for range n {
				end, err := l.Begin(t.Context(), "")
				if err != nil {
					t.Fatal(err)
				}
				end(Answer{Refused: true})
				time.Sleep(every)
			}
		}
		refuse(100*time.Millisecond, 10)
		if got := l.rate(time.Now()); math.Abs(got-85) > 0.01 {
			t.Errorf("%g/s after ten refusals in a second", got)
		}
		refuse(time.Second, 1000)
		if got := l.rate(time.Now()); got != 10 {
			t.Errorf("%g/s: a tenth is the lowest", got)
		}
		for range 10 { // not used: it stays
			end, err := l.Begin(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			end(Answer{})
			time.Sleep(time.Hour)
		}
		if got := l.rate(time.Now()); got > 10.3 {
			t.Errorf("%g/s: it came back while it was not used", got)
		}
	})
	// From the lowest it is back in a minute, however slow that was.
	for _, rate := range []float64{1, 100} {
		synctest.Test(t, func(t *testing.T) {
			l := limiter(t, Limit{Rate: rate})
			begins(t, l, 4, 5*time.Minute, func(_ int, at time.Duration) Answer { return Answer{Refused: at < 3*time.Minute} })
			if got := l.rate(time.Now()); got != rate {
				t.Errorf("%g/s, two minutes behind an outage", got)
			}
		})
	}
}

// A few refusals now and then, whatever the rate, cost nothing but themselves.
func TestStandsFast(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{10, 100, 1000} {
		synctest.Test(t, func(t *testing.T) {
			l, r := limiter(t, Limit{Rate: rate}), rand.New(rand.NewPCG(1, 2))
			all := begins(t, l, 4, 2*time.Minute, func(int, time.Duration) Answer { return Answer{Refused: r.IntN(50) == 0} })
			if got := float64(len(all)) / 120; got < 0.8*rate {
				t.Errorf("%g/s of %g with one of 50 refused", got, rate)
			}
		})
	}
}

// A quota below the rate is found, and few requests are refused then.
func TestQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Rate: 200})
		second, used, refused, served := -1, 0, 0, 0
		begins(t, l, 4, time.Minute, func(_ int, at time.Duration) Answer {
			if s := int(at / time.Second); s != second {
				second, used = s, 0
			}
			if used++; used > 100 {
				if at > 20*time.Second {
					refused++
				}
				return Answer{Refused: true}
			}
			if at > 20*time.Second {
				served++
			}
			return Answer{}
		})
		if served < 3600 || refused > served/10 {
			t.Errorf("%d served of 4,000, %d refused", served, refused)
		}
	})
}

// What is not limited is, once requests are refused.
func TestGivesWayWithoutARate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{})
		begins(t, l, 1, 2*time.Second, func(n int, _ time.Duration) Answer {
			time.Sleep(5 * time.Millisecond)
			return Answer{Refused: n >= 300 && n < 330}
		})
		if got := l.rate(time.Now()); got < 150 || got > 190 {
			t.Errorf("%g/s after refusals at 200/s", got)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refused int // of 10 requests
		after   time.Duration
		paused  time.Duration
	}{
		"one waits alone":      {1, time.Second, 0},
		"one waits long":       {1, 5 * time.Second, 5 * time.Second},
		"half of them":         {5, time.Second, time.Second},
		"all, no time is said": {10, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := limiter(t, Limit{Rate: 1000})
				for i := range 10 {
					end, err := l.Begin(t.Context(), "")
					if err != nil {
						t.Fatal(err)
					}
					a := Answer{}
					if i >= 10-c.refused {
						a = Answer{Refused: true, After: c.after}
					}
					end(a)
				}
				start := time.Now()
				if _, err := l.Begin(t.Context(), ""); err != nil {
					t.Fatal(err)
				}
				if got := time.Since(start); got < c.paused-20*time.Millisecond || got > c.paused+20*time.Millisecond {
					t.Errorf("the next one began after %v, want %v", got, c.paused)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Rate: 1000})
		end, err := l.Begin(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		end(Answer{Refused: true, After: time.Hour})
		if _, err = l.Begin(t.Context(), ""); fault.CodeOf(err) != "limit.paused" || fault.KindOf(err) != fault.Throttled {
			t.Errorf("an hour is waited for: %v", err)
		}
		time.Sleep(time.Hour)
		if _, err = l.Begin(t.Context(), ""); err != nil {
			t.Error(err)
		}
	})
}

func TestHours(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		v, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for text, want := range map[string][2]string{ // the 28th of November 2026 is a Saturday
		"Mon-Fri 07:00-19:00": {"2026-11-27 07:00 2026-11-27 18:59", "2026-11-27 19:00 2026-11-27 06:59 2026-11-28 12:00"},
		"Sat,Sun 00:00-24:00": {"2026-11-28 00:00 2026-11-29 23:59", "2026-11-27 23:59 2026-11-30 00:00"},
		"22:00-06:00":         {"2026-11-27 22:00 2026-11-28 05:59", "2026-11-28 06:00 2026-11-28 21:59"},
		"Sat 22:00-06:00":     {"2026-11-28 22:00 2026-11-29 05:59", "2026-11-28 05:00 2026-11-29 22:00"},
		"Sat-Mon 08:00-09:00": {"2026-11-28 08:30 2026-11-29 08:30 2026-11-30 08:30", "2026-11-27 08:30 2026-12-01 08:30"},
	} {
		h, err := ParseHours(text)
		if err != nil {
			t.Fatal(err)
		}
		for i, times := range want {
			for n := 0; n < len(times); n += len("2026-11-27 07:00 ") {
				if one := times[n : n+len("2026-11-27 07:00")]; h.Hold(at(one)) != (i == 0) {
					t.Errorf("%s holds at %s: %v", text, one, i != 0)
				}
			}
		}
	}
	for _, text := range []string{"", "Mon", "Mon 7:00-9:00", "Mon 07:00", "Mo-Fr 07:00-19:00", "Mon 07:00-07:00", "Mon 24:00-25:00", "Mon 24:00-01:00", "Mon- 07:00-19:00"} {
		if _, err := ParseHours(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// The lowest rate that holds wins, by the clock of the zone.
func TestTimes(t *testing.T) {
	t.Parallel()
	p, err := newProfile(Limit{Rate: 50, Zone: "Europe/Berlin", Times: map[string]float64{"Mon-Fri 07:00-19:00": 10, "Fri 12:00-13:00": 5, "Sat 00:00-24:00": 100}})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]float64{"2026-11-27T05:59:00Z": 50, "2026-11-27T06:00:00Z": 10, "2026-11-27T11:30:00Z": 5, "2026-11-28T12:00:00Z": 50, "2026-07-03T05:00:00Z": 10} {
		at, _ := time.Parse(time.RFC3339, text)
		if got := p.at(at); got != want {
			t.Errorf("%s: %g/s, want %g", text, got, want)
		}
	}
	for _, l := range []Limit{{Rate: -1}, {Zone: "Nowhere"}, {Times: map[string]float64{"x": 1}}, {Times: map[string]float64{"Mon 07:00-19:00": 0}}, {Concurrency: -1}} {
		if _, err := New(l); fault.CodeOf(err) != "limit.invalid" {
			t.Errorf("%v is taken: %v", l, err)
		}
	}
}
