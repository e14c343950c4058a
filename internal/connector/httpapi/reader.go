package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// A page's size.
const (
	pageRecords = 1000
	pageBytes   = 4 << 20
)

// ReadRecords is the connector.RecordSource's. Lists have the order that the
// system gives them, and no point in time: see compare for what is done about
// it.
func (e *Endpoint) ReadRecords(ctx context.Context, q connector.Query, _ string) (connector.RecordReader, error) {
	r, err := e.open(ctx, q)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// open begins with the first page, which says what the fields are, or at a
// place, which knows it: pages that were given out are not asked for again.
func (e *Endpoint) open(ctx context.Context, q connector.Query) (*reader, error) {
	r := &reader{e: e, closedFields: len(q.Fields) > 0, next: e.begin()}
	var err error
	if r.target, err = e.parse(q); err != nil {
		return nil, err
	}
	names := q.Fields
	if q.After != nil {
		if err := json.Unmarshal(q.After, &r.next); err != nil {
			return nil, fault.New(fault.Internal, "query.position", "a place of %d bytes is none in a list", len(q.After))
		}
		names = r.next.Fields
	} else {
		if err := r.advance(ctx); err != nil {
			return nil, err
		}
		if len(names) == 0 {
			names = fieldsOf(r.list)
		}
	}
	if err := r.fields(names, q.Key); err != nil {
		return nil, fault.Wrap(err, "GET %s", r.target.path)
	}
	r.next.Fields = names
	return r, nil
}

type reader struct {
	e            *Endpoint
	target       target
	schema       *record.Schema
	index        map[string]int
	key          []int
	closedFields bool // those that were asked for and no others

	list   list // the answer that is being given out
	given  int  // of its objects
	told   int64
	before int64 // objects before it, in all
	next   place
	closed bool
}

// Schema is the connector.RecordReader's.
func (r *reader) Schema() *record.Schema { return r.schema }

// Count is the connector.RecordReader's, by the bytes of the answers.
func (r *reader) Count() int64 {
	if r.given == 0 {
		return r.told
	}
	end := r.list.ends[r.given-1]
	n, _ := slices.BinarySearch(r.list.begins, end)
	return r.told + int64(n)
}

// Close is the connector.RecordReader's.
func (r *reader) Close() error {
	r.closed = true
	return nil
}

// Over reports whether nothing more comes.
func (r *reader) Over() bool { return r.given == len(r.list.items) && r.next.Over }

// Next is the connector.RecordReader's. A page is of one answer: the next one
// may be long in coming.
func (r *reader) Next(ctx context.Context) (*record.Page, error) {
	if r.closed {
		return nil, fault.New(fault.Internal, "session.broken", "the reader of %s had an error before, or is closed", r.target.path)
	}
	p, err := r.page(ctx)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(fault.Wrap(err, "read %s", r.e.name), r.Close())
	}
	return p, err
}

func (r *reader) page(ctx context.Context) (*record.Page, error) {
	for r.given == len(r.list.items) {
		if r.next.Over {
			return nil, io.EOF
		}
		if err := r.advance(ctx); err != nil {
			return nil, err
		}
	}
	page := &record.Page{Schema: r.schema}
	for r.given < len(r.list.items) && len(page.Records) < pageRecords && page.Bytes < pageBytes {
		raw := r.list.items[r.given]
		r.given++
		page.Records = append(page.Records, r.record(raw))
		page.Bytes += int64(len(raw))
	}
	if r.given < len(r.list.items) {
		return page, nil
	}
	after, err := json.Marshal(r.next)
	page.After = after
	return page, err
}

// advance asks for the next answer.
func (r *reader) advance(ctx context.Context) error {
	told, before := r.Count(), r.next.given()
	l, next, err := r.e.windowed(ctx, r.target, r.next)
	if err != nil {
		return err
	}
	r.told, r.before, r.list, r.given, r.next = told, before, l, 0, next
	return nil
}

// record makes one of the object that was just taken.
func (r *reader) record(raw []byte) record.Record {
	rec := record.Record{Op: record.Create, Size: len(raw), Slots: make([]any, len(r.schema.Fields))}
	for i := range rec.Slots {
		rec.Slots[i] = record.Missing
	}
	number := r.before + int64(r.given)
	doc, why := object(raw)
	rule, field, hint := "malformed", "", "mend it at the source and load it again: the text is kept with the exception"
	var strange []string
	for name, v := range doc {
		if i, ok := r.index[name]; ok {
			rec.Slots[i] = v
		} else if !r.closedFields {
			strange = append(strange, name)
		}
	}
	if len(strange) > 0 {
		slices.Sort(strange)
		rule, field, why = "unknown-field", strange[0], "it has fields that no object of the first page has: "+strings.Join(strange, ", ")
		hint = "name all fields that are wanted: from: {fields: [...]}"
	}
	if why != "" {
		rec.Broken = &record.Broken{Raw: raw, Issue: record.Issue{
			Rule: rule, Field: field, Severity: record.SeverityError, Text: why, Hint: hint,
			Value: fmt.Sprintf("%s, object %d: %s", r.target.path, number, record.Show(string(raw), false)),
		}}
	}
	if rec.Broken != nil && doc == nil || len(r.key) == 0 {
		rec.Key = record.KeyText(r.target.path, number)
		return rec
	}
	values := make([]any, len(r.key))
	for n, i := range r.key {
		values[n] = rec.Slots[i]
	}
	rec.Key = record.KeyText(values...)
	return rec
}
