package keyset

import (
	"context"
	"errors"
	"io"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// A page's size, and a part's. A part is short at first and twice as long each
// time, so that small tables are cut too; it ends where a chunk may.
const (
	pageRecords = 1000
	pageBytes   = 4 << 20
	firstPart   = 500
	longestPart = 50_000
	heavyPart   = 400_000 // of a statement: each part asks it three times
	partBytes   = 64 << 20
)

// Reader gives the records of a query page by page. Its methods are those of
// connector.RecordReader; Close ends the statement under way, not the session.
type Reader struct {
	q      Query
	s      Session
	until  []any // of the range, in the driver's form
	after  []any // of the part under way
	border []any // its last key, nil: it is the last part
	place  []byte
	part   int64 // its most records, but for those with the border's key
	rows   Rows
	due    int64 // its records, as the server counted them
	got    int64 // of them
	told   int64 // of the parts before
	bytes  int64
	ended  bool
	room   []any
}

// Open reads a query within a range. Nothing is asked before Next.
func Open(s Session, q Query, of connector.Query) (*Reader, error) {
	r := &Reader{q: q, s: s, part: firstPart}
	var err error
	if r.after, err = q.position(of.After); err != nil {
		return nil, err
	}
	r.until, err = q.position(of.Until)
	return r, err
}

// Schema is the connector.RecordReader's.
func (r *Reader) Schema() *record.Schema { return r.q.Schema }

// Count is the number of records given out: those of the parts before as the
// server counted them, and those of the part under way, which are compared
// with its count before there is a place to read on from.
func (r *Reader) Count() int64 { return r.told + r.got }

// Over reports whether nothing more comes.
func (r *Reader) Over() bool { return r.ended }

// Close is the connector.RecordReader's.
func (r *Reader) Close() error {
	if r.rows == nil {
		return nil
	}
	err := r.rows.Close()
	r.rows = nil
	return err
}

// Next is the connector.RecordReader's. The context of the call that begins a
// part counts until its end.
func (r *Reader) Next(ctx context.Context) (*record.Page, error) {
	page := &record.Page{Schema: r.q.Schema}
	for len(page.Records) == 0 {
		if r.ended {
			return nil, io.EOF
		}
		if r.rows == nil {
			if err := r.begin(ctx); err != nil {
				return nil, err
			}
		}
		if err := r.fill(page); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// begin asks for the border of the next part, counts the part, and starts it.
func (r *Reader) begin(ctx context.Context) error {
	r.border, r.place = nil, nil
	if len(r.q.Key) > 0 {
		sql, args := r.q.statement(r.q.refs(), r.after, r.until)
		values, err := r.s.One(ctx, sql+r.q.order()+" LIMIT 1 OFFSET ?", append(args, r.part-1))
		if err != nil {
			return err
		}
		if values != nil {
			if r.border, r.place, err = r.q.place(values); err != nil {
				return err
			}
		}
	}
	until := r.border
	if until == nil {
		until = r.until
	}
	sql, args := r.q.statement("count(*)", r.after, until)
	counted, err := r.s.One(ctx, sql, args)
	if err != nil {
		return err
	}
	n, ok := counted[0].(int64)
	if !ok {
		return fault.New(fault.Internal, "account.open", "the server's count is %T", counted[0])
	}
	r.due, r.got = n, 0
	sql, args = r.q.statement(r.q.Select, r.after, until)
	r.rows, err = r.s.Rows(ctx, sql+r.q.order(), args)
	return err
}

// fill adds to a page until it is full or the part is over.
func (r *Reader) fill(page *record.Page) error {
	for r.got < r.due && len(page.Records) < pageRecords && page.Bytes < pageBytes {
		slots, size, err := r.rows.Next()
		if errors.Is(err, io.EOF) {
			return r.open(r.got)
		}
		if err != nil {
			return err
		}
		rec := record.Record{Op: record.Create, Slots: slots, Size: size}
		if len(r.q.Key) > 0 {
			r.room = r.room[:0]
			for _, k := range r.q.Key {
				r.room = append(r.room, slots[k.Slot])
			}
			rec.Key = record.KeyText(r.room...)
		}
		r.got++
		page.Records = append(page.Records, rec)
		page.Bytes += int64(size)
	}
	r.bytes += page.Bytes
	if r.got < r.due {
		return nil
	}
	return r.over(page)
}

// over proves that a part's end is where the server counted it to be.
func (r *Reader) over(page *record.Page) error {
	if _, _, err := r.rows.Next(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = r.open(r.got + 1)
		}
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	r.told, r.got = r.told+r.got, 0
	if r.ended = r.border == nil; r.ended {
		if n := len(page.Records); n > 0 && len(r.q.Key) > 0 {
			page.After = r.q.behind(page.Records[n-1])
		}
		return nil
	}
	page.After = r.place
	r.after = r.border
	most := int64(longestPart)
	if r.q.Heavy {
		most = heavyPart
	}
	r.part = max(1, min(2*r.part, most, partBytes*r.told/max(1, r.bytes)))
	return nil
}

// open is the fault of an account that does not close.
func (r *Reader) open(got int64) error {
	return fault.New(fault.Internal, "account.open", "the server counted %d records, %d came", r.due, got).
		Hint("a table whose engine has no transactions changes while it is read: keep writers away")
}
