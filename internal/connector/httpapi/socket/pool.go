package socket

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	idleMost         = 90 * time.Second // that a connection waits for another request
	handshakeTimeout = 10 * time.Second
)

// Pool is the connections to a server. It is an http.RoundTripper that sends each request
// once, and is safe for concurrent use. The body of an answer is to be closed.
type Pool struct {
	secure bool
	addr   string
	tls    *tls.Config
	slots  chan struct{} // one for each connection in use; nil: any number
	other  *http.Transport
	first  chan struct{} // held by the one that finds out what the server speaks
	known  atomic.Bool   // that was found out
	yields atomic.Bool   // to the other one, which knows the way, or the protocol

	mu    sync.Mutex
	idle  []*conn // the one that was used last is behind
	timer *time.Timer
	over  bool
}

// New makes the pool of a server, https or not, of which no connection is open yet. Most
// are the connections in use at the same time, 0 is any; a nil config is the default.
func New(server *url.URL, config *tls.Config, most int) *Pool {
	p := &Pool{secure: server.Scheme == "https", addr: address(server), first: make(chan struct{}, 1)}
	p.other = &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: idleMost, TLSHandshakeTimeout: handshakeTimeout,
		MaxIdleConnsPerHost: max(2, most), MaxConnsPerHost: most, TLSClientConfig: config,
	}
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	p.tls = config.Clone()
	p.tls.ServerName, p.tls.NextProtos = server.Hostname(), []string{"h2", "http/1.1"}
	if most > 0 {
		p.slots = make(chan struct{}, most)
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: server})
	p.yields.Store(proxy != nil || err != nil || !ascii(server.Host))
	p.known.Store(!p.secure)
	return p
}

func address(server *url.URL) string {
	port := server.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[server.Scheme]
	}
	return net.JoinHostPort(server.Hostname(), port)
}

// ascii reports whether a name is sent as it is written.
func ascii(name string) bool {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return false
		}
	}
	return true
}

// Sending is the context of a request with what a Pool is to know of it. With another one
// a request has the time that its deadline says.
type Sending struct {
	context.Context
	By    time.Time    // when all of its answer has to be there; Ready may put it off
	Ready func() error // asked once it has a connection, by each redirect anew; nil: nothing is asked
	Left  atomic.Bool  // it had a connection: something of it may have arrived
}

// Deadline is the context.Context's. The context does not end by it: who waits for the
// answer does.
func (s *Sending) Deadline() (time.Time, bool) { return s.By, true }

// RoundTrip is the http.RoundTripper's.
func (p *Pool) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.yields.Load() {
		return p.elsewhere(r)
	}
	c, err := p.take(r)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	if c == nil {
		return p.elsewhere(r)
	}
	if s, ok := r.Context().(*Sending); ok {
		if s.Ready != nil {
			by := s.By
			if err = s.Ready(); !s.By.Equal(by) {
				_ = c.SetDeadline(s.By) // what fails here fails when it is used
			}
		}
		if err != nil {
			p.unused(r, c)
			return nil, err
		}
		s.Left.Store(true)
	}
	return c.exchange(r)
}

// unused takes a connection back on which nothing was sent.
func (p *Pool) unused(r *http.Request, c *conn) {
	p.put(c)
	p.release()
	if r.Body != nil {
		_ = r.Body.Close()
	}
}

// elsewhere has the other transport send it.
func (p *Pool) elsewhere(r *http.Request) (*http.Response, error) {
	s, ok := r.Context().(*Sending)
	if !ok {
		return single{p.other}.RoundTrip(r)
	}
	ctx, cancel := context.WithDeadline(s.Context, s.By)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) {
		if s.Ready != nil && s.Ready() != nil {
			cancel()
		}
		s.Left.Store(true)
	}})
	res, err := single{p.other}.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	res.Body = &cancelling{res.Body, cancel}
	return res, nil
}

// take gives a connection that nobody uses, for a request that can be sent; nil when the
// server speaks something else.
func (p *Pool) take(r *http.Request) (*conn, error) {
	if err := wrong(r.Header); err != nil {
		return nil, err
	}
	ctx := r.Context()
	if err := p.acquire(ctx); err != nil {
		return nil, err
	}
	by, _ := ctx.Deadline()
	if c := p.waiting(by); c != nil {
		return c, nil
	}
	c, err := p.open(ctx)
	if c == nil {
		p.release()
		return nil, err
	}
	_ = c.SetDeadline(by) // what fails here fails when it is used
	return c, nil
}

// acquire waits until there may be one connection more.
func (p *Pool) acquire(ctx context.Context) error {
	if p.slots == nil {
		return nil
	}
	return hold(ctx, p.slots)
}

// hold puts something into a channel, as soon as there is room and before the deadline.
func hold(ctx context.Context, into chan<- struct{}) error {
	select {
	case into <- struct{}{}:
		return nil
	default:
	}
	ctx, cancel := ending(ctx)
	defer cancel()
	select {
	case into <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ending is a context that ends by its deadline: a Sending does not.
func ending(ctx context.Context) (context.Context, context.CancelFunc) {
	if by, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, by)
	}
	return ctx, func() {}
}

// release gives back what acquire had waited for.
func (p *Pool) release() {
	if p.slots != nil {
		<-p.slots
	}
}

// waiting is a connection that was used before and is still there, until a time.
func (p *Pool) waiting(by time.Time) *conn {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		c := p.idle[n-1]
		p.idle[n-1], p.idle = nil, p.idle[:n-1]
		p.mu.Unlock()
		if c.alive(by) {
			return c
		}
		_ = c.Close()
	}
}

// put has a connection wait for another request.
func (p *Pool) put(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		go c.Close()
		return
	}
	c.since = time.Now()
	if p.idle = append(p.idle, c); p.timer == nil {
		p.timer = time.AfterFunc(idleMost, p.sweep)
	}
}

// sweep closes those that have waited for too long.
func (p *Pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, stay := time.Now(), p.idle[:0]
	for _, c := range p.idle {
		if now.Sub(c.since) < idleMost {
			stay = append(stay, c)
		} else {
			go c.Close() // TLS says so to its peer, which may take seconds to listen
		}
	}
	clear(p.idle[len(stay):])
	p.idle, p.timer = stay, nil
	if len(stay) > 0 {
		p.timer = time.AfterFunc(stay[0].since.Add(idleMost).Sub(now), p.sweep)
	}
}

// Close ends the connections: those that are in use with their request.
func (p *Pool) Close() {
	p.other.CloseIdleConnections()
	var over sync.WaitGroup
	defer over.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		over.Go(func() { _ = c.Close() })
	}
	p.idle, p.over = nil, true
	if p.timer != nil {
		p.timer.Stop()
	}
}
