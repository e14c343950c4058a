package socket

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// server counts the connections that were made to it.
func server(t *testing.T, how func(*httptest.Server), do http.HandlerFunc) (s *httptest.Server, all *atomic.Int64) {
	t.Helper()
	s, all = httptest.NewUnstartedServer(do), new(atomic.Int64)
	s.Config.ConnState = func(_ net.Conn, is http.ConnState) {
		if is == http.StateNew {
			all.Add(1)
		}
	}
	if how == nil {
		how = (*httptest.Server).Start
	}
	how(s)
	t.Cleanup(s.Close)
	return s, all
}

func pool(t *testing.T, s *httptest.Server, most int) *Pool {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var config *tls.Config
	if c := s.Certificate(); c != nil {
		config = &tls.Config{RootCAs: x509.NewCertPool()}
		config.RootCAs.AddCert(c)
	}
	p := New(u, config, most)
	t.Cleanup(p.Close)
	return p
}

// ask sends a POST and reads all of its answer.
func ask(ctx context.Context, p *Pool, at, body string) (status int, text string, err error) {
	way := &Sending{Context: ctx, By: time.Now().Add(time.Hour)}
	r, err := http.NewRequestWithContext(way, "POST", at, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	res, err := p.RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

func echo(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	fmt.Fprintf(w, "%d %s", r.ProtoMajor, b)
}

// TestOneAfterTheOther: whatever the server speaks, its requests share one connection; with
// HTTP/2 there is one before it, which found that out.
func TestOneAfterTheOther(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how   func(*httptest.Server)
		says  string
		conns int64
	}{
		"plain":  {nil, "1 x", 1},
		"TLS":    {(*httptest.Server).StartTLS, "1 x", 1},
		"HTTP/2": {func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() }, "2 x", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, all := server(t, c.how, echo)
			p := pool(t, s, 4)
			for range 5 {
				if _, text, err := ask(t.Context(), p, s.URL, "x"); err != nil || text != c.says {
					t.Fatal(text, err)
				}
			}
			if all.Load() != c.conns {
				t.Errorf("%d connections", all.Load())
			}
		})
	}
}

// TestMany: there are no more connections than there may be, and no body is another's.
func TestMany(t *testing.T) {
	t.Parallel()
	s, conns := server(t, nil, echo)
	p := pool(t, s, 4)
	many := func(length func(i int) int) {
		var all sync.WaitGroup
		defer all.Wait()
		for i := range 40 {
			all.Go(func() {
				body := strings.Repeat(fmt.Sprint(i), length(i))
				for range 5 {
					if _, text, err := ask(t.Context(), p, s.URL, body); err != nil || text != "1 "+body {
						t.Errorf("%d bytes of %d, %v", len(text), len(body), err)
					}
				}
			})
		}
	}
	many(func(i int) int { return 1 + i*100 })
	if conns.Load() > 4 {
		t.Errorf("%d connections", conns.Load())
	}
	many(func(i int) int { return 1 + i*i*50 }) // up to 156 KB
}

// TestClosedMeanwhile: a connection that the server has closed while it waited is not used
// again: what is sent on it would be in doubt.
func TestClosedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*httptest.Server){"plain": (*httptest.Server).Start, "TLS": (*httptest.Server).StartTLS} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, all := server(t, start, echo)
			p := pool(t, s, 4)
			for i := range 3 {
				if _, _, err := ask(t.Context(), p, s.URL, "x"); err != nil {
					t.Fatal(i, err)
				}
				s.CloseClientConnections()
			}
			if all.Load() != 3 {
				t.Errorf("%d connections", all.Load())
			}
		})
	}
}

// TestSweep: a connection that has waited for too long is closed, one that has just been used
// is not.
func TestSweep(t *testing.T) {
	t.Parallel()
	s, all := server(t, nil, echo)
	p := pool(t, s, 4)
	if _, _, err := ask(t.Context(), p, s.URL, "x"); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.idle[0].since = time.Now().Add(-idleMost)
	p.mu.Unlock()
	p.sweep()
	if len(p.idle) > 0 || p.timer != nil {
		t.Error("it is still there")
	}
	if _, _, err := ask(t.Context(), p, s.URL, "x"); err != nil || all.Load() != 2 {
		t.Error(all.Load(), err)
	}
	p.sweep()
	if len(p.idle) != 1 || p.timer == nil {
		t.Error("one that has just been used was closed, or would never be")
	}
}

// says is a server that answers each connection with a text, and closes it, at the end of a
// request or, early, once one has begun: then it reads no more than a part of it.
func says(t *testing.T, text string, early bool) *httptest.Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	t.Cleanup(func() { l.Close(); close(over) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				in := bufio.NewReader(c)
				r, err := http.ReadRequest(in)
				if err != nil {
					return
				}
				if !early {
					_, _ = io.Copy(io.Discard, r.Body)
				}
				_, _ = io.WriteString(c, text)
				if early {
					_ = c.(*net.TCPConn).CloseWrite()
					_, _ = io.Copy(io.Discard, io.LimitReader(in, 1<<20))
					<-over // closed with something unread it is reset, which might overtake the answer
				}
			}()
		}
	}()
	return &httptest.Server{URL: "http://" + l.Addr().String()}
}

// TestOddAnswers: what servers say beside a plain answer.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	const last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok" // else it may be asked on it again before it is closed
	large := strings.Repeat("x", 8<<20)
	for name, c := range map[string]struct {
		text, body string
		early      bool
		status     int
		says       string
		err        error
	}{
		"on its way":        {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + last, "x", false, 200, "ok", nil},
		"more than it says": {ok + "HTTP/1.1 500 No\r\n\r\n", "x", false, 200, "ok", nil},
		"no length":         {"HTTP/1.0 200 OK\r\n\r\nok", "x", false, 200, "ok", nil},
		"nothing":           {"", "x", false, 0, "", io.EOF},
		"half a head":       {"HTTP/1.1 200 OK\r\nA: b\r\n", "x", false, 0, "", io.ErrUnexpectedEOF},
		"half a body":       {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", "x", false, 200, "ok", io.ErrUnexpectedEOF},
		"half a chunk":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok", "x", false, 200, "ok", io.ErrUnexpectedEOF},
		"an endless head":   {"HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 11<<20), "x", false, 0, "", errHead},
		"endless hints":     {strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 500_000), "x", false, 0, "", errHead},
		"too large":         {"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", large, true, 413, "no", nil},
		"too large, kept":   {"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno", large, true, 413, "no", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := says(t, c.text, c.early)
			p := pool(t, s, 4)
			for range 2 {
				status, text, err := ask(t.Context(), p, s.URL, c.body)
				if status != c.status || text != c.says || !errors.Is(err, c.err) {
					t.Errorf("%d %q %v", status, text, err)
				}
			}
		})
	}
}

// TestUnread: a connection whose answer was not read to its end is not used again, also
// when the rest has not been sent yet.
func TestUnread(t *testing.T) {
	t.Parallel()
	s, all := server(t, nil, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 10))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	p := pool(t, s, 1)
	for range 3 {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := p.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(res.Body, make([]byte, 10)); err != nil {
			t.Error(err)
		}
		res.Body.Close()
		res.Body.Close()
	}
	if all.Load() != 3 {
		t.Errorf("%d connections", all.Load())
	}
}

// TestCancelled: who does not wait any more is not kept waiting, by a server that does not
// answer, that does not read, or that nobody reaches because another request is under way.
func TestCancelled(t *testing.T) {
	t.Parallel()
	arrived, hold := make(chan struct{}, 1), make(chan struct{})
	s, _ := server(t, nil, func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-hold
	})
	t.Cleanup(func() { close(hold) })
	for _, body := range []string{"x", strings.Repeat("x", 64<<20)} {
		p := pool(t, s, 1)
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan error, 2)
		for range 2 {
			go func() {
				_, _, err := ask(ctx, p, s.URL, body)
				over <- err
			}()
		}
		<-arrived
		cancel()
		for range 2 {
			if err := <-over; err == nil {
				t.Error("an answer")
			}
		}
	}
}

// TestSource: a body that cannot be read is why there is no answer.
func TestSource(t *testing.T) {
	t.Parallel()
	s, _ := server(t, nil, echo)
	p := pool(t, s, 1)
	why := errors.New("the file is gone")
	for _, n := range []int{0, 1, 100_000} {
		in, out := io.Pipe()
		go func() {
			_, _ = io.WriteString(out, strings.Repeat("x", n))
			out.CloseWithError(why)
		}()
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL, in)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.RoundTrip(r); !errors.Is(err, why) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, text, err := ask(t.Context(), p, s.URL, "x"); err != nil || text != "1 x" {
		t.Error(text, err)
	}
}

// TestClose: a connection that is in use ends with its request.
func TestClose(t *testing.T) {
	t.Parallel()
	arrived, hold, closed := make(chan struct{}), make(chan struct{}), make(chan struct{}, 8)
	s, _ := server(t, func(s *httptest.Server) {
		s.Config.ConnState = func(_ net.Conn, is http.ConnState) {
			if is == http.StateClosed {
				closed <- struct{}{}
			}
		}
		s.Start()
	}, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-hold
		echo(w, r)
	})
	p, over := pool(t, s, 4), make(chan error)
	go func() {
		_, _, err := ask(t.Context(), p, s.URL, "x")
		over <- err
	}()
	<-arrived
	p.Close()
	close(hold)
	if err := <-over; err != nil {
		t.Error(err)
	}
	<-closed
}
