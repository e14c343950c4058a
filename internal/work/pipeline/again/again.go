// Package again reads records that were not loaded as if they were a source's.
// Start at Read.
package again

import (
	"context"
	"io"
	"strconv"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/assembly"
)

// again reads exceptions of another run as if they were a source's records.
// What was read then is mapped by today's map.
type again struct {
	book  Book
	of    unit.Redrive
	after int64
	count int64
	own   bool // of this run, which has counted them as read
}

// Book is the ledger's side, see pipeline.Book.
type Book interface {
	Take(ctx context.Context, a unit.Redrive) (int64, error)
	Open(ctx context.Context, a unit.Redrive, after int64, limit int) ([]record.Exception, error)
}

// Read claims the exceptions and reads them from behind a chunk on. Own are those
// of the run itself, which has counted them as read.
func Read(ctx context.Context, book Book, of unit.Redrive, after []byte, own bool) (connector.RecordReader, error) {
	a := &again{book: book, of: of, own: own}
	if after != nil {
		var err error
		if a.after, err = strconv.ParseInt(string(after), 10, 64); err != nil {
			return nil, fault.New(fault.Internal, "chunk.order", "the place %q is not an exception's number", after)
		}
	}
	_, err := book.Take(ctx, of)
	return a, fault.Wrap(err, "take the exceptions of %s", of.Of)
}

const exceptionsInPage = 1000

// Next is the connector.RecordReader's.
func (a *again) Next(ctx context.Context) (*record.Page, error) {
	list, err := a.book.Open(ctx, a.of, a.after, exceptionsInPage)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, io.EOF
	}
	p := &record.Page{Schema: a.of.Schema, Records: make([]record.Record, 0, len(list))}
	for _, e := range list {
		r, err := a.record(e)
		if err != nil {
			return nil, fault.New(fault.Internal, "ledger.damaged", "exception %d: its record cannot be read: %w", e.ID, err)
		}
		p.Records = append(p.Records, r)
		p.Bytes += int64(len(e.Source))
		a.after = e.ID
	}
	if !a.own {
		a.count += int64(len(list))
	}
	p.After = strconv.AppendInt(nil, a.after, 10)
	return p, nil
}

func (a *again) record(e record.Exception) (record.Record, error) {
	r := record.Record{Op: record.Create, Key: e.Key, Size: len(e.Source), Exception: e.ID}
	var err error
	if e.Code == malformed || e.Code == "issue."+assembly.Rule {
		if r.Broken, err = broken(e); err != nil || r.Broken != nil {
			return r, err
		}
	}
	r.Slots, err = record.Decode(e.Source, a.of.Schema)
	return r, err
}

// malformed is the code of records that could not be read.
const malformed = "issue.malformed"

// Count is the ledger's own.
func (a *again) Count() int64 { return a.count }

// Schema is that of the records as they were read.
func (a *again) Schema() *record.Schema { return a.of.Schema }

// Close is the connector.RecordReader's.
func (a *again) Close() error { return nil }

// broken tells of an exception's source whether it is a text.
func broken(e record.Exception) (*record.Broken, error) {
	v, err := record.DecodeValue(e.Source)
	text, ok := v.(string)
	if err != nil || !ok || len(e.Issues) == 0 {
		return nil, err
	}
	return &record.Broken{Issue: e.Issues[0], Raw: []byte(text)}, nil
}
