package socket

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestReady: it is asked with a connection in hand, before anything is sent, whatever the
// server speaks; who says no has sent nothing, and the connection is there for the next.
func TestReady(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func(*httptest.Server){
		"plain": nil, "TLS": (*httptest.Server).StartTLS, "HTTP/2": func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var came atomic.Int64
			s, all := server(t, how, func(w http.ResponseWriter, r *http.Request) { came.Add(1) })
			p := pool(t, s, 1)
			asked := 0
			send := func(says error) (*Sending, error) {
				way := &Sending{Context: t.Context(), By: time.Now().Add(time.Hour)}
				way.Ready = func() error {
					asked++
					if way.Left.Load() || int(came.Load()) != asked-1 {
						t.Errorf("asked the %d. time: left %v, %d came", asked, way.Left.Load(), came.Load())
					}
					return says
				}
				r, err := http.NewRequestWithContext(way, "POST", s.URL, strings.NewReader("x"))
				if err != nil {
					t.Fatal(err)
				}
				res, err := p.RoundTrip(r)
				if err == nil {
					_, _ = io.Copy(io.Discard, res.Body)
					res.Body.Close()
				}
				return way, err
			}
			for range 2 {
				if way, err := send(nil); err != nil || !way.Left.Load() {
					t.Fatal(err)
				}
			}
			if name == "HTTP/2" {
				return // there it can only end the request
			}
			no := errors.New("no")
			if way, err := send(no); !errors.Is(err, no) || way.Left.Load() || came.Load() != 2 {
				t.Errorf("%v, left %v, %d came", err, way.Left.Load(), came.Load())
			}
			asked--
			if _, err := send(nil); err != nil || all.Load() != 1 {
				t.Errorf("%v, %d connections", err, all.Load())
			}
		})
	}
}
