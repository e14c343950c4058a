package doctor

import (
	"context"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Records looks at what a step that reads records is planned from: the fields
// of its query, the tables it writes. Nothing is read of the records
// themselves.
func Records(ctx context.Context, open connector.Opener, n unit.Needs) (*catalog.Records, error) {
	target, err := connector.Capable[connector.RecordTarget](ctx, open, n.To, "take records")
	if err != nil {
		return nil, err
	}
	r := &catalog.Records{Rows: -1}
	if r.Tables, err = target.Tables(ctx, n.Records.Tables); err != nil {
		return nil, fault.Wrap(err, "look at the tables of %s", n.To)
	}
	if n.Records.Schema != nil {
		r.Schema, r.Ranges = n.Records.Schema, []catalog.Query{{}}
		return r, nil
	}
	source, err := connector.Capable[connector.RecordSource](ctx, open, n.From, "be read record by record")
	if err != nil {
		return nil, err
	}
	q := n.Records.Query
	if q.Objects != "" {
		if _, err := connector.Capable[connector.Objects](ctx, open, n.From, "be read file by file"); err != nil {
			return nil, err
		}
	}
	if r.Schema, err = source.Describe(ctx, q); err != nil {
		return nil, fault.Wrap(err, "look at the records of %s", n.From)
	}
	if r.Schema, err = assembled(ctx, open, r.Schema, n.Records.Parts); err != nil {
		return nil, err
	}
	if len(q.Key) == 0 {
		if q.Key, err = source.Key(ctx, q); err != nil {
			return nil, fault.Wrap(err, "look at the records of %s", n.From)
		}
	}
	r.Key = q.Key
	r.Ranges, err = source.Split(ctx, q, n.Records.Ranges)
	return r, fault.Wrap(err, "divide the records of %s", n.From)
}

// records adds the facts of a need for records; what is in the way is a
// finding.
func (x *examination) records(ctx context.Context, n unit.Needs, facts *catalog.Facts) bool {
	var err error
	if facts.Records, err = Records(ctx, x.open, n); err != nil {
		x.refused(n.From, err)
	}
	return err == nil
}
