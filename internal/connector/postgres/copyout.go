package postgres

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// stretch is the size of the buffer between a socket and a writer that brings
// none of its own.
const stretch = 256 << 10

// CopyOut is the connector.Reader's. A w that is an io.ReaderFrom fills its
// own buffers straight from the socket. Its own error is returned as it is;
// the reader is of no use afterwards.
func (r *reader) CopyOut(ctx context.Context, c catalog.Chunk, w io.Writer) (record.Sum, error) {
	sum, err := r.copyOut(ctx, c, w)
	return sum, wrap(err, "read %s", c.Table)
}

func (r *reader) copyOut(ctx context.Context, c catalog.Chunk, w io.Writer) (record.Sum, error) {
	if err := r.hold(ctx, c); err != nil {
		return record.Sum{}, err
	}
	rows := &frames{binary: c.Format == catalog.Binary}
	err := r.s.raw(ctx, func(socket net.Conn) error {
		rows.conn = socket
		if err := send(socket, copyOutSQL(c)); err != nil {
			return err
		}
		_, own := w.(io.ReaderFrom)
		if _, err := io.CopyBuffer(w, rows, bufferFor(own)); err != nil {
			if rows.failed != nil {
				return rows.failed
			}
			return foreign{err}
		}
		told, err := answers(io.MultiReader(bytes.NewReader(rows.tail), socket))
		if err == nil && told != rows.sum.Rows {
			err = fault.New(fault.Internal, "copy.count", "the server counted %d rows, %d came", told, rows.sum.Rows)
		}
		return err
	})
	return rows.sum, err
}

// bufferFor is nil when an end of the stream has buffers of its own.
func bufferFor(own bool) []byte {
	if own {
		return nil
	}
	return make([]byte, stretch)
}

// copyOutSQL is the statement that reads a chunk. A range of pages is a TID
// range scan from PostgreSQL 14 on.
func copyOutSQL(c catalog.Chunk) string {
	return fmt.Sprintf("COPY (SELECT %s FROM ONLY %s%s) TO STDOUT (FORMAT %s)",
		idents(c.Columns), c.Table.SQL(), where(c), format(c))
}

func format(c catalog.Chunk) string {
	if c.Format == catalog.Binary {
		return "binary"
	}
	return "text"
}

func where(c catalog.Chunk) string {
	var all []string
	if c.From > 0 {
		all = append(all, fmt.Sprintf("ctid >= '(%d,0)'::tid", c.From))
	}
	if c.To > 0 {
		all = append(all, fmt.Sprintf("ctid < '(%d,0)'::tid", c.To))
	}
	if c.Of > 0 {
		all = append(all, inBuckets(bucketSQL(c.Key, c.Columns, c.Of), c.Buckets))
	}
	if all == nil {
		return ""
	}
	return " WHERE " + strings.Join(all, " AND ")
}

func idents(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = catalog.Quote(n)
	}
	return strings.Join(quoted, ", ")
}
