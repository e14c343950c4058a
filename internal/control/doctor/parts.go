package doctor

import (
	"context"
	"maps"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// assembled adds the parts of records to their schema: one field for each, of
// what its query gives.
func assembled(ctx context.Context, open connector.Opener, s *catalog.Schema, parts []unit.Part) (*catalog.Schema, error) {
	all := &catalog.Schema{Fields: append([]catalog.Field(nil), s.Fields...)}
	for _, p := range parts {
		if all.Index(p.Name) >= 0 {
			return nil, fault.New(fault.Config, "load.parts", "the records have a field %q already: the part needs another name", p.Name)
		}
		of, err := describe(ctx, open, p)
		if err != nil {
			return nil, fault.Wrap(err, "look at part %s of %s", p.Name, p.From)
		}
		if of.Index(p.By) < 0 {
			return nil, fault.New(fault.Config, "load.parts", "the rows of part %s have no column %q, which by names", p.Name, p.By)
		}
		t := catalog.Type{Kind: catalog.KindJSON}
		if !p.One {
			t = catalog.Type{Kind: catalog.KindList, Of: &catalog.Type{Kind: catalog.KindJSON}}
		}
		all.Fields = append(all.Fields, catalog.Field{Name: p.Name, Type: t, Null: p.One, Of: of})
	}
	return all, nil
}

func describe(ctx context.Context, open connector.Opener, p unit.Part) (*catalog.Schema, error) {
	source, err := connector.Capable[connector.RecordSource](ctx, open, p.From, "be read record by record")
	if err != nil {
		return nil, err
	}
	if spare, ok := source.(connector.Spare); ok { // so that one too few is known before a run
		if err := spare.SetAside(ctx); err != nil {
			return nil, err
		}
	}
	args := map[string]any{unit.IDs: []any{nil}}
	maps.Copy(args, p.Query.Args)
	p.Query.Args = args
	// A list in place of one value is refused only when values are bound.
	r, err := source.ReadRecords(ctx, p.Query, "")
	if err == nil {
		s := r.Schema()
		return s, r.Close()
	}
	if f := fault.Of(err); err != nil && f.Code == "query.invalid" {
		f.Next = append(f.Next, "PostgreSQL: where "+p.By+" = any(:ids)   others: where "+p.By+" in (:ids)")
		return nil, &fault.Error{Fault: f}
	}
	return nil, err
}
