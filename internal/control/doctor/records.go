package doctor

import (
	"context"
	"fmt"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Records looks at what a step that reads records is planned from: the fields
// of its query, the tables it writes, and the tables of values, which are read.
// Nothing is read of the records themselves.
func Records(ctx context.Context, open connector.Opener, n unit.Needs) (*catalog.Records, error) {
	r, err := written(ctx, open, n)
	if err == nil {
		err = fields(ctx, open, n, r)
	}
	if err == nil {
		r.Lookups, err = Lookups(ctx, open, n.Records.Lookups)
	}
	return r, err
}

// written are the tables that records go to.
func written(ctx context.Context, open connector.Opener, n unit.Needs) (*catalog.Records, error) {
	if n.Records.Calls {
		_, err := connector.Capable[connector.Caller](ctx, open, n.To, "take calls")
		return &catalog.Records{Rows: -1}, err
	}
	target, err := connector.Capable[connector.RecordTarget](ctx, open, n.To, "take records")
	if err != nil {
		return nil, err
	}
	r := &catalog.Records{Rows: -1, Proves: n.Records.Proves}
	r.Tables, err = target.Tables(ctx, n.Records.Tables)
	return r, err
}

// fields adds what is read.
func fields(ctx context.Context, open connector.Opener, n unit.Needs, r *catalog.Records) error {
	if n.Records.Schema != nil {
		r.Schema, r.Ranges = n.Records.Schema, []catalog.Query{{}}
		return nil
	}
	source, err := connector.Capable[connector.RecordSource](ctx, open, n.From, "be read record by record")
	if err != nil {
		return err
	}
	q := n.Records.Query
	if q.Objects != "" {
		if _, err := connector.Capable[connector.Objects](ctx, open, n.From, "be read file by file"); err != nil {
			return err
		}
	}
	if q.Request != "" {
		if _, err := connector.Capable[connector.Requests](ctx, open, n.From, "be asked by requests"); err != nil {
			return err
		}
	}
	if r.Schema, err = source.Describe(ctx, q); err != nil {
		return err
	}
	if r.Schema, err = assembled(ctx, open, r.Schema, n.Records.Parts); err != nil {
		return err
	}
	if len(q.Key) == 0 {
		if q.Key, err = source.Key(ctx, q); err != nil {
			return err
		}
	}
	r.Key = q.Key
	r.Ranges, err = source.Split(ctx, q, n.Records.Ranges)
	return fault.Wrap(err, "divide the records of %s", n.From)
}

// records adds the facts of a need for records; what is in the way is a
// finding.
func (x *examination) records(ctx context.Context, n unit.Needs, facts *catalog.Facts) bool {
	var err error
	side := n.To
	if facts.Records, err = written(ctx, x.open, n); err == nil {
		side, err = n.From, fields(ctx, x.open, n, facts.Records)
	}
	if err != nil {
		facts.Records = nil
		if !n.Unsure || fault.KindOf(err) != fault.Config {
			x.refusedAt(n.Place, side, err)
			return false
		}
		x.found.Findings = append(x.found.Findings, Finding{side, connector.Finding{Severity: connector.Warns, Code: fault.CodeOf(err),
			Text: err.Error() + "; a step before it may make that"}})
		return false
	}
	facts.Records.Lookups = map[string]catalog.Lookup{}
	for _, l := range n.Records.Lookups {
		read, err := Lookups(ctx, x.open, []unit.Lookup{l})
		if err != nil {
			x.refused(l.At, err)
			facts.Records.Lookups = nil
			return false
		}
		facts.Records.Lookups[l.Name] = read[l.Name]
		x.found.Findings = append(x.found.Findings, Finding{l.At, connector.Finding{
			Severity: connector.Passes, Code: "lookup.read", Object: l.Name, Text: fmt.Sprintf("lookup %s has %d entries", l.Name, len(read[l.Name].Pairs)),
		}})
	}
	return true
}
