package connector_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/rate"
	"godwit/internal/record"
)

// pages is a reader of so many; Over is known behind the last one.
type pages struct {
	connector.RecordReader
	left  int
	asked func()
}

func (p *pages) Next(context.Context) (*record.Page, error) {
	p.asked()
	if p.left == 0 {
		return nil, io.EOF
	}
	p.left--
	return &record.Page{}, nil
}

func (p *pages) Over() bool { return p.left == 0 }

func pace(t *testing.T, l rate.Limit) *connector.Pace {
	t.Helper()
	p, err := connector.NewPace("old", l)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Readers of a connection, and those of a part of it, ask for pages at the lowest
// rate that holds for them; saying that nothing more comes takes no place.
func TestAtPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace(t, rate.Limit{Rate: 10})
		part, err := p.Part("run step", "step load", rate.Limit{Rate: 2})
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := p.Part("run step", "step load", rate.Limit{Rate: 2}); again != part {
			t.Error("two readers of a step have two paces")
		}
		var mu sync.Mutex
		asked := [2]int{}
		over := [2]time.Duration{}
		start := time.Now()
		var running sync.WaitGroup
		for i := range 4 {
			kind := i % 2
			inner := &pages{left: 20, asked: func() {
				mu.Lock()
				defer mu.Unlock()
				asked[kind]++
			}}
			r := connector.AtPace(inner, p)
			if kind == 1 {
				r = connector.AtPace(r, part)
			}
			running.Go(func() {
				ctx := connector.WithLabel(t.Context(), "copy-1 reader")
				for {
					if _, err := r.Next(ctx); err != nil {
						break
					}
				}
				mu.Lock()
				defer mu.Unlock()
				over[kind] = max(over[kind], time.Since(start))
			})
		}
		running.Wait()
		if asked != [2]int{42, 42} {
			t.Errorf("asked %v times for 40 pages and two ends each", asked)
		}
		if over[0] < 4*time.Second || over[0] > 7*time.Second || over[1] < 19*time.Second || over[1] > 21*time.Second {
			t.Errorf("over after %v", over)
		}
	})
}

// Who waits is told by label, with the limit and where it comes from.
func TestPaceWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace(t, rate.Limit{Rate: 1, Concurrency: 3})
		p.Tune(rate.Tune{Rate: 0.01})
		part, err := p.Part("x", "step load", rate.Limit{Rate: 0.001})
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []*connector.Pace{p, part} {
			end, err := at.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			end(rate.Answer{})
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for label, at := range map[string]*connector.Pace{"copy-1 a": p, "copy-1 b": p, "copy-1 c": part} {
			running.Go(func() {
				if _, err := at.Begin(connector.WithLabel(ctx, label)); err == nil {
					t.Errorf("%s did not wait", label)
				}
			})
		}
		time.Sleep(10 * time.Second)
		for label, want := range map[string]string{"copy-1 a": "old 36/h, 3 at the same time, 1 more wait", "copy-1 c": "step load 3.6/h"} {
			w := p.Waits(label)
			if len(w) != 1 || w[0].Gate != "limit" || w[0].Text != want || time.Since(w[0].Since) != 10*time.Second {
				t.Errorf("%s: %+v, want %s", label, w, want)
			}
		}
		if w := p.Waits("copy-1 d"); w != nil {
			t.Errorf("%+v", w)
		}
		cancel()
		running.Wait()
		if w := p.Waits("copy-1 a"); w != nil {
			t.Errorf("%+v after it gave up", w)
		}
	})
}

func TestRates(t *testing.T) {
	t.Parallel()
	none := 0.0
	for name, r := range map[string]connector.Rates{"rate 0": {Rate: &none}, "hours": {Times: map[string]float64{"noon": 1}}, "zone": {Zone: "Nowhere"}} {
		if _, err := r.Pace("old", 0); fault.CodeOf(err) != "limit.invalid" || !strings.Contains(err.Error(), `"old"`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for r, want := range map[float64]string{20: "20/s", 0.5: "30/m", 1.0 / 60: "1/m", 1.0 / 3600: "1/h", 1234.5678: "1235/s"} {
		if got := rate.Text(r); got != want {
			t.Errorf("%g is %s, want %s", r, got, want)
		}
	}
}

// TestPaceIsFair: the units of a run that has many wait for another one's single unit.
func TestPaceIsFair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, err := connector.NewPace("api", rate.Limit{Concurrency: 1})
		if err != nil {
			t.Fatal(err)
		}
		came := make(chan string, 10)
		ends := make(chan func(rate.Answer), 10)
		for _, label := range []string{"large-1 deliver/1", "large-1 deliver/2", "large-1 deliver/3", "small-2 deliver/1"} {
			go func() {
				end, err := p.Begin(connector.WithLabel(t.Context(), label))
				if err != nil {
					t.Error(err)
				}
				came <- label
				ends <- end
			}()
			synctest.Wait()
		}
		var order []string
		for range 4 {
			order = append(order, <-came)
			(<-ends)(rate.Answer{})
		}
		if order[2] != "small-2 deliver/1" {
			t.Errorf("they came in the order %v", order)
		}
	})
}
