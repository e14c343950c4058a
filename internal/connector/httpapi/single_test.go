package httpapi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"godwit/internal/connector"
	"godwit/internal/record"
)

// A request leaves once: what became of it when the connection breaks is decided by
// whoever sent it, behind the limiter and in the ledger, not by the library.
func TestSingle(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		for _, key := range []string{"", "Idempotency-Key", "X-Idempotency-Key"} {
			for _, body := range []any{record.Missing, record.Object{"a": int64(1)}} {
				if method == "GET" && body != record.Missing {
					continue
				}
				t.Run(fmt.Sprint(method, key, body), func(t *testing.T) {
					t.Parallel()
					arrivals, keyed, cut := cutting(t)
					e, err := Open("target", &Settings{URL: cut, Timeout: 5 * time.Second})
					if err != nil {
						t.Fatal(err)
					}
					defer e.Close()
					r := connector.Request{Method: method, Path: "/first", Body: body, Headers: map[string]string{}}
					if key != "" {
						r.Headers[key] = "k"
					}
					if a, err := e.Call(t.Context(), r); err != nil || a.Status != 200 { // the connection is there now
						t.Fatal(a, err)
					}
					r.Path = "/cut"
					if _, err := e.Call(t.Context(), r); err == nil {
						t.Error("an answer, of a request that got none")
					}
					if n := arrivals.Load(); n != 1 {
						t.Errorf("it arrived %d times", n)
					}
					if key != "" && keyed.Load() != 2 {
						t.Errorf("%d of 2 requests had their key", keyed.Load())
					}
				})
			}
		}
	}
}

// cutting is a system that keeps its connections and cuts the first request for /cut.
func cutting(t *testing.T) (arrivals, keyed *atomic.Int64, url string) {
	t.Helper()
	arrivals, keyed = new(atomic.Int64), new(atomic.Int64)
	var first sync.Once
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Idempotency-Key")+r.Header.Get("X-Idempotency-Key") == "k" {
			keyed.Add(1)
		}
		if r.URL.Path != "/cut" {
			return
		}
		arrivals.Add(1)
		first.Do(func() { panic(http.ErrAbortHandler) })
	}))
	t.Cleanup(s.Close)
	return arrivals, keyed, s.URL
}
