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

// relay copies one chunk from a reader into a load. Rows are counted twice, by
// the source and by the target; moved is told the bytes so far.
func relay(ctx context.Context, from connector.Reader, to connector.Transaction, c catalog.Chunk, moved func(int64)) (sum record.Sum, rows int64, err error) {
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
	rows, werr := to.CopyIn(ctx, c, r)
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
