package socket

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

const (
	// atOnce is the longest body that is written before anything is read: so much the
	// kernel takes. Behind a longer one the answer may be there before its end.
	atOnce = 16 << 10
	// headMost are the bytes of an answer before its body.
	headMost = 10 << 20
	// writeWait is how long a body is waited for whose request was answered.
	writeWait = 50 * time.Millisecond
)

// conn is a connection to the server, in use by one at a time.
type conn struct {
	net.Conn
	pool  *Pool
	raw   syscall.RawConn // what is below, nil when that is not known
	tls   bool            // what was read from below may not be read from here
	in    *bufio.Reader
	out   *bufio.Writer
	head  int64 // bytes that may be read before the body
	since time.Time

	probe func(fd uintptr) bool
	gone  bool // what probe saw
}

func newConn(p *Pool, c, below net.Conn) *conn {
	out := &conn{Conn: c, pool: p, tls: c != below, out: bufio.NewWriter(c)}
	out.in = bufio.NewReader(out)
	if s, ok := below.(syscall.Conn); ok {
		out.raw, _ = s.SyscallConn()
	}
	out.probe = func(fd uintptr) bool {
		out.gone = !silent(fd)
		return true
	}
	return out
}

var errHead = errors.New("the answer has more than 10 MiB before its body")

// Read is the net.Conn's, up to what an answer may have.
func (c *conn) Read(b []byte) (int, error) {
	if c.head <= 0 {
		return 0, errHead
	}
	n, err := c.Conn.Read(b[:min(int64(len(b)), c.head)])
	c.head -= int64(n)
	return n, err
}

// alive reports whether a connection that waits is still open, and nothing was said on it;
// by is until when it may be used then.
func (c *conn) alive(by time.Time) bool {
	if time.Since(c.since) >= idleMost || c.tls && c.said() {
		return false
	}
	_ = c.SetDeadline(by) // what fails here fails when it is used; a past one would fail the look
	return c.raw == nil || c.raw.Read(c.probe) == nil && !c.gone
}

// said reports whether TLS has something that was read already, which the look at what is
// below does not see: a record that came together with the one before it.
func (c *conn) said() bool {
	c.interrupt() // so nothing is waited for
	_, err := c.Conn.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// exchange sends a request and reads its answer up to the body, which gives the
// connection back. The connection's deadline is the request's.
func (c *conn) exchange(r *http.Request) (*http.Response, error) {
	b := &body{c: c}
	b.stop = context.AfterFunc(r.Context(), c.interrupt)
	err := b.send(r)
	var res *http.Response
	if err == nil {
		res, err = c.answer(r)
	}
	if err != nil {
		b.end(false)
		if b.from != nil && b.from.failed() != nil {
			return nil, b.from.failed()
		}
		return nil, err
	}
	b.Reader, b.last = res.Body, res.Close || res.StatusCode < 200
	res.Body = b
	return res, nil
}

// interrupt ends what is under way.
func (c *conn) interrupt() { _ = c.SetDeadline(time.Unix(1, 0)) }

func (c *conn) write(r *http.Request) error {
	if err := r.Write(c.out); err != nil {
		return err
	}
	return c.out.Flush()
}

// answer reads what is before an answer's body.
func (c *conn) answer(r *http.Request) (*http.Response, error) {
	c.head = headMost
	if _, err := c.in.Peek(1); err != nil { // nothing at all, which is not half of an answer
		return nil, err
	}
	for {
		res, err := http.ReadResponse(c.in, r)
		if err != nil {
			return nil, err
		}
		if res.StatusCode >= 200 || res.StatusCode == http.StatusSwitchingProtocols {
			c.head = math.MaxInt64
			return res, nil
		} // else it is on its way (RFC 9110, 15.2)
	}
}

// body is an answer's. At its end the connection can be used again.
type body struct {
	io.Reader
	c     *conn
	stop  func() bool
	from  *source       // of a request whose body is long
	sent  chan struct{} // closed once that is written, or cannot be; nil: it was at once
	half  bool          // it could not; known once sent is closed
	whole bool          // all of it was read
	last  bool          // there is no request behind it
	ended bool
}

// send writes a request, one with a long body beside what is read.
func (b *body) send(r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength > 0 && r.ContentLength <= atOnce {
		return b.c.write(r)
	}
	b.from, b.sent = &source{ReadCloser: r.Body}, make(chan struct{})
	out := r.WithContext(r.Context()) // a copy: the caller's is not changed
	out.Body = b.from
	go func() {
		defer close(b.sent)
		if b.half = b.c.write(out) != nil; b.half && b.from.failed() != nil {
			b.c.interrupt() // else what the server says about it may be on its way
		}
	}()
	return nil
}

// Read is the io.Reader's.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.whole = b.whole || errors.Is(err, io.EOF)
	return n, err
}

// Close is the io.Closer's: what was not read of it is not waited for.
func (b *body) Close() error {
	written := true
	if b.sent != nil {
		late := time.NewTimer(writeWait)
		defer late.Stop()
		select {
		case <-b.sent: // who has read it all has answered, and its writer is only to be woken
			written = !b.half
		case <-late.C:
			written = false
		}
	}
	b.end(written && b.whole && !b.last)
	return nil
}

// end gives the connection back, to be used again or not.
func (b *body) end(again bool) {
	if b.ended {
		return
	}
	b.ended = true
	if again = b.stop() && again && b.c.in.Buffered() == 0 && b.c.out.Buffered() == 0; again {
		b.c.pool.put(b.c)
	} else {
		_ = b.c.Close()
	}
	b.c.pool.release()
}
