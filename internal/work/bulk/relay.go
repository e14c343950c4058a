package bulk

import (
	"context"
	"errors"
	"io"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// taker is the writing side of a relay; it gives the rows that the target took.
type taker func(ctx context.Context, r io.Reader) (rows int64, err error)

// into takes a chunk as a whole.
func into(to connector.Transaction, c catalog.Chunk) taker {
	return func(ctx context.Context, r io.Reader) (int64, error) { return to.CopyIn(ctx, c, r) }
}

// relay copies one chunk from a reader to a taker. Rows are counted twice, by
// the source and by the target; moved is told the bytes so far.
func relay(ctx context.Context, from connector.Reader, c catalog.Chunk, moved func(int64), take taker) (sum record.Sum, rows int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := newRing(moved)
	read := make(chan error, 1)
	go func() {
		var err error
		sum, err = from.CopyOut(ctx, c, r)
		r.end(err)
		read <- err
	}()
	rows, werr := take(ctx, r)
	r.leave()
	if werr != nil {
		cancel() // the source must not go on sending what nobody takes
	}
	rerr := <-read
	r.drop()
	return sum, rows, cause(rerr, werr)
}

// cause picks the side that failed first: the other one's error is its echo.
func cause(read, write error) error {
	switch {
	case read == nil && write == nil:
		return nil
	case write == nil, read != nil && errors.Is(write, read):
		return fault.Wrap(read, "read")
	case read == nil, errors.Is(read, io.ErrClosedPipe), errors.Is(read, context.Canceled):
		return fault.Wrap(write, "write")
	}
	return fault.Wrap(read, "read")
}
