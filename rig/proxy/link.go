package proxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Side is one end of a connection.
type Side int

// The two sides.
const (
	Client Side = iota
	Server
)

// errCut ends a pump whose link was cut.
var errCut = errors.New("cut")

// link is one client's connection and the one it is passed on to.
type link struct {
	client, server *net.TCPConn
	once           sync.Once
	gone           chan struct{} // closed when the link was reset
}

// ends are the connections to read from and to write to for what a side sends.
func (l *link) ends(from Side) (*net.TCPConn, *net.TCPConn) {
	if from == Client {
		return l.client, l.server
	}
	return l.server, l.client
}

// reset closes both ends without a goodbye.
func (l *link) reset() {
	l.once.Do(func() {
		close(l.gone)
		reset(l.client)
		reset(l.server)
	})
}

// reset makes the other end see a reset instead of an end of data.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0) // both only fail when the connection is gone
	_ = conn.Close()
}

// pump passes on what one side sends. An end of data is passed on as one, any
// other end resets the link.
func (p *Proxy) pump(l *link, from Side) {
	in, out := l.ends(from)
	to := &line{proxy: p, link: l, to: out}
	var err error
	if p.upstream.Scheme == "tcp" {
		_, err = io.Copy(to, onlyReader{in})
	} else {
		err = p.passMessages(l, from, bufio.NewReaderSize(in, 64<<10), bufio.NewWriterSize(to, 64<<10))
	}
	if err == nil {
		err = out.CloseWrite()
	}
	if err != nil {
		l.reset()
	}
}

// onlyReader hides what would let io.Copy pass by the line.
type onlyReader struct{ io.Reader }

// line writes to one end under the proxy's faults.
type line struct {
	proxy *Proxy
	link  *link
	to    io.Writer
}

// Write passes bytes on as the faults allow.
func (w *line) Write(b []byte) (int, error) {
	for done := 0; done < len(b); {
		if err := w.proxy.await(w.link); err != nil {
			return done, err
		}
		n, last, wait := w.proxy.admit(min(len(b)-done, 32<<10))
		if err := pause(w.link, wait); err != nil {
			return done, err
		}
		n, err := w.to.Write(b[done : done+n])
		done += n
		if err != nil {
			return done, err
		}
		if last {
			w.proxy.Cut()
			return done, errCut
		}
	}
	return len(b), nil
}

// await holds a writer back while the proxy is stalled.
func (p *Proxy) await(l *link) error {
	for {
		flow := locked(p, func() chan struct{} { return p.flow })
		select {
		case <-flow:
			return nil
		default:
		}
		select {
		case <-flow:
		case <-l.gone:
			return errCut
		}
	}
}

// admit says how many of n bytes may pass, whether they are the last before a
// cut, and how long to wait before.
func (p *Proxy) admit(n int) (allowed int, last bool, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fuse >= 0 {
		n = int(min(int64(n), p.fuse))
		p.fuse -= int64(n)
		if last = p.fuse == 0; last {
			p.fuse = -1
		}
	}
	p.passed += int64(n)
	if p.rate > 0 {
		now := time.Now()
		if p.free.Before(now) {
			p.free = now
		}
		p.free = p.free.Add(time.Duration(float64(n) / float64(p.rate) * float64(time.Second)))
		wait = p.free.Sub(now)
	}
	return n, last, wait
}

// pause waits, at most until the link is cut.
func pause(l *link, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-l.gone:
		return errCut
	}
}
