package socket

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// together writes what is written between hold and release at once, however many records
// of TLS that are.
type together struct {
	net.Conn
	held []byte
	hold bool
}

func (c *together) Write(p []byte) (int, error) {
	if c.hold {
		c.held = append(c.held, p...)
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *together) release() {
	_, _ = c.Conn.Write(c.held)
	c.held, c.hold = nil, false
}

// TestUnasked: what a server says behind its answer is not the answer to the next request,
// also when it came with it.
func TestUnasked(t *testing.T) {
	t.Parallel()
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	t.Cleanup(certified.Close)
	more := "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
	for name, says := range map[string][]string{
		"at once":    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + more},
		"behind it":  {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", more},
		"no content": {"HTTP/1.1 204 OK\r\n\r\n", more},
		"long":       {"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + strings.Repeat("x", 9000) + more},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", secure), func(t *testing.T) {
				t.Parallel()
				unasked(t, certified, secure, says)
			})
		}
	}
}

func unasked(t *testing.T, certified *httptest.Server, secure bool, says []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			below, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				out := &together{Conn: below}
				c := net.Conn(out)
				if secure {
					c = tls.Server(out, &tls.Config{Certificates: certified.TLS.Certificates, MinVersion: tls.VersionTLS12})
				}
				defer c.Close()
				for in := bufio.NewReader(c); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					out.hold = true
					for _, text := range says {
						_, _ = io.WriteString(c, text)
					}
					out.release()
				}
			}()
		}
	}()
	s := &httptest.Server{URL: "http://" + l.Addr().String()}
	p := pool(t, s, 4)
	if secure {
		u, err := url.Parse("https://" + l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		s.URL, p = u.String(), New(u, pool(t, certified, 4).tls, 4)
		t.Cleanup(p.Close)
	}
	for range 4 {
		if status, _, err := ask(t.Context(), p, s.URL, "x"); status == 500 || err != nil {
			t.Error(status, err)
		}
	}
}

// TestHalf: a connection on which not all of a request's body was written is not used again,
// though its answer came and said nothing against that.
func TestHalf(t *testing.T) {
	t.Parallel()
	s, all := server(t, nil, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/early" {
			_ = http.NewResponseController(w).EnableFullDuplex()
			_, _ = io.WriteString(w, "early")
			return
		}
		echo(w, r)
	})
	p := pool(t, s, 4)
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/early", strings.NewReader(strings.Repeat("x", 20_000)))
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = 30_000
	res, err := p.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	res.Body.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // taken for the rest of the body it would never be answered
	defer cancel()
	if _, text, err := ask(ctx, p, s.URL, "x"); text != "1 x" || err != nil || all.Load() != 2 {
		t.Errorf("%q %v, %d connections", text, err, all.Load())
	}
}

// TestKept: a connection is used again when the time of the request before is over.
func TestKept(t *testing.T) {
	t.Parallel()
	for _, start := range []func(*httptest.Server){(*httptest.Server).Start, (*httptest.Server).StartTLS} {
		s, all := server(t, start, echo)
		p := pool(t, s, 4)
		if _, _, err := ask(t.Context(), p, s.URL, "x"); err != nil {
			t.Fatal(err)
		}
		p.idle[0].interrupt()
		if _, _, err := ask(t.Context(), p, s.URL, "x"); err != nil || all.Load() != 1 {
			t.Error(all.Load(), err)
		}
	}
}

// TestHeader: a header that cannot be sent as it is is not sent otherwise.
func TestHeader(t *testing.T) {
	t.Parallel()
	s, all := server(t, nil, echo)
	p := pool(t, s, 4)
	for _, h := range []http.Header{{"A": {"a", "b\nc"}}, {"A": {"b\r\nB: c"}}, {"A": {"\x00"}}, {"A": {"\x7f"}}, {"A b": {"c"}}, {"": {"c"}}, {"A\n": {"c"}}, {"\u00c4": {"c"}}} {
		way := &Sending{Context: t.Context(), By: time.Now().Add(time.Hour)}
		r, err := http.NewRequestWithContext(way, "POST", s.URL, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = h
		res, err := p.RoundTrip(r)
		if err == nil {
			res.Body.Close()
		}
		if err == nil || strings.ContainsAny(err.Error(), "\n\x00") || way.Left.Load() {
			t.Errorf("%q: %v", h, err)
		}
	}
	if all.Load() != 0 {
		t.Errorf("%d connections", all.Load())
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"X-Name_1.a": {"a\tb \u00e9", ""}}
	if res, err := p.RoundTrip(r); err != nil {
		t.Error(err)
	} else {
		res.Body.Close()
	}
}
