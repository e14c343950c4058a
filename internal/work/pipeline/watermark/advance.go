package watermark

import (
	"context"
	"encoding/json"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/unit/calls"
)

// Spec is a unit of kind watermark: when all of a step is loaded it notes
// how far the step has read.
type Spec struct {
	catalog.Since
	Type    catalog.Type `json:"type"`
	Overlap Overlap      `json:"overlap"`
	Read    []string     `json:"read"` // units whose chunks count
	// Begin is the mark that this read began behind, nil when it reads everything; Why says where from.
	Begin json.RawMessage   `json:"begin,omitempty"`
	Why   string            `json:"why"`
	Of    catalog.Watermark `json:"of"`
}

// Unit comes when the marks are away: from then on nothing is read again. Of records
// that are given to calls it comes when they are delivered: until then a cancel would
// lose what is spooled.
func (s *Spec) Unit(step, entity string, before []unit.Unit) unit.Unit {
	after := []string{"unmarked"}
	for _, u := range before {
		switch u.Kind {
		case calls.KindProduce:
			after = []string{calls.Delivered, "released"}
			fallthrough
		case "load":
			s.Read = append(s.Read, u.ID)
		}
	}
	return unit.Unit{
		ID: unit.ID(step, "watermark", entity, 1), Step: step, Kind: "watermark", Class: "other", Weight: 1,
		After: after, Spec: unit.Body(s),
	}
}

// Book is the ledger's side, see pipeline.Book.
type Book interface {
	Chunks(ctx context.Context, id string) ([]record.Chunk, error)
	Advance(ctx context.Context, id string, fence int64, w catalog.Watermark) error
}

// Executor does units of kind watermark. Done twice it notes the same.
func Executor(book Book) unit.Executor { return &advancer{book} }

type advancer struct{ book Book }

// Done finds nothing out: to note it again costs nothing.
func (*advancer) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// Do notes how far the step has read, by what its chunks say.
func (x *advancer) Do(ctx context.Context, u unit.Unit, l unit.Lease, report unit.Report) (unit.Result, error) {
	var s Spec
	if err := json.Unmarshal(u.Spec, &s); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	var begin any
	var err error
	if s.Begin != nil {
		if begin, err = record.DecodeValue(s.Begin); err != nil {
			return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
		}
	}
	var seen [][]byte
	for _, id := range s.Read {
		chunks, err := x.book.Chunks(ctx, id)
		if err != nil {
			return unit.Result{}, fault.Wrap(err, "look up chunks")
		}
		for _, c := range chunks {
			seen = append(seen, c.Seen)
		}
	}
	next, err := Over(begin, seen)
	if err != nil {
		return unit.Result{}, err
	}
	moved := unit.Moved{Column: s.Column, Read: s.Why, Next: "everything"}
	if next != nil {
		if s.Of.High, err = record.EncodeValue(next); err != nil {
			return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: %w", u.ID, err)
		}
		from, err := s.Overlap.Back(next, s.Type)
		if err != nil {
			return unit.Result{}, err
		}
		if err := x.book.Advance(ctx, u.ID, l.Fence, s.Of); err != nil {
			return unit.Result{}, fault.Wrap(err, "note the watermark")
		}
		moved.Next, moved.High = s.Column+" from "+Show(from, s.Type), Show(next, s.Type)
	}
	report.At("watermark.noted")
	report.Note(unit.WatermarkMoved, moved)
	return unit.Result{Facts: unit.Body(moved)}, nil
}
