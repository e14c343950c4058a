package file

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/connector"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// description is what files hold, all of them read once for it: a document may
// have a field that no other has.
type description struct {
	schema  *record.Schema
	index   map[string]int
	objects []object
	key     []int
}

// Describe is the connector.RecordSource's.
func (e *Endpoint) Describe(ctx context.Context, q connector.Query) (*record.Schema, error) {
	d, err := e.describe(ctx, q)
	if err != nil {
		return nil, fault.Wrap(err, "look at %s of %s", q.Objects, e.name)
	}
	return d.schema, nil
}

// Key is the connector.RecordSource's: files have none.
func (*Endpoint) Key(context.Context, connector.Query) ([]string, error) { return nil, nil }

// Split is the connector.RecordSource's.
func (*Endpoint) Split(_ context.Context, q connector.Query, _ int) ([]connector.Query, error) {
	return []connector.Query{q}, nil
}

func (e *Endpoint) describe(ctx context.Context, q connector.Query) (*description, error) {
	objects, err := e.objects(q)
	if err != nil {
		return nil, err
	}
	d := &description{schema: &record.Schema{}, index: map[string]int{}, objects: objects}
	for _, o := range objects {
		if o.format != objects[0].format && (o.format == formatCSV || objects[0].format == formatCSV) {
			return nil, fault.New(fault.Config, "query.invalid", "%s is %s, %s is %s: they have no fields in common", objects[0].Name, objects[0].format, o.Name, o.format)
		}
		if err := e.look(ctx, d, o); err != nil {
			return nil, err
		}
	}
	for _, name := range q.Key {
		i := d.schema.Index(name)
		if i < 0 {
			return nil, fault.New(fault.Config, "query.invalid", "the key's field %q is none of the files", name)
		}
		d.key = append(d.key, i)
	}
	return d, nil
}

// look adds what one file holds: a header, or the fields of all documents.
func (e *Endpoint) look(ctx context.Context, d *description, o object) error {
	s, err := e.openStream(o, 0)
	if err != nil {
		return err
	}
	defer s.close()
	if o.format == formatCSV {
		return d.header(s, o)
	}
	fr, _ := cut(o, s, position{object: o})
	for n := 0; ; n++ {
		f, err := fr.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && n%1000 == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return unreadable(o, err)
		}
		if f.why != "" {
			continue
		}
		if doc, why := document(f.raw); why == "" {
			d.add(doc)
		}
	}
}

// header compares the first line of a file with those of the files before.
func (d *description) header(s *stream, o object) error {
	names, err := headerOf(s, o)
	if err != nil || names == nil {
		return err
	}
	if len(d.schema.Fields) == 0 {
		for i, name := range names {
			if _, twice := d.index[name]; twice {
				return fault.New(fault.Config, "query.invalid", "two columns of %s have the name %q", o.Name, name)
			}
			d.index[name] = i
			d.schema.Fields = append(d.schema.Fields, record.Field{Name: name, Type: catalog.Type{Kind: catalog.KindText}})
		}
		return nil
	}
	if !slices.EqualFunc(names, d.schema.Fields, func(n string, f record.Field) bool { return n == f.Name }) {
		return fault.New(fault.Config, "query.invalid", "the header of %s is not that of the files before", o.Name)
	}
	return nil
}

// headerOf reads the first record; nil for a file without any.
func headerOf(s *stream, o object) ([]string, error) {
	f, err := (&lines{in: s, at: s.begin, line: 1, quotes: true}).next()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(o, err)
	}
	names, why := fieldsOf(f.raw)
	if why = cmp.Or(f.why, why); why != "" {
		return nil, fault.New(fault.Config, "query.invalid", "the header of %s: %s", o.Name, why)
	}
	return names, nil
}

// add notes the fields of a document, and the one kind that all values of a
// field have; where there are several, none.
func (d *description) add(doc record.Object) {
	names := make([]string, 0, len(doc))
	for name := range doc {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		kind, known := kindOf(doc[name])
		i, ok := d.index[name]
		if !ok {
			i = len(d.schema.Fields)
			d.index[name] = i
			d.schema.Fields = append(d.schema.Fields, record.Field{Name: name, Type: catalog.Type{Kind: catalog.KindOther, Native: unseen}, Null: true})
		}
		t := &d.schema.Fields[i].Type
		switch {
		case !known || t.Kind == kind:
		case t.Native == unseen:
			*t = catalog.Type{Kind: kind}
			if kind == catalog.KindInt {
				t.Length = 8
			}
		case t.Kind == catalog.KindInt && kind == catalog.KindDecimal, t.Kind == catalog.KindDecimal && kind == catalog.KindInt:
			*t = catalog.Type{Kind: catalog.KindDecimal}
		default:
			*t = catalog.Type{}
		}
	}
}

// unseen is the type of a field that was null so far.
const unseen = "null"

func kindOf(v any) (kind catalog.Kind, known bool) {
	switch v.(type) {
	case nil:
		return "", false
	case bool:
		return catalog.KindBool, true
	case int64:
		return catalog.KindInt, true
	case record.Decimal:
		return catalog.KindDecimal, true
	case string:
		return catalog.KindText, true
	}
	return catalog.KindJSON, true
}

// unreadable is the fault of a content that breaks off or cannot be unpacked.
func unreadable(o object, err error) error {
	if fault.CodeOf(err) != "internal" {
		return fault.Wrap(err, "%s", o.Name)
	}
	return fault.New(fault.Data, "data.corrupt", "%s: %w", o.Name, err)
}
