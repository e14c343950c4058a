package postgres

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"godwit/internal/catalog"
)

// errStopped ends a copy whose statement the server has refused.
var errStopped = errors.New("the server ended the copy")

// closer is what an r may be beside a reader: its Read then returns err at
// once (io.PipeReader).
type closer interface{ CloseWithError(err error) error }

// CopyIn is the connector.Load's. The server is listened to all the while: an
// error of its own ends the copy at the next write, or at once when r has
// CloseWithError(error) error, as io.PipeReader has. An error of r is returned
// as it is. After any error the load can only be closed.
func (l *load) CopyIn(ctx context.Context, c catalog.Chunk, r io.Reader) (int64, error) {
	rows, err := l.copyIn(ctx, c, r)
	return rows, wrap(err, "write %s", c.Into)
}

func (l *load) copyIn(ctx context.Context, c catalog.Chunk, r io.Reader) (rows int64, err error) {
	err = l.s.raw(ctx, func(socket net.Conn) error {
		if err := send(socket, copyInSQL(c)); err != nil {
			return err
		}
		in := bufio.NewReader(socket)
		if err := copyReady(in); err != nil {
			return err
		}
		rows, err = pour(socket, in, r)
		return err
	})
	return rows, err
}

// copyReady waits until the server takes data.
func copyReady(in *bufio.Reader) error {
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
			if _, rest := answers(in); rest != nil {
				return errors.Join(err, rest)
			}
			return err
		}
	}
}

// pour sends r's frames and listens at the same time.
func pour(socket net.Conn, in *bufio.Reader, r io.Reader) (int64, error) {
	type outcome struct {
		rows int64
		err  error
	}
	ended := make(chan outcome, 1)
	out := &sink{socket: socket}
	go func() {
		rows, err := answers(in)
		if out.stopped.Store(true); err != nil {
			if c, ok := r.(closer); ok {
				c.CloseWithError(errStopped)
			}
		}
		ended <- outcome{rows, err}
	}()

	_, own := r.(io.WriterTo)
	_, err := io.CopyBuffer(out, r, bufferFor(own))
	if err == nil {
		_, err = out.Write([]byte{copyDone, 0, 0, 0, 4})
	}
	if err != nil && out.failed == nil && !out.stopped.Load() {
		socket.Close() // r's error: the transaction goes with the session
		<-ended
		return 0, foreign{err}
	}
	if out.failed != nil {
		// The server may have said why before it hung up.
		socket.SetReadDeadline(time.Now().Add(cancelPatience))
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

func copyInSQL(c catalog.Chunk) string {
	columns := ""
	if len(c.Columns) > 0 {
		columns = " (" + idents(c.Columns) + ")"
	}
	return fmt.Sprintf("COPY %s%s FROM STDIN (FORMAT %s)", c.Into.SQL(), columns, format(c))
}
