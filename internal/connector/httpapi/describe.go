package httpapi

import (
	"context"
	"slices"

	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// Describe is the connector.RecordSource's. The first page is asked for: an API
// does not say which fields its objects have. A query that names its fields has
// these.
func (e *Endpoint) Describe(ctx context.Context, q connector.Query) (*record.Schema, error) {
	r, err := e.open(ctx, q)
	if err != nil {
		return nil, err
	}
	return r.schema, nil
}

// Key is the connector.RecordSource's: an API does not tell.
func (*Endpoint) Key(context.Context, connector.Query) ([]string, error) { return nil, nil }

// Split is the connector.RecordSource's.
func (*Endpoint) Split(_ context.Context, q connector.Query, _ int) ([]connector.Query, error) {
	return []connector.Query{q}, nil
}

// fieldsOf are the names of all fields of objects. What is no object has none.
func fieldsOf(l list) []string {
	var names []string
	known := map[string]bool{}
	for _, raw := range l.items {
		doc, why := object(raw)
		if why != "" {
			continue
		}
		own := make([]string, 0, len(doc))
		for name := range doc {
			if !known[name] {
				own = append(own, name)
				known[name] = true
			}
		}
		slices.Sort(own)
		names = append(names, own...)
	}
	return names
}

// object reads one.
func object(raw []byte) (doc record.Object, why string) {
	v, err := record.DecodeJSON(raw)
	if err != nil {
		return nil, err.Error()
	}
	doc, ok := v.(record.Object)
	if !ok {
		return nil, "it is no object but another value"
	}
	return doc, ""
}

// fields makes the schema. The kinds of values are known of none: what a field
// holds in the first objects it need not hold in the others.
func (r *reader) fields(names []string, key []string) error {
	if len(names) == 0 {
		return fault.New(fault.Config, "query.invalid", "the list is empty, so the fields of its objects are not known").
			Hint("name them: from: {fields: [NAME, ...]}")
	}
	r.schema, r.index = &record.Schema{}, map[string]int{}
	for i, name := range names {
		if _, twice := r.index[name]; twice {
			return fault.New(fault.Config, "query.invalid", "fields names %q twice", name)
		}
		r.index[name] = i
		r.schema.Fields = append(r.schema.Fields, record.Field{Name: name, Null: true})
	}
	for _, name := range key {
		i, ok := r.index[name]
		if !ok {
			return fault.New(fault.Config, "query.invalid", "the key's field %q is none of the objects'", name).
				Hint("see key; fields names those that the first page does not have")
		}
		r.key = append(r.key, i)
	}
	return nil
}
