package rate

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/internal/fault"
)

// What people tune a limit to holds at once, also for who waits already, and
// never lets through more than was declared.
func TestTune(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Rate: 100, Concurrency: 4})
		go func() {
			time.Sleep(5 * time.Second)
			l.Tune(Tune{Rate: 0.01})
			time.Sleep(5 * time.Second)
			l.Tune(Tune{Rate: 20})
			time.Sleep(5 * time.Second)
			l.Tune(Tune{Rate: 5000})
			time.Sleep(5 * time.Second)
			l.Tune(Tune{})
		}()
		all := begins(t, l, 8, 25*time.Second, nil)
		between := func(from, to time.Duration) int {
			return len(slices.DeleteFunc(slices.Clone(all), func(at time.Duration) bool { return at < from || at >= to }))
		}
		for from, want := range map[int]int{0: 500, 5: 0, 10: 100, 15: 500, 20: 500} {
			if n := between(time.Duration(from)*time.Second, time.Duration(from+5)*time.Second); n < want-1 || n > want+2 {
				t.Errorf("%d requests in the 5 seconds from %d on, want %d", n, from, want)
			}
		}
	})
}

// Fewer at the same time are reached as requests end, more at once.
func TestTuneConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Concurrency: 6})
		var mu sync.Mutex
		under, most := 0, 0
		var running sync.WaitGroup
		for range 60 {
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
				mu.Unlock()
				end(Answer{})
			})
		}
		mostFrom := func(at time.Duration) (n int) {
			time.Sleep(at)
			mu.Lock()
			defer mu.Unlock()
			n, most = most, 0
			return n
		}
		if n := mostFrom(1500 * time.Millisecond); n != 6 {
			t.Errorf("%d at the same time, declared are 6", n)
		}
		l.Tune(Tune{Concurrency: 2})
		mostFrom(time.Second) // those that were under way
		if n := mostFrom(3 * time.Second); n != 2 {
			t.Errorf("%d at the same time, tuned to 2", n)
		}
		l.Tune(Tune{Concurrency: 50})
		if n := mostFrom(2 * time.Second); n != 6 {
			t.Errorf("%d at the same time, declared are 6", n)
		}
		running.Wait()
	})
}

// A seat that comes just when its waiter gives up goes to the next one.
func TestSeats(t *testing.T) {
	t.Parallel()
	var s seats
	s.set(1)
	if err := s.sit(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	gave := 0
	for range 100 {
		ctx := &gaveUp{Context: t.Context(), done: make(chan struct{})}
		given := make(chan error)
		go func() { given <- s.sit(ctx, "") }()
		for waits := 0; waits == 0; runtime.Gosched() {
			s.mu.Lock()
			waits = len(s.lines)
			s.mu.Unlock()
		}
		s.mu.Lock()
		close(ctx.done)
		s.taken--
		s.call()
		s.mu.Unlock()
		if err := <-given; err != nil {
			gave++
			if err := s.sit(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
		}
		if s.mu.Lock(); s.taken != 1 || len(s.lines) != 0 {
			t.Fatalf("%d seats are taken, %d wait", s.taken, len(s.lines))
		}
		s.mu.Unlock()
	}
	if gave == 0 {
		t.Error("nobody gave up")
	}
}

// While a system is away one request at a time asks, less and less often; the
// others wait. Its first answer lets all of them go on.
func TestCircuit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Rate: 100, Concurrency: 8})
		var mu sync.Mutex
		under, probes := 0, 0
		away := func(at time.Duration) bool { return at >= 5*time.Second && at < 3*time.Minute }
		all := begins(t, l, 8, 4*time.Minute, func(_ int, at time.Duration) Answer {
			if !away(at) {
				return Answer{}
			}
			mu.Lock()
			if at > 6*time.Second {
				under++
				probes++
			}
			if under > 1 {
				t.Errorf("%d probes at the same time, at %v", under, at)
			}
			mu.Unlock()
			if at > 6*time.Second {
				time.Sleep(2 * time.Second)
				mu.Lock()
				under--
				mu.Unlock()
			}
			return Answer{Failed: true}
		})
		between := func(from, to time.Duration) int {
			return len(slices.DeleteFunc(slices.Clone(all), func(at time.Duration) bool { return at < from || at >= to }))
		}
		if n := between(5*time.Second, 6*time.Second); n < openAfter || n > openAfter+8 {
			t.Errorf("%d requests until the circuit opened", n)
		}
		if probes < 6 || probes > 12 {
			t.Errorf("%d probes in three minutes", probes)
		}
		if n := between(3*time.Minute+slowestProbe+3*time.Second, 4*time.Minute); n < 2500 {
			t.Errorf("%d requests once it was back", n)
		}
		if held := l.State().Held; held.Other < 2*time.Minute || held.Other > 4*time.Minute {
			t.Errorf("%v lost", held.Other)
		}
	})
}

// away has the circuit open.
func away(t *testing.T, l *Limiter) {
	t.Helper()
	for l.State().Away.IsZero() {
		end, err := l.Begin(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		end(Answer{Failed: true})
	}
}

// Nobody waits for a system that has been away for long, but for who asks
// whether it is back.
func TestCircuitAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{})
		away(t, l)
		time.Sleep(longAway + time.Second)
		probe, err := l.Begin(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Begin(t.Context(), ""); fault.CodeOf(err) != "circuit.open" || fault.KindOf(err) != fault.Unavailable {
			t.Errorf("it is waited for: %v", err)
		}
		probe(Answer{None: true}) // given up: the next one asks
		end, err := l.Begin(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		end(Answer{Refused: true}) // it lives
		if s := l.State(); !s.Away.IsZero() {
			t.Errorf("%+v", s)
		}
	})
}

// Who has less patience waits for a system that is away no longer than that, and is told
// since when it is away.
func TestPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{})
		away(t, l)
		began, short := time.Now(), WithPatience(t.Context(), time.Minute)
		for {
			end, err := l.Begin(short, "")
			if err == nil { // it asks whether the system is back
				end(Answer{Failed: true})
				continue
			}
			f := fault.Of(err)
			if waited := time.Since(began); f.Code != "circuit.open" || waited < time.Minute || waited > time.Minute+slowestProbe || !f.Since.Equal(began) {
				t.Errorf("%v after %v, since %v", err, waited, f.Since.Sub(began))
			}
			break
		}
		if _, err := l.Begin(WithPatience(t.Context(), time.Hour), ""); err != nil {
			t.Errorf("others are not waited for: %v", err)
		}
	})
}

// Time in which requests that were due have waited is counted once, whoever made
// them wait.
func TestHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, Limit{Rate: 10})
		begins(t, l, 5, 10*time.Second, nil)
		if h := l.State().Held; h.Limit < 9*time.Second || h.Limit > 10*time.Second || h.Other != 0 {
			t.Errorf("%+v", h)
		}
		var running sync.WaitGroup
		for range 3 {
			running.Go(func() { errs := l.Rest(t.Context(), time.Minute); _ = errs })
		}
		running.Wait()
		if h := l.State().Held; h.Other != time.Minute {
			t.Errorf("%+v", h)
		}
	})
}

// State says what holds and why.
func TestState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // begins on Saturday, 2000-01-01, 00:00 UTC
		l := limiter(t, Limit{Rate: 50, Concurrency: 8, Zone: "UTC", Times: map[string]float64{"Mon-Fri 07:00-19:00": 10}})
		is := func(rate float64, concurrency int, by By, hours string) {
			t.Helper()
			if s := l.State(); s.Rate != rate || s.Concurrency != concurrency || s.By != by || s.Hours != hours {
				t.Errorf("%+v, want %g/s by %s %s", s, rate, by, hours)
			}
		}
		is(50, 8, ByFile, "")
		l.Tune(Tune{Rate: 20, Concurrency: 2})
		is(20, 2, ByTune, "")
		time.Sleep(48*time.Hour + 8*time.Hour)
		is(10, 2, ByHours, "Mon-Fri 07:00-19:00")
		for range 20 {
			end, err := l.Begin(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			end(Answer{Refused: true})
		}
		is(l.State().Rate, 2, ByAnswers, "")
		if s := l.State(); s.Rate >= 10 {
			t.Errorf("%+v", s)
		}
	})
}

// gaveUp is a context that ends when it is told to, in a goroutine of the test's.
type gaveUp struct {
	context.Context
	done chan struct{}
}

func (g *gaveUp) Done() <-chan struct{} { return g.done }
func (g *gaveUp) Err() error {
	select {
	case <-g.done:
		return errors.New("given up")
	default:
		return nil
	}
}

// TestFair: of many that wait for one and few for others, each has its turn.
func TestFair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var s seats
		s.set(1)
		came := make(chan string, 100)
		sit := func(who string) {
			go func() {
				if err := s.sit(t.Context(), who); err != nil {
					t.Error(err)
				}
				came <- who
			}()
			synctest.Wait()
		}
		for range 50 {
			sit("large")
		}
		for _, who := range []string{"a", "b", "a"} {
			sit(who)
		}
		var order []string
		for range 53 {
			order = append(order, <-came)
			s.leave()
		}
		if want := []string{"large", "large", "a", "b", "large", "a", "large", "large"}; !slices.Equal(order[:8], want) {
			t.Errorf("they came in the order %v, not %v", order[:8], want)
		}
		if s.taken != 0 || len(s.lines) != 0 {
			t.Errorf("%d seats are taken, %d wait", s.taken, len(s.lines))
		}
	})
}
