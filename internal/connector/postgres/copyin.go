package postgres

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/wire"
)

// CopyIn is the connector.Transaction's. The server is listened to all the while: an
// error of its own ends the copy at the next write, or at once when r has
// CloseWithError(error) error, as io.PipeReader has. An error of r is returned
// as it is. After any error the load can only be closed.
func (l *load) CopyIn(ctx context.Context, c catalog.Chunk, r io.Reader) (int64, error) {
	rows, err := l.copyIn(ctx, c, r)
	return rows, wrap(err, "write %s", c.Into)
}

func (l *load) copyIn(ctx context.Context, c catalog.Chunk, r io.Reader) (rows int64, err error) {
	err = l.s.raw(ctx, func(socket net.Conn) error {
		if err := wire.Send(socket, copyInSQL(c)); err != nil {
			return err
		}
		in := bufio.NewReader(socket)
		if err := wire.Ready(in); err != nil {
			return err
		}
		rows, err = wire.Pour(socket, in, r)
		return err
	})
	return rows, err
}

func copyInSQL(c catalog.Chunk) string {
	columns := ""
	if len(c.Columns) > 0 {
		columns = " (" + idents(c.Columns) + ")"
	}
	return fmt.Sprintf("COPY %s%s FROM STDIN (FORMAT %s)", c.Into.SQL(), columns, format(c))
}
