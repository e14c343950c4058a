package bulk

import (
	"io"
	"sync"
	"sync/atomic"
)

// Five buffers of 256 KiB: enough that neither end waits for the other's
// single read or write, small enough that a copy's memory is a constant.
const (
	ringBuffers = 5
	ringSize    = 256 << 10
)

// buffers are kept over chunks: a thousand small tables need one.
var buffers = sync.Pool{New: func() any { return new([ringSize]byte) }}

// ring stands between a reader and a writer of one chunk. The writing side
// fills its buffers straight from the source's socket (io.ReaderFrom), the
// reading side hands them to the target's (io.WriterTo): no byte is copied in
// between. One goroutine on each side.
type ring struct {
	free, full chan []byte
	gone       chan struct{} // closed when the reading side will read no more
	err        error         // of the writing side; read after full is closed
	rest       []byte        // of a buffer that Read gave away in part
	held       []byte
	passed     atomic.Int64 // bytes
	moved      func(bytes int64)
}

func newRing(moved func(int64)) *ring {
	r := &ring{
		free: make(chan []byte, ringBuffers), full: make(chan []byte, ringBuffers),
		gone: make(chan struct{}), moved: moved,
	}
	for range ringBuffers {
		r.free <- nil // taken from the pool when first used
	}
	return r
}

// drop gives the buffers back; both sides have ended.
func (r *ring) drop() {
	for {
		select {
		case b := <-r.free:
			if b != nil {
				buffers.Put((*[ringSize]byte)(b[:ringSize]))
			}
		default:
			return
		}
	}
}

// ReadFrom fills buffers from src until it ends.
func (r *ring) ReadFrom(src io.Reader) (n int64, err error) {
	for {
		b, err := r.take()
		if err != nil {
			return n, err
		}
		k, err := src.Read(b[:ringSize])
		n += int64(k)
		if k > 0 {
			r.full <- b[:k] // never blocks: there is room for every buffer
			r.moved(r.passed.Add(int64(k)))
		} else {
			r.free <- b
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// Write copies p into buffers, for sources that have no reader to give.
func (r *ring) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		b, err := r.take()
		if err != nil {
			return n, err
		}
		k := copy(b[:ringSize], p)
		r.full <- b[:k]
		r.moved(r.passed.Add(int64(k)))
		n, p = n+k, p[k:]
	}
	return n, nil
}

func (r *ring) take() ([]byte, error) {
	select {
	case b := <-r.free:
		if b == nil {
			b = buffers.Get().(*[ringSize]byte)[:]
		}
		return b, nil
	case <-r.gone:
		return nil, io.ErrClosedPipe
	}
}

// end tells the reading side that all was written, or why not.
func (r *ring) end(err error) {
	r.err = err
	close(r.full)
}

// leave tells the writing side that nobody reads any more.
func (r *ring) leave() { close(r.gone) }

// WriteTo hands the buffers to dst.
func (r *ring) WriteTo(dst io.Writer) (n int64, err error) {
	for b := range r.full {
		k, err := dst.Write(b)
		n += int64(k)
		if err != nil {
			return n, err
		}
		r.free <- b[:ringSize]
	}
	return n, r.err
}

// Read copies out of the buffers, for targets that want a plain reader.
func (r *ring) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.held != nil {
			r.free <- r.held[:ringSize]
			r.held = nil
		}
		b, ok := <-r.full
		if !ok {
			if r.err != nil {
				return 0, r.err
			}
			return 0, io.EOF
		}
		r.rest, r.held = b, b
	}
	k := copy(p, r.rest)
	r.rest = r.rest[k:]
	return k, nil
}
