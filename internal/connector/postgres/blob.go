package postgres

import (
	"context"
	"io"

	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// piece is how much of a large object is in memory.
const piece = 1 << 20

// Blob is the connector.Reader's.
func (r *reader) Blob(ctx context.Context, oid uint32, w io.Writer) (int64, error) {
	var at int64
	for {
		b, err := one(ctx, r.s, pgx.RowTo[[]byte], "SELECT lo_get($1, $2, $3)", oid, at, piece)
		if err != nil {
			return at, fault.Wrap(err, "read large object %d", oid)
		}
		n, err := w.Write(b)
		if at += int64(n); err != nil {
			return at, err
		}
		if len(b) < piece {
			return at, nil
		}
	}
}

// Blob is the connector.Transaction's.
func (l *load) Blob(ctx context.Context, oid uint32, r io.Reader) error {
	// One that is there keeps its owner, rights and comment. 131072 is INV_WRITE
	// (PostgreSQL documentation, Large Objects, Client Interfaces).
	_, err := one(ctx, l.s, pgx.RowTo[int64], `
		SELECT CASE WHEN EXISTS (SELECT FROM pg_largeobject_metadata WHERE oid = $1)
			THEN lo_truncate64(lo_open($1, 131072), 0)::int8 ELSE lo_create($1)::int8 END`, oid)
	if err != nil {
		return fault.Wrap(err, "make large object %d", oid)
	}
	b := make([]byte, piece)
	for at := int64(0); ; {
		n, end := io.ReadFull(r, b)
		if n > 0 {
			if _, err := l.s.conn.Exec(ctx, "SELECT lo_put($1, $2, $3)", oid, at, b[:n]); err != nil {
				return fault.Wrap(l.s.fault(ctx, err), "write large object %d", oid)
			}
			at += int64(n)
		}
		switch end {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return end
		}
	}
}
