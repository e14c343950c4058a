// Package cursor reads the records of a query in the order of its key, page by
// page, from a cursor of the server: over a session that is handed in and in whose
// transaction it works. Start at Open; the connector's DESIGN.md has the why,
// section Records.
package cursor

import (
	"context"
	"fmt"
	"io"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/connector/postgres/relations"
	"godwit/internal/connector/postgres/sqlstate"
	"godwit/internal/connector/postgres/typed"
	"godwit/internal/fault"
	"godwit/internal/record"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A page's size, and with it a FETCH's.
const (
	pageRecords  = 1000
	pageBytes    = 4 << 20
	firstRecords = 100 // of the first FETCH, when the size of a record is not known
	slabRecords  = 64  // share one piece of memory for their slots
)

// Cursor reads the records of a query page by page from a cursor of the
// server. Not safe for concurrent use. It lives as long as the transaction.
type Cursor struct {
	q        *query
	formats  []int16
	decoders []typed.Decoder
	same     bool // the last column tells it

	fetch *pgconn.ResultReader // under way
	asked int                  // of it
	got   int                  // of it, so far
	told  int64                // by the server, of those that are over

	held     record.Record // read one ahead
	holds    bool          // there is one
	heldSame bool          // its key is that of the one before
	ended    bool
	next     int // records of the next FETCH
	slab     []any
	room     []any
}

// Describe gives the fields of a query.
func Describe(ctx context.Context, conn *pgx.Conn, q connector.Query) (*record.Schema, error) {
	p, err := prepare(ctx, conn, q)
	if err != nil {
		return nil, err
	}
	return p.schema, nil
}

// Open declares a cursor over the query in the open transaction, and proves
// that what it reads is what there was when the transaction's snapshot was
// taken.
func Open(ctx context.Context, conn *pgx.Conn, q connector.Query, glance relations.Glance) (*Cursor, error) {
	p, err := prepare(ctx, conn, q)
	if err != nil {
		return nil, err
	}
	sql, args, same, err := p.ordered()
	if err != nil {
		return nil, err
	}
	c := &Cursor{q: p, same: same, next: firstRecords}
	for i := range p.types {
		d := p.types[i].Decoder()
		c.decoders, c.formats = append(c.decoders, d), append(c.formats, d.Format)
	}
	if same {
		c.formats = append(c.formats, typed.BinaryFormat)
	}
	const declare = "DECLARE godwit_records NO SCROLL CURSOR FOR "
	if _, err := conn.PgConn().Exec(ctx, "SET LOCAL cursor_tuple_fraction = 1").ReadAll(); err != nil {
		return nil, sqlstate.Translate(err)
	}
	if _, err := conn.PgConn().ExecParams(ctx, declare+sql, args, nil, nil, nil).Close(); err != nil {
		return nil, p.refused(err, 0, "")
	}
	return c, relations.Unchanged(ctx, conn, q, glance)
}

// LeaveJSON has documents come as record.JSON. Those of the key, and what an
// incremental read goes by, are read here.
func (c *Cursor) LeaveJSON() {
	for i, f := range c.q.schema.Fields {
		since := c.q.q.Since != nil && c.q.q.Since.Column == f.Name
		if f.Type.Kind == catalog.KindJSON && !since && !slices.Contains(c.q.q.Key, f.Name) {
			c.decoders[i].Decode = func(b []byte) (any, error) { return record.JSON(b), nil }
		}
	}
}

// Schema is the records'.
func (c *Cursor) Schema() *record.Schema { return c.q.schema }

// Count is the number of records given out: the sum of the server's own tags
// without the one that is read ahead. While a FETCH is longer than a page its
// records count as they come and no page has an After; its tag is compared
// before there is one again.
func (c *Cursor) Count() int64 {
	n := c.told
	if c.fetch != nil {
		n += int64(c.got)
	}
	if c.holds {
		n--
	}
	return n
}

// Over reports whether nothing more comes: it is known behind a FETCH that gave
// less than it was asked for.
func (c *Cursor) Over() bool { return c.ended && c.fetch == nil }

// Midway reports whether an answer of the server was not read to its end: the
// session can only be thrown away.
func (c *Cursor) Midway() bool { return c.fetch != nil }

// Next gives the next page, io.EOF behind the last one. A FETCH that does not
// fit into a page is read on by the next call: then the context of the call
// that began it still counts.
func (c *Cursor) Next(ctx context.Context) (*record.Page, error) {
	page := &record.Page{Schema: c.q.schema}
	for len(page.Records) == 0 {
		if c.fetch == nil {
			if c.ended {
				return nil, io.EOF
			}
			sql := fmt.Sprintf("FETCH FORWARD %d FROM godwit_records", c.next)
			c.asked, c.got = c.next, 0
			c.fetch = c.q.conn.PgConn().ExecParams(ctx, sql, nil, nil, nil, c.formats)
		}
		if err := c.fill(page); err != nil {
			return nil, err
		}
	}
	var err error
	last := &page.Records[len(page.Records)-1]
	if c.fetch == nil && (!c.holds || !c.equal(last)) {
		page.After, err = place(c.q.key, last)
	}
	return page, err
}

// fill reads on until the page is full or the FETCH is over.
func (c *Cursor) fill(page *record.Page) error {
	for page.Bytes < pageBytes {
		if !c.fetch.NextRow() {
			return c.over(page)
		}
		c.got++
		if c.holds {
			c.give(page)
		}
		if err := c.decode(c.fetch.Values()); err != nil {
			return err
		}
	}
	return nil
}

// give moves the record read ahead into the page.
func (c *Cursor) give(page *record.Page) {
	if page.Records == nil {
		page.Records = make([]record.Record, 0, c.asked+1)
	}
	page.Records = append(page.Records, c.held)
	page.Bytes += int64(c.held.Size)
	c.held, c.holds = record.Record{}, false
}

// over compares the FETCH with the server's tag and sizes the next one.
func (c *Cursor) over(page *record.Page) error {
	tag, err := c.fetch.Close()
	c.fetch = nil
	if err != nil {
		return sqlstate.Translate(err)
	}
	if tag.RowsAffected() != int64(c.got) {
		return fault.New(fault.Internal, "account.open", "the server counted %d records, %d came", tag.RowsAffected(), c.got)
	}
	c.told += tag.RowsAffected()
	if c.got < c.asked {
		c.ended = true
		if c.holds {
			c.give(page)
		}
	}
	if n := int64(len(page.Records)); n > 0 {
		c.next = int(max(1, min(pageRecords, pageBytes/max(1, page.Bytes/n))))
	}
	return nil
}

// equal tells whether the record read ahead has the same key.
func (c *Cursor) equal(last *record.Record) bool {
	if c.same {
		return c.heldSame
	}
	for _, k := range c.q.key {
		if last.Slots[k.slot] != c.held.Slots[k.slot] && !sameBytes(last.Slots[k.slot], c.held.Slots[k.slot]) {
			return false
		}
	}
	return true
}

func sameBytes(a, b any) bool {
	x, ok := a.([]byte)
	y, both := b.([]byte)
	return ok && both && string(x) == string(y)
}

// decode reads a row ahead.
func (c *Cursor) decode(raw [][]byte) error {
	n := len(c.decoders)
	r := record.Record{Op: record.Create}
	for _, b := range raw[:n] {
		r.Size += len(b)
	}
	switch {
	case r.Size > pageBytes/slabRecords: // the others must not keep it in memory
		r.Slots = make([]any, n)
	case len(c.slab) < n:
		c.slab = make([]any, n*slabRecords)
		fallthrough
	default:
		r.Slots, c.slab = c.slab[:n:n], c.slab[n:]
	}
	unread, why := -1, error(nil)
	for i, b := range raw[:n] {
		if b == nil {
			continue
		}
		v, err := c.decoders[i].Decode(b)
		switch {
		case err == nil:
		case c.formats[i] == typed.BinaryFormat:
			return fault.New(fault.Data, "data.syntax", "column %q holds what cannot be read exactly", c.q.schema.Fields[i].Name)
		default: // json takes names twice and halves of surrogates
			v, unread, why = string(b), i, err
		}
		r.Slots[i] = v
	}
	if unread >= 0 {
		r.Broken = record.Unreadable(c.q.schema, r.Slots, unread, why)
	}
	c.heldSame = c.same && len(raw[n]) == 1 && raw[n][0] != 0
	if len(c.q.key) > 0 {
		c.room = c.room[:0]
		for _, k := range c.q.key {
			c.room = append(c.room, r.Slots[k.slot])
		}
		r.Key = record.KeyText(c.room...)
	}
	c.held, c.holds = r, true
	return nil
}
