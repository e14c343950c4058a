package postgres

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/noted"
	"godwit/internal/connector/postgres/wire"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
)

// CopyOut is the connector.Reader's. A w that is an io.ReaderFrom fills its
// own buffers straight from the socket. Its own error is returned as it is;
// the reader is of no use afterwards.
func (r *reader) CopyOut(ctx context.Context, c catalog.Chunk, w io.Writer) (record.Sum, error) {
	sum, err := r.copyOut(ctx, c, w)
	return sum, wrap(err, "read %s", c.Table)
}

func (r *reader) copyOut(ctx context.Context, c catalog.Chunk, w io.Writer) (record.Sum, error) {
	if err := r.Hold(ctx, []catalog.Chunk{c}); err != nil {
		return record.Sum{}, err
	}
	only := "ONLY "
	if c.FileNode == 0 { // the root of partitions has none
		var err error
		if only, err = r.s.only(ctx, c.Table); err != nil {
			return record.Sum{}, noted.Still(err, c)
		}
	}
	sql := copyOutSQL(c, only, r.held[c.Table])
	if c.Defined {
		query, err := one(ctx, r.s, pgx.RowTo[string], "SELECT pg_get_viewdef($1::oid)", r.held[c.Table])
		if err != nil {
			return record.Sum{}, err
		}
		sql = definedSQL(c, query)
	}
	rows := &wire.Frames{Binary: c.Format == catalog.Binary}
	err := r.s.raw(ctx, func(socket net.Conn) error {
		rows.Conn = socket
		if err := wire.Send(socket, sql); err != nil {
			return err
		}
		_, own := w.(io.ReaderFrom)
		if _, err := io.CopyBuffer(w, rows, wire.BufferFor(own)); err != nil {
			if rows.Failed != nil {
				return rows.Failed
			}
			return wire.Foreign{Err: err}
		}
		told, err := wire.Answers(io.MultiReader(bytes.NewReader(rows.Tail), socket))
		if err == nil && told != rows.Sum.Rows {
			err = fault.New(fault.Internal, "copy.count", "the server counted %d rows, %d came", told, rows.Sum.Rows)
		}
		return err
	})
	if !c.Defined {
		err = noted.Still(err, c)
	}
	return rows.Sum, err
}

// copyOutSQL is the statement that reads a chunk of the table with this OID. A
// range of pages is a TID range scan from PostgreSQL 14 on.
func copyOutSQL(c catalog.Chunk, only string, oid uint32) string {
	return fmt.Sprintf("COPY (SELECT %s FROM %s%s%s) TO STDOUT (FORMAT %s)",
		idents(c.Columns), only, c.Table.SQL(), conditions(noted.Named(c.Table, oid), where(c)), format(c))
}

// definedSQL is the statement that reads what a view's query gives.
func definedSQL(c catalog.Chunk, query string) string {
	return fmt.Sprintf("COPY (SELECT %s FROM (%s) AS rows) TO STDOUT (FORMAT %s)",
		idents(c.Columns), strings.TrimSuffix(strings.TrimSpace(query), ";"), format(c))
}

func format(c catalog.Chunk) string {
	if c.Format == catalog.Binary {
		return "binary"
	}
	return "text"
}

// where says which of its table's rows a chunk is; of all nothing.
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
	return strings.Join(all, " AND ")
}

// conditions are those that say something, as a clause.
func conditions(all ...string) string {
	all = slices.DeleteFunc(all, func(c string) bool { return c == "" })
	if len(all) == 0 {
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
