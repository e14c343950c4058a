package socket

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
)

// source is a request's body, and why it could not be read.
type source struct {
	io.ReadCloser
	err atomic.Pointer[error]
}

// Read is the io.Reader's.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err.Store(&err)
	}
	return n, err
}

func (s *source) failed() error {
	if err := s.err.Load(); err != nil {
		return *err
	}
	return nil
}

// cancelling is a body with which its request ends.
type cancelling struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close is the io.Closer's.
func (c *cancelling) Close() error {
	defer c.cancel()
	return c.ReadCloser.Close()
}
