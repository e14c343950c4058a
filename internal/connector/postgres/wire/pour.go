package wire

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// stretch is the size of the buffer between a socket and a writer that brings
// none of its own.
const stretch = 256 << 10

// BufferFor is nil when an end of the stream has buffers of its own.
func BufferFor(own bool) []byte {
	if own {
		return nil
	}
	return make([]byte, stretch)
}

// Foreign is an error of the stream's other end: it is passed on as it is.
type Foreign struct{ Err error }

func (f Foreign) Error() string { return f.Err.Error() }

// Unwrap returns the other end's error.
func (f Foreign) Unwrap() error { return f.Err }

// lastWords is how long a server that hung up may take to say why.
const lastWords = 10 * time.Second

// errStopped ends a copy whose statement the server has refused.
var errStopped = errors.New("the server ended the copy")

// closer is what an r may be beside a reader: its Read then returns err at
// once (io.PipeReader).
type closer interface{ CloseWithError(err error) error }

// Ready waits until the server takes data.
func Ready(in *bufio.Reader) error {
	for {
		kind, body, err := message(in)
		if err != nil {
			return err
		}
		switch kind {
		case copyInReady:
			return nil
		case errorAnswer:
			err := decodeError(body)
			if _, rest := Answers(in); rest != nil {
				return errors.Join(err, rest)
			}
			return err
		}
	}
}

// Pour sends r's frames, then the end of the copy, and listens to the server
// all the while: an error of its own ends the copy at the next write, or at
// once when r has CloseWithError(error) error, as io.PipeReader has. It returns
// the server's own count. An error of r is Foreign; the socket is then closed.
func Pour(socket net.Conn, in *bufio.Reader, r io.Reader) (int64, error) {
	type outcome struct {
		rows int64
		err  error
	}
	ended := make(chan outcome, 1)
	out := &sink{socket: socket}
	go func() {
		rows, err := Answers(in)
		if out.stopped.Store(true); err != nil {
			if c, ok := r.(closer); ok {
				c.CloseWithError(errStopped)
			}
		}
		ended <- outcome{rows, err}
	}()

	_, own := r.(io.WriterTo)
	_, err := io.CopyBuffer(out, r, BufferFor(own))
	if err == nil {
		_, err = out.Write([]byte{copyDone, 0, 0, 0, 4})
	}
	if err != nil && out.failed == nil && !out.stopped.Load() {
		socket.Close() // r's error: the transaction goes with the session
		<-ended
		return 0, Foreign{err}
	}
	if out.failed != nil {
		// The server may have said why before it hung up.
		socket.SetReadDeadline(time.Now().Add(lastWords))
	}
	end := <-ended
	if end.err != nil {
		return 0, end.err
	}
	return end.rows, err
}

// sink writes to the socket until the server has ended the copy.
type sink struct {
	socket  io.Writer
	stopped atomic.Bool
	failed  error // of the socket
}

func (s *sink) Write(p []byte) (int, error) {
	if s.stopped.Load() {
		return 0, errStopped
	}
	n, err := s.socket.Write(p)
	s.failed = err
	return n, err
}
