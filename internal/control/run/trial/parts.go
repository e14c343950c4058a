package trial

import (
	"context"
	"io"
	"maps"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/assembly"
)

// whole is a record with its parts, as a load puts it together.
func (t Tried) whole(ctx context.Context, open connector.Opener, r *record.Record) (*record.Record, error) {
	if len(t.Parts) == 0 {
		return r, nil
	}
	if len(t.Facts.Key) != 1 {
		return nil, fault.New(fault.Config, "load.parts", "parts belong to records by a key of one column, this one has %d", len(t.Facts.Key)).
			Hint("make one column of them in the query, and in those of the parts")
	}
	all := t.Facts.Schema
	alone := &single{schema: &record.Schema{Fields: all.Fields[:len(all.Fields)-len(t.Parts)]}, record: r}
	var parts []assembly.Part
	for _, p := range t.Parts {
		parts = append(parts, assembly.Part{Name: p.Name, By: p.By, One: p.One, Of: all.Fields[all.Index(p.Name)].Of, Read: t.asked(open, p)})
	}
	page, err := assembly.New(alone, all, t.Facts.Key[0], parts).Next(ctx)
	if err != nil {
		return nil, err
	}
	return &page.Records[0], nil
}

// asked reads the rows of a part.
func (t Tried) asked(open connector.Opener, p unit.Part) func(context.Context, []any) (connector.RecordReader, error) {
	return func(ctx context.Context, ids []any) (connector.RecordReader, error) {
		source, err := connector.Capable[connector.RecordSource](ctx, open, p.From, "be read record by record")
		if err != nil {
			return nil, err
		}
		q := p.Query
		q.Args = map[string]any{unit.IDs: ids}
		maps.Copy(q.Args, p.Query.Args)
		return source.ReadRecords(connector.WithAside(ctx), q, "")
	}
}

// single reads one record that was read before.
type single struct {
	connector.RecordReader // none
	schema                 *record.Schema
	record                 *record.Record
}

func (s *single) Schema() *record.Schema { return s.schema }

func (s *single) Next(context.Context) (*record.Page, error) {
	if s.record == nil {
		return nil, io.EOF
	}
	page := &record.Page{Schema: s.schema, Records: []record.Record{*s.record}}
	s.record = nil
	return page, nil
}
