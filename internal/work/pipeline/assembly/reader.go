// Package assembly puts records together from several queries: those of one, and
// as lists or documents in them the rows of others, asked for by the keys of some
// records at a time. It knows no system. Start at Reader.Next.
package assembly

import (
	"context"
	"errors"
	"io"
	"reflect"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// Part is one query whose rows are parts of records.
type Part struct {
	Name string
	By   string          // column of its rows that holds the record's key
	One  bool            // a document, or null
	Of   *catalog.Schema // of its rows, as planned
	// Read asks for the rows of records with these keys, none of which is null.
	Read func(ctx context.Context, ids []any) (connector.RecordReader, error)
}

// Limits of what is in memory at the same time. Variables, so that tests can
// reach them with small data.
var (
	mostRecords       = 1000     // whose parts are asked for together
	batchSize   int64 = 32 << 20 // bytes of the parts of such a batch, about
	recordRows        = 10_000   // of one part of one record
	recordSize  int64 = 16 << 20
)

// slotSize is what a value of a document takes beside its bytes, about.
const slotSize = 48

// Reader adds parts to the records of another reader. Its schema has a field for
// each behind all others.
type Reader struct {
	connector.RecordReader // of the records without parts
	schema                 *record.Schema
	parts                  []Part
	key                    int          // slot that parts belong to
	left                   *record.Page // read, not given out yet
	batch                  int
}

// New adds parts to the records of r, whose key is in one column. The schema's last
// fields are the parts'.
func New(r connector.RecordReader, schema *record.Schema, key string, parts []Part) *Reader {
	base := len(schema.Fields) - len(parts)
	all := &record.Schema{Fields: append(append([]record.Field(nil), r.Schema().Fields...), schema.Fields[base:]...)}
	return &Reader{RecordReader: r, schema: all, parts: parts, key: all.Index(key), left: &record.Page{}, batch: mostRecords}
}

// Schema is that of the records with their parts.
func (r *Reader) Schema() *record.Schema { return r.schema }

// Count is the source's own, without what is held back here.
func (r *Reader) Count() int64 { return r.RecordReader.Count() - int64(len(r.left.Records)) }

// Over reports whether nothing more comes.
func (r *Reader) Over() bool {
	below, ok := r.RecordReader.(interface{ Over() bool })
	return ok && len(r.left.Records) == 0 && below.Over()
}

// At is the connector.PointInTime's.
func (r *Reader) At() string {
	if p, ok := r.RecordReader.(connector.PointInTime); ok {
		return p.At()
	}
	return ""
}

// Next gives the next records with their parts: a page of the reader below, or as
// many of its records as have parts that fit into memory together.
func (r *Reader) Next(ctx context.Context) (*record.Page, error) {
	if len(r.left.Records) == 0 {
		page, err := r.RecordReader.Next(ctx)
		if err != nil {
			return nil, err
		}
		r.left = page
	}
	for {
		n := min(r.batch, len(r.left.Records))
		b := newBatch(r.left.Records[:n], r.key)
		for i := range r.parts {
			if err := r.read(ctx, b, &r.parts[i]); err != nil {
				return nil, err
			}
		}
		if b.full {
			r.batch = max(1, n/2)
			continue
		}
		r.batch = min(mostRecords, 2*r.batch)
		return r.give(b), nil
	}
}

// read asks for one part of a batch.
func (r *Reader) read(ctx context.Context, b *batch, p *Part) error {
	if b.begin(p); len(b.ids) == 0 || b.full {
		return nil
	}
	rows, err := p.Read(ctx, b.ids)
	if err != nil {
		return r.broken(p, err)
	}
	defer rows.Close()
	if !reflect.DeepEqual(rows.Schema(), p.Of) {
		return fault.New(fault.Data, "source.changed", "the rows of part %s have other fields than when the load was planned", p.Name).
			Hint("start again: a new run plans anew")
	}
	for {
		page, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return r.broken(p, err)
		}
		if enough, err := b.take(page); enough || err != nil {
			return err
		}
	}
}

// broken says beside what went wrong which values a part was asked for: of another
// kind than the query expects they are when the key is another column than it thinks.
func (r *Reader) broken(p *Part, err error) error {
	return fault.Wrap(err, "part %s, whose :ids are values of %s", p.Name, r.schema.Fields[r.key].Name)
}

// give takes a batch off what is left, as a page. Only behind the last record of
// the page below reading can begin again.
func (r *Reader) give(b *batch) *record.Page {
	page := &record.Page{Schema: r.schema, Records: b.assembled(r.schema)}
	for i := range page.Records {
		page.Bytes += int64(page.Records[i].Size)
	}
	if r.left.Records = r.left.Records[len(b.records):]; len(r.left.Records) == 0 {
		page.After = r.left.After
	}
	return page
}
