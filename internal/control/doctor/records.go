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
	r, err := fields(ctx, open, n)
	if err == nil {
		r.Lookups, err = Lookups(ctx, open, n.Records.Lookups)
	}
	return r, err
}

// fields is Records without the tables of values.
func fields(ctx context.Context, open connector.Opener, n unit.Needs) (*catalog.Records, error) {
	target, err := connector.Capable[connector.RecordTarget](ctx, open, n.To, "take records")
	if err != nil {
		return nil, err
	}
	r := &catalog.Records{Rows: -1, Proves: n.Records.Proves}
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
	if q.Request != "" {
		if _, err := connector.Capable[connector.Requests](ctx, open, n.From, "be asked by requests"); err != nil {
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
	if facts.Records, err = fields(ctx, x.open, n); err != nil && n.Unsure && fault.KindOf(err) == fault.Config {
		x.found.Findings = append(x.found.Findings, Finding{n.From, connector.Finding{Severity: connector.Warns, Code: fault.CodeOf(err),
			Text: err.Error() + "; a step before it may make that"}})
	} else if err != nil {
		x.refused(n.From, err)
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
