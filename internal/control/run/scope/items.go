package scope

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Items is the unit that reads the items of a for_each: Rows are those of a
// file, else its query is asked.
type Items struct {
	Rows []json.RawMessage `json:"rows,omitempty"`
}

// What items may be at most: they stand in the journal.
const (
	mostItems     = 100_000
	mostItemBytes = 64 << 20
)

// Lister is the executor of such units: each reads its items once, and they are
// stored.
type Lister struct {
	Open connector.Opener
	Each func(unit.Unit) (*flow.Each, error)
}

func (l *Lister) Do(ctx context.Context, u unit.Unit, _ unit.Lease, report unit.Report) (unit.Result, error) {
	var s Items
	if err := json.Unmarshal(u.Spec, &s); err != nil {
		return unit.Result{}, fault.New(fault.Internal, "unit.spec", "%s: read spec: %w", u.ID, err)
	}
	if s.Rows != nil {
		return unit.Result{Facts: unit.Body(s.Rows)}, nil
	}
	e, err := l.Each(u)
	if err != nil {
		return unit.Result{}, err
	}
	report.Progress(unit.Progress{Unit: u.ID, Total: 1, Doing: "items"})
	items, err := read(ctx, l.Open, e)
	if err != nil {
		return unit.Result{}, fault.Wrap(err, "read the items of %s", u.Step)
	}
	return unit.Result{Facts: unit.Body(items)}, nil
}

// Done: looking leaves nothing behind.
func (*Lister) Done(context.Context, unit.Unit, unit.Lease) (unit.Effect, error) {
	return unit.Effect{}, nil
}

// read asks the query now, not at the run's snapshot: steps before may have
// written what it reads.
func read(ctx context.Context, open connector.Opener, e *flow.Each) ([]json.RawMessage, error) {
	source, err := connector.Capable[connector.RecordSource](ctx, open, e.At, "be read record by record")
	if err != nil {
		return nil, err
	}
	args, err := unit.Frozen(e.Args)
	if err != nil {
		return nil, err
	}
	reader, err := source.ReadRecords(ctx, catalog.Query{SQL: e.Query, Args: args}, "")
	if err != nil {
		return nil, fault.Wrap(err, "ask %s", e.At)
	}
	defer reader.Close()
	items, size := []json.RawMessage{}, 0
	for {
		page, err := reader.Next(ctx)
		if errors.Is(err, io.EOF) {
			return items, nil
		}
		if err != nil {
			return nil, fault.Wrap(err, "ask %s", e.At)
		}
		for _, r := range page.Records {
			item, err := itemOf(page.Schema, r)
			if err != nil {
				return nil, err
			}
			if size += len(item); len(items) == mostItems || size > mostItemBytes {
				return nil, fault.New(fault.Data, "each.too-many", "there are more than %d items, or %d MiB of them", mostItems, mostItemBytes>>20).
					Hint("rows of this number are moved by one load; items are for what is done for each table, project or file")
			}
			items = append(items, item)
		}
	}
}

func itemOf(schema *record.Schema, r record.Record) (json.RawMessage, error) {
	item := make(record.Object, len(r.Slots))
	for i, v := range r.Slots {
		if v != record.Missing {
			item[schema.Fields[i].Name] = v
		}
	}
	text, err := record.EncodeJSON(item)
	if err != nil {
		return nil, fault.New(fault.Data, "data.syntax", "a row cannot be an item: %w", err).Hint("cast the column to text in the query")
	}
	return text, nil
}
