// Package trial finds one record in the sources of a flow and tells what becomes of
// it: nothing is changed. Start at Explain.
package trial

import (
	"context"
	"errors"
	"io"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/control/flow"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Tried is a step whose map can be tried, with what both sides hold.
type Tried struct {
	Step  flow.Step
	Trial *unit.Trial
	Facts *catalog.Records
	Query catalog.Query
	Parts []unit.Part
	From  string
}

// Explained is how one step makes what it makes of a record.
type Explained struct {
	Step string `json:"step"`
	unit.Explained
}

// Lineage is what one step's records are made of.
type Lineage struct {
	Step string `json:"step"`
	unit.Lineage
}

// Explain finds the record of a key in the sources of the steps that each gives,
// of one of them if it is named, and tells what becomes of it in each. It reads at most
// limit records of each source, in the order of their keys.
func Explain(ctx context.Context, each func(do func(Tried, connector.Opener) error) error, step, key string, limit int64) ([]Explained, error) {
	var list []Explained
	var read int64
	whole := true
	err := each(func(t Tried, open connector.Opener) error {
		if step != "" && t.Step.ID != step {
			return nil
		}
		found, n, err := t.find(ctx, open, key, limit)
		if err != nil {
			return fault.Wrap(err, "step %s", t.Step.ID)
		}
		if read += n; found == nil {
			whole = whole && n < limit
			return nil
		}
		if found, err = t.whole(ctx, open, found); err != nil {
			return fault.Wrap(err, "step %s", t.Step.ID)
		}
		told, err := t.Trial.Explain(t.Step.Spec, *found, t.Facts)
		list = append(list, Explained{t.Step.ID, told})
		return fault.Wrap(err, "step %s", t.Step.ID)
	})
	if err != nil || len(list) > 0 {
		return list, err
	}
	e := fault.New(fault.Config, "record.none", "none of the %d records that were read has the key %q", read, key)
	if !whole {
		return nil, e.Hint("the sources hold more: --limit %d reads more of them", limit*10)
	}
	return nil, e.Hint("keys are written as godwit dead list shows them; of several columns as A/B")
}

// find reads a source until it comes to the record of a key.
func (t Tried) find(ctx context.Context, open connector.Opener, key string, limit int64) (*record.Record, int64, error) {
	if len(t.Facts.Key) == 0 {
		return nil, 0, fault.New(fault.Config, "record.no-key", "the records have no key: none of them can be named").Hint("key: PATH in the load or its process says which field it is")
	}
	source, err := connector.Capable[connector.RecordSource](ctx, open, t.From, "be read record by record")
	if err != nil {
		return nil, 0, err
	}
	q := t.Query
	q.Key = t.Facts.Key
	reader, err := source.ReadRecords(ctx, q, "")
	if err != nil {
		return nil, 0, err
	}
	defer reader.Close()
	var n int64
	for n < limit {
		page, err := reader.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, n, err
		}
		for i := range page.Records {
			if page.Records[i].Key == key {
				return &page.Records[i], n, nil
			}
		}
		n += int64(len(page.Records))
	}
	return nil, n, nil
}
