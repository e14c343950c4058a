package limit_test

import (
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/internal/connector"
	"godwit/internal/rate"
	"godwit/internal/record"
	"godwit/internal/work/pipeline/limit"
)

type source struct{ connector.OwnPace }

func (*source) Close() error { return nil }

func (s *source) Open(context.Context, string) (connector.Endpoint, error) { return s, nil }

type pages struct {
	connector.RecordReader
	left int
}

func (p *pages) Next(context.Context) (*record.Page, error) {
	if p.left == 0 {
		return nil, io.EOF
	}
	p.left--
	return &record.Page{}, nil
}

func (p *pages) Over() bool { return p.left == 0 }

// Readers of a step keep to its rate together; another step, and one without a
// rate, do not.
func TestRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pace, err := connector.NewPace("old", rate.Limit{})
		if err != nil {
			t.Fatal(err)
		}
		from := &source{connector.NewOwnPace(pace)}
		two := 2.0
		var mu sync.Mutex
		over := map[string]time.Duration{}
		start := time.Now()
		var running sync.WaitGroup
		for _, c := range []struct {
			step string
			rate *float64
		}{{"load", &two}, {"load", &two}, {"load-2", &two}, {"load-3", nil}} {
			r, err := limit.Read(t.Context(), from, "old", "run", c.step, c.rate, &pages{left: 10})
			if err != nil {
				t.Fatal(err)
			}
			running.Go(func() {
				for {
					if _, err := r.Next(t.Context()); err != nil {
						break
					}
				}
				mu.Lock()
				defer mu.Unlock()
				over[c.step] = max(over[c.step], time.Since(start).Round(time.Second/2))
			})
		}
		running.Wait()
		if over["load"] != 9500*time.Millisecond || over["load-2"] != 4500*time.Millisecond || over["load-3"] != 0 {
			t.Errorf("over after %v", over)
		}
	})
}

func TestLimit(t *testing.T) {
	t.Parallel()
	none, some := 0.0, 5.0
	if (limit.Limit{Rate: &none}).Problem() == "" || (limit.Limit{Rate: &some}).Problem() != "" || (limit.Limit{}).Problem() != "" {
		t.Error("what is wrong with a rate is not told")
	}
	for _, c := range [][3]int{{0, 8, 8}, {2, 8, 2}, {9, 8, 8}} {
		if got := (limit.Limit{Concurrency: c[0]}).Workers(c[1]); got != c[2] {
			t.Errorf("%d of %d: %d", c[0], c[1], got)
		}
	}
}
