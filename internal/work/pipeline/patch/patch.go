// Package patch puts single records right by hand: fields by their paths, or an
// RFC 6902 patch of the whole record. What a field holds has to fit the type
// that the source gave it. It changes copies only. Start at Record.
package patch

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/convert"
	"godwit/internal/expression/path"
	"godwit/internal/fault"
	"godwit/internal/nearest"
	"godwit/internal/record"
)

// Record is a record that is being put right. It is not safe for concurrent use.
type Record struct {
	schema  *catalog.Schema
	slots   []any
	text    *string // of a record that could not be read: all that is known of it
	changes []Change
}

// Change is one field that is another one now, as people may be told: type,
// length and a short hash of both values.
type Change struct{ Field, Before, After string }

// Read reads a record in its stored form. One that its source could not make
// sense of is a text; only a whole record takes its place.
func Read(source []byte, schema *catalog.Schema) (*Record, error) {
	if v, err := record.DecodeValue(source); err == nil {
		if text, is := v.(string); is {
			return &Record{schema: schema, text: &text}, nil
		}
	}
	slots, err := record.Decode(source, schema)
	if err != nil {
		return nil, fault.New(fault.Internal, "ledger.damaged", "the record cannot be read: %w", err)
	}
	return &Record{schema: schema, slots: slots}, nil
}

// Source is the record in its stored form.
func (r *Record) Source() ([]byte, error) {
	if r.text != nil {
		return record.EncodeValue(*r.text)
	}
	return record.Encode(r.schema, r.slots)
}

// Changes are the fields that differ from what was read, in the order in which
// they were changed.
func (r *Record) Changes() []Change { return r.changes }

// Set gives a field a value that is written as text. A field of the source takes
// it by its type; inside of a document it is JSON, and a text where it is not.
// Faults: patch.field, patch.value.
func (r *Record) Set(field, text string) error {
	p, slot, err := r.find(field)
	if err != nil {
		return err
	}
	f := r.schema.Fields[slot]
	if len(p) == 1 {
		v, err := fromText(text, f)
		if err != nil {
			return err
		}
		return r.put(slot, v, field)
	}
	v, err := record.DecodeJSON([]byte(text))
	if err != nil {
		v = text
	}
	return r.edit(slot, field, func(root any) (any, error) { return within(root, p[1:], field, v) })
}

// Null empties a field.
func (r *Record) Null(field string) error {
	p, slot, err := r.find(field)
	if err != nil {
		return err
	}
	if len(p) == 1 {
		return r.put(slot, nil, field)
	}
	return r.edit(slot, field, func(root any) (any, error) { return within(root, p[1:], field, nil) })
}

// find is the slot that a path begins in.
func (r *Record) find(field string) (path.Path, int, error) {
	if r.text != nil {
		return nil, 0, fault.New(fault.Config, "patch.broken", "the record could not be read: it is a text without fields").
			Hint(`--json with [{"op": "replace", "path": "", "value": {...}}] puts a whole record in its place; or mend the source and read it again`)
	}
	if i := r.schema.Index(field); i >= 0 { // whatever characters its name has
		return path.Path{{Name: field}}, i, nil
	}
	p, err := path.Parse(field)
	if err != nil {
		return nil, 0, fault.New(fault.Config, "patch.field", "%q is no path of a field: %w", field, err)
	}
	if i := r.schema.Index(p[0].Name); i >= 0 && !p[0].Listed {
		return p, i, nil
	}
	return nil, 0, r.unknown(p[0].Name)
}

// unknown names a field that the source does not have.
func (r *Record) unknown(name string) error {
	var names []string
	for _, f := range r.schema.Fields {
		names = append(names, f.Name)
	}
	e := fault.New(fault.Config, "patch.field", "the source's records have no field %q", name)
	if near := nearest.Name(name, names); near != "" {
		return e.Hint("did you mean %s?", near)
	}
	return e.Hint("they have %s", strings.Join(names, ", "))
}

func (r *Record) put(slot int, v any, field string) error {
	before := r.slots[slot]
	r.slots = slices.Clone(r.slots)
	r.slots[slot] = v
	return r.note(field, before, v)
}

// edit changes a part of what a slot holds.
func (r *Record) edit(slot int, field string, do func(any) (any, error)) error {
	p, _, _ := r.find(field)
	before, err := p[1:].Get(r.slots[slot])
	if err != nil {
		before = record.Missing
	}
	v, err := do(r.slots[slot])
	if err != nil {
		return err
	}
	after, err := p[1:].Get(v)
	if err != nil {
		return fault.New(fault.Config, "patch.field", "%s: %w", field, err)
	}
	r.slots = slices.Clone(r.slots)
	r.slots[slot] = v
	return r.note(field, before, after)
}

// note tells of a change; none is no fault, but nothing to tell.
func (r *Record) note(field string, before, after any) error {
	if same(before, after) {
		return nil
	}
	r.changes = append(r.changes, Change{field, record.Show(before, false), record.Show(after, false)})
	return nil
}

// fromText is a text as a value of a field.
func fromText(text string, f catalog.Field) (any, error) {
	if f.Type.Kind != catalog.KindJSON && f.Type.Kind != catalog.KindList && f.Of == nil {
		return fit(text, f)
	}
	v, err := record.DecodeJSON([]byte(text))
	if err != nil {
		return nil, fault.New(fault.Config, "patch.value", "%s is %s, and the value is no JSON: %w", f.Name, f.Type, err)
	}
	return fit(v, f)
}

// fit is a value as a field of this type holds it.
func fit(v any, f catalog.Field) (any, error) {
	if v == nil || v == record.Missing || f.Of != nil || f.Type.Kind == catalog.KindJSON {
		return v, nil
	}
	_, text := v.(string)
	if !text && (f.Type.Kind == catalog.KindText || f.Type.Kind == catalog.KindOther) {
		return nil, fault.New(fault.Config, "patch.value", "%s is %s: the value is %s", f.Name, f.Type, convert.Name(v))
	}
	fitting, why := convert.To(catalog.Type{}, f.Type)(v)
	if why != nil {
		return nil, fault.New(fault.Config, "patch.value", "%s is %s: the value %s", f.Name, f.Type, why.Text)
	}
	return fitting, nil
}

// within puts a value where a path leads to, in a copy. The documents and lists
// on the way have to be there; a number behind a list's last adds to it.
func within(root any, p path.Path, field string, v any) (any, error) {
	if len(p) == 0 {
		return v, nil
	}
	part := p[0]
	switch from := root.(type) {
	case record.Object:
		if part.Listed {
			break
		}
		inner, there := from[part.Name]
		if !there && len(p) > 1 {
			return nil, fault.New(fault.Config, "patch.field", "%s: there is no %s in the record", field, part.Name)
		}
		var err error
		if inner, err = within(inner, p[1:], field, v); err != nil {
			return nil, err
		}
		to := make(record.Object, len(from)+1)
		for name, one := range from {
			to[name] = one
		}
		to[part.Name] = inner
		return to, nil
	case []any:
		i := part.Index
		if i < 0 {
			i += len(from)
		}
		if !part.Listed || i < 0 || i > len(from) || i == len(from) && len(p) > 1 {
			break
		}
		to := append(slices.Clone(from), nil)[:max(i+1, len(from))]
		inner, err := within(to[i], p[1:], field, v)
		if err != nil {
			return nil, err
		}
		to[i] = inner
		return to, nil
	}
	return nil, fault.New(fault.Config, "patch.field", "%s leads nowhere in the record: there is %s, with no %s", field, convert.Name(root), named(part))
}

func named(part path.Part) string {
	if part.Listed {
		return fmt.Sprintf("element %d", part.Index)
	}
	return "field " + part.Name
}
