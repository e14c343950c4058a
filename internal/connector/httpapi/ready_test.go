package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"godwit/internal/connector"
	"godwit/internal/rate"
	"godwit/internal/record"
)

// counting is a system that counts what comes.
func counting(t *testing.T, o Settings) (e *Endpoint, came *atomic.Int64) {
	t.Helper()
	came = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) }))
	t.Cleanup(s.Close)
	o.URL = s.URL
	e, err := Open("target", &o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e, came
}

// TestUnwanted: whoever sends is asked once more when the connection is there, and what is
// not wanted any more does not leave: nothing is in doubt then.
func TestUnwanted(t *testing.T) {
	t.Parallel()
	e, came := counting(t, Settings{Timeout: 5 * time.Second})
	no, asked := errors.New("no"), 0
	r := connector.Request{Method: "POST", Path: "/", Body: record.Missing, Leave: func(context.Context) error {
		if asked++; asked == 2 {
			return no
		}
		return nil
	}}
	_, err := e.Call(t.Context(), r)
	var doubt *connector.DoubtError
	if !errors.Is(err, no) || errors.As(err, &doubt) || came.Load() != 0 {
		t.Errorf("%v, in doubt: %v, %d came", err, doubt != nil, came.Load())
	}
	if _, err := e.Call(t.Context(), r); err != nil || came.Load() != 1 {
		t.Errorf("%v, %d came", err, came.Load())
	}
}

// TestOwnTime: what a request waits for another place is not of the time for its answer.
func TestOwnTime(t *testing.T) {
	t.Parallel()
	e, came := counting(t, Settings{Timeout: time.Second})
	pace, err := connector.NewPace("target", rate.Limit{Rate: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	e.Share(pace)
	late := &sending{method: http.MethodPost, target: target{path: "/"}}
	late.leave = func(context.Context) error {
		late.begun = time.Time{} // as if its connection had been long in coming
		return nil
	}
	if _, err := e.do(t.Context(), late); err != nil || came.Load() != 1 {
		t.Errorf("%v, %d came", err, came.Load())
	}
}
