package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// A page's size.
const (
	pageRecords = 1000
	pageBytes   = 4 << 20
)

// position is a place behind a record.
type position struct {
	object
	place
	Number int64 `json:"number"` // of the record before
}

// ReadRecords is the connector.RecordSource's. A file that is not as it was
// when reading began is a fault.
func (e *Endpoint) ReadRecords(ctx context.Context, q connector.Query, _ string) (connector.RecordReader, error) {
	d, err := e.describe(ctx, q)
	if err != nil {
		return nil, fault.Wrap(err, "read %s of %s", q.Objects, e.name)
	}
	r := &reader{e: e, d: d, what: q.Objects + " of " + e.name}
	if q.After != nil {
		if err := r.goTo(q.After); err != nil {
			return nil, fault.Wrap(err, "read %s", r.what)
		}
	}
	return r, nil
}

type reader struct {
	e      *Endpoint
	d      *description
	what   string
	next   int // index of the next file
	at     position
	in     *stream
	frames framer
	seen   witness
	told   int64 // by the witnesses of the files before
	room   []any
	closed bool
}

// goTo begins behind a record.
func (r *reader) goTo(place []byte) error {
	var p position
	if err := json.Unmarshal(place, &p); err != nil {
		return fault.New(fault.Internal, "query.position", "a place of %d bytes is none in a file", len(place))
	}
	i := slices.IndexFunc(r.d.objects, func(o object) bool { return o.Name == p.Name })
	if i < 0 || r.d.objects[i].Size != p.Size || r.d.objects[i].Time != p.Time {
		return changed(p.object)
	}
	r.next = i + 1
	p.object = r.d.objects[i]
	return r.open(p)
}

// cut makes the framer of a file from a place on, and its witness.
func cut(o object, s *stream, p position) (framer, witness) {
	at := max(p.At, s.begin)
	if o.format == formatJSON {
		w := newBegins(at, p.Number == 0, p.Inside)
		return newArray(io.TeeReader(s, w), at, p.Number == 0, p.Inside), w
	}
	quotes := o.format == formatCSV
	return &lines{in: s, at: at, line: max(1, p.Line), quotes: quotes}, &ends{quotes: quotes}
}

func (r *reader) open(p position) error {
	s, err := r.e.openStream(p.object, p.At)
	if err != nil {
		return err
	}
	r.in, r.at = s, p
	r.frames, r.seen = cut(p.object, s, p)
	if p.format == formatCSV && p.At == 0 {
		if _, err := r.frames.next(); err != nil && !errors.Is(err, io.EOF) { // the header: Describe has read it
			return unreadable(p.object, err)
		}
	}
	return nil
}

// Schema is the connector.RecordReader's.
func (r *reader) Schema() *record.Schema { return r.d.schema }

// Count is the connector.RecordReader's, by the files' witnesses.
func (r *reader) Count() int64 {
	if r.frames == nil {
		return r.told
	}
	return r.told + r.seen.count(r.at.At)
}

// Close is the connector.RecordReader's.
func (r *reader) Close() error {
	r.closed = true
	if r.in != nil {
		r.in.close()
		r.in = nil
	}
	return nil
}

// Next is the connector.RecordReader's.
func (r *reader) Next(ctx context.Context) (*record.Page, error) {
	if r.closed {
		return nil, fault.New(fault.Internal, "session.broken", "the reader of %s had an error before, or is closed", r.what)
	}
	p, err := r.page(ctx)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(fault.Wrap(err, "read %s", r.what), r.Close())
	}
	return p, err
}

func (r *reader) page(ctx context.Context) (*record.Page, error) {
	page := &record.Page{Schema: r.d.schema}
	for len(page.Records) < pageRecords && page.Bytes < pageBytes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if r.frames == nil {
			if r.next == len(r.d.objects) {
				break
			}
			r.next++
			if err := r.open(position{object: r.d.objects[r.next-1]}); err != nil {
				return nil, err
			}
		}
		f, err := r.frames.next()
		if errors.Is(err, io.EOF) {
			if err := r.over(); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, unreadable(r.at.object, err)
		}
		rec, err := r.record(f)
		if err != nil {
			return nil, err
		}
		page.Records = append(page.Records, rec)
		page.Bytes += int64(rec.Size)
	}
	if len(page.Records) == 0 {
		return nil, io.EOF
	}
	after, err := json.Marshal(r.at)
	page.After = after
	return page, err
}

// over proves that all bytes of a file were given, and goes to the next one.
func (r *reader) over() error {
	at := r.frames.place().At
	whole := r.in.given
	if !r.in.packed {
		whole = r.at.Size
	}
	r.told += r.seen.count(at)
	r.frames = nil
	if array := r.at.format == formatJSON; !array && at != whole || r.in.given != whole {
		return fault.New(fault.Internal, "account.open", "%s has %d bytes, records were made of %d", r.at.Name, whole, at)
	}
	r.in.close()
	r.in = nil
	return nil
}

func (r *reader) record(f frame) (record.Record, error) {
	r.at.Number++
	r.at.place = r.frames.place()
	rec := record.Record{Op: record.Create, Size: len(f.raw)}
	slots, why, unknown := r.d.parse(r.at.format, f)
	if unknown != "" {
		return rec, changed(r.at.object)
	}
	r.seen.gave(f, why != "")
	if rec.Slots = slots; why != "" {
		where := fmt.Sprintf("%s, record %d, byte %d", r.at.Name, r.at.Number, f.at)
		if f.line > 0 {
			where = fmt.Sprintf("%s, line %d, byte %d", r.at.Name, f.line, f.at)
		}
		rec.Broken = &record.Broken{Raw: f.raw, Issue: record.Issue{
			Rule: record.Malformed, Severity: record.SeverityError, Text: why, Value: where + ": " + record.Show(string(f.raw), false),
			Hint: "mend the file and load it again: the text is kept with the exception",
		}}
		rec.Slots = make([]any, len(r.d.schema.Fields))
		for i := range rec.Slots {
			rec.Slots[i] = record.Missing
		}
	}
	if rec.Broken != nil || len(r.d.key) == 0 {
		rec.Key = record.KeyText(r.at.Name, r.at.Number)
		return rec, nil
	}
	r.room = r.room[:0]
	for _, i := range r.d.key {
		r.room = append(r.room, slots[i])
	}
	rec.Key = record.KeyText(r.room...)
	return rec, nil
}
