package postgres

import (
	"context"
	"io"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/isolate"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// CopyInGood is the connector.Isolator's: see isolate.Copy. An error of r is
// returned as it is.
func (l *load) CopyInGood(ctx context.Context, c catalog.Chunk, r io.Reader, refused func(record.Refusal, int) error) (connector.Isolated, error) {
	if l.s == nil || l.s.broken {
		return connector.Isolated{}, fault.New(fault.Internal, "session.broken", "the load had an error before, or is closed")
	}
	noted := &source{r: r}
	got, err := isolate.Copy(ctx, l.s.conn, c, copyInSQL(c), noted, refused)
	if err != nil && noted.err != nil {
		l.s.broken = true
		return got, noted.err
	}
	return got, fault.Wrap(l.s.fault(ctx, err), "write %s", c.Into)
}

// source remembers an error of what it reads from: the server's word about it
// would be an echo.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

var _ connector.Isolator = (*load)(nil)
