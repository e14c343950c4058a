package rate_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"godwit/internal/rate"
	"godwit/rig/newsys"
)

// TestAtTheReceiver measures rates where they matter: at the system that is
// asked. It prints. GODWIT_EXACT is for a machine that has nothing else to do: it
// measures longer and holds the result to what is promised.
func TestAtTheReceiver(t *testing.T) {
	t.Parallel()
	long := 300 * time.Millisecond
	exact := os.Getenv("GODWIT_EXACT") != ""
	if exact {
		long = 10 * time.Second
	}
	for _, want := range []float64{1, 10, 100, 1000, 5000} {
		t.Run(fmt.Sprintf("%g a second", want), func(t *testing.T) {
			s, err := newsys.Start(newsys.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			asked(t, s, want, max(long, time.Duration(2/want*float64(time.Second))))
			v := s.Verdict()
			t.Logf("mean %.2f a second, %d in the busiest one, of %d requests", v.Mean, v.Busiest, v.Requests)
			if exact && (v.Mean < want*0.995 || v.Mean > want*1.005 || float64(v.Busiest) > max(want*1.01, want+1)) {
				t.Errorf("mean %.2f, at most %d in a second", v.Mean, v.Busiest)
			}
		})
	}
}

// asked asks a system by 32 clients that share a limiter.
func asked(t *testing.T, s *newsys.System, want float64, d time.Duration) {
	t.Helper()
	l, err := rate.New(rate.Limit{Rate: want, Concurrency: 32})
	if err != nil {
		t.Fatal(err)
	}
	c := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var running sync.WaitGroup
	for range 32 {
		running.Go(func() {
			for {
				end, err := l.Begin(ctx, "")
				if err != nil {
					return
				}
				res, err := c.Get(s.URL())
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				end(rate.Answer{})
			}
		})
	}
	running.Wait()
}
