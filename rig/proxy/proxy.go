// Package proxy puts a bad network in front of a server: connections are cut,
// stalled, slowed down or refused when a test says so, also at a certain byte
// or a certain message of PostgreSQL's protocol.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Proxy passes TCP connections on to one server. All methods may be called from
// several goroutines and again; faults hold for all connections together.
type Proxy struct {
	upstream *url.URL // scheme tcp for anything but PostgreSQL
	listener net.Listener
	running  sync.WaitGroup
	closed   chan struct{}

	mu       sync.Mutex
	links    map[*link]struct{}
	flow     chan struct{} // closed while bytes pass
	refusing bool
	fuse     int64     // bytes until the cut; negative: none
	rate     int64     // bytes per second; 0: unlimited
	free     time.Time // when the line has room for more bytes
	traps    []*trap
	accepted int
	cut      int
	passed   int64
}

// New starts a proxy for a test and closes it when the test ends. The upstream
// is host:port, or the URL of a PostgreSQL database: then messages are seen, too.
func New(t testing.TB, upstream string) *Proxy {
	t.Helper()
	p, err := Listen(t.Context(), upstream)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// Listen is New outside of a test: call Close. It fails when the upstream's
// name is wrong; whether it answers shows with each connection.
func Listen(ctx context.Context, upstream string) (*Proxy, error) {
	if !strings.Contains(upstream, "://") {
		upstream = "tcp://" + upstream
	}
	parsed, err := url.Parse(upstream)
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	if parsed.Port() == "" {
		return nil, fmt.Errorf("start proxy: the upstream %s names no port", parsed.Redacted())
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	p := &Proxy{upstream: parsed, listener: listener, closed: make(chan struct{}), links: map[*link]struct{}{}, flow: make(chan struct{}), fuse: -1}
	close(p.flow)
	p.running.Go(p.accept)
	return p, nil
}

// Addr is the host:port that clients connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// URL is the upstream's URL with the proxy's address in it.
func (p *Proxy) URL() string {
	through := *p.upstream
	through.Host = p.Addr()
	return through.String()
}

// Close cuts everything and waits until the proxy is gone.
func (p *Proxy) Close() {
	p.mu.Lock()
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	p.mu.Unlock()
	_ = p.listener.Close() // a second close is the only error
	p.Cut()
	p.running.Wait()
}

// Accepted is how many connections clients have opened, refused ones included.
func (p *Proxy) Accepted() int { return locked(p, func() int { return p.accepted }) }

// Cuts is how many connections were cut so far.
func (p *Proxy) Cuts() int { return locked(p, func() int { return p.cut }) }

// Open is how many connections pass bytes now.
func (p *Proxy) Open() int { return locked(p, func() int { return len(p.links) }) }

// Passed is the number of bytes that went through, both ways.
func (p *Proxy) Passed() int64 { return locked(p, func() int64 { return p.passed }) }

func locked[T any](p *Proxy, read func() T) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return read()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // a connection that went away by itself
		}
		p.running.Go(func() { p.serve(client.(*net.TCPConn)) })
	}
}

// serve carries one connection until either side ends it or a fault does.
func (p *Proxy) serve(client *net.TCPConn) {
	refused := locked(p, func() bool { p.accepted++; return p.refusing })
	if refused {
		reset(client)
		return
	}
	server, err := net.DialTimeout("tcp", p.upstream.Host, 10*time.Second)
	if err != nil {
		reset(client)
		return
	}
	l := &link{client: client, server: server.(*net.TCPConn), gone: make(chan struct{})}
	if !p.enter(l) {
		l.reset()
		return
	}
	defer p.leave(l)
	var both sync.WaitGroup
	both.Go(func() { p.pump(l, Client) })
	both.Go(func() { p.pump(l, Server) })
	both.Wait()
}

// enter lists a link unless the proxy was closed or an outage began meanwhile.
func (p *Proxy) enter(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.closed:
		return false
	default:
	}
	if p.refusing {
		return false
	}
	p.links[l] = struct{}{}
	return true
}

func (p *Proxy) leave(l *link) {
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
	l.client.Close()
	l.server.Close()
}
