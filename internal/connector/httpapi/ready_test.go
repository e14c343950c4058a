package httpapi

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"godwit/internal/connector"
	"godwit/internal/rate"
	"godwit/internal/record"
)

// slowToShake is a system whose connections take their time.
func slowToShake(t *testing.T, takes time.Duration) (s *httptest.Server, ca string, came *atomic.Int64) {
	t.Helper()
	came = new(atomic.Int64)
	s = httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) }))
	s.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		time.Sleep(takes)
		return nil, nil
	}}
	s.StartTLS()
	t.Cleanup(s.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return s, ca, came
}

// TestUnwanted: whoever sends is asked once more when the connection is there, and what is
// not wanted any more does not leave: nothing is in doubt then.
func TestUnwanted(t *testing.T) {
	t.Parallel()
	s, ca, came := slowToShake(t, 0)
	e, err := Open("target", &Settings{URL: s.URL, Timeout: 5 * time.Second, TLS: TLS{CA: ca}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	no, asked := errors.New("no"), 0
	r := connector.Request{Method: "POST", Path: "/", Body: record.Missing, Leave: func(context.Context) error {
		if asked++; asked == 2 {
			return no
		}
		return nil
	}}
	_, err = e.Call(t.Context(), r)
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
	s, ca, came := slowToShake(t, 600*time.Millisecond)
	e, err := Open("target", &Settings{URL: s.URL, Timeout: 1600 * time.Millisecond, TLS: TLS{CA: ca}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	pace, err := connector.NewPace("target", rate.Limit{Rate: 2})
	if err != nil {
		t.Fatal(err)
	}
	e.Share(pace)
	answers := make(chan error, 4)
	for range cap(answers) {
		go func() {
			_, err := e.Call(t.Context(), connector.Request{Method: "POST", Path: "/", Body: record.Missing})
			answers <- err
		}()
	}
	for range cap(answers) {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	if came.Load() != int64(cap(answers)) {
		t.Errorf("%d came", came.Load())
	}
}
