package request

import (
	"fmt"

	"godwit/internal/expression"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// Value is one as a flow holds it: what records hold, in lists and objects. As
// JSON it is what record.EncodeValue writes.
type Value struct{ V any }

// ReadPlain is the language's.
func (v *Value) ReadPlain(of any) (err error) {
	v.V, err = plain(of)
	return err
}

func plain(v any) (any, error) {
	switch v := v.(type) {
	case []unit.Pair:
		object := make(record.Object, len(v))
		for _, p := range v {
			inner, err := plain(p.Value)
			if err != nil {
				return nil, err
			}
			if _, twice := object[p.Name]; twice {
				return nil, fmt.Errorf("%q stands there twice", p.Name)
			}
			object[p.Name] = inner
		}
		return object, nil
	case []any:
		list := make([]any, 0, len(v))
		for _, one := range v {
			inner, err := plain(one)
			if err != nil {
				return nil, err
			}
			list = append(list, inner)
		}
		return list, nil
	}
	return v, nil
}

// MarshalJSON writes the frozen form.
func (v Value) MarshalJSON() ([]byte, error) { return record.EncodeValue(v.V) }

// UnmarshalJSON reads the frozen form.
func (v *Value) UnmarshalJSON(b []byte) (err error) {
	v.V, err = record.DecodeValue(b)
	return err
}

// Params are the values of a request's parameters, by their names, as texts.
type Params map[string][]string

// ReadPlain is the language's: a mapping of names.
func (p *Params) ReadPlain(v any) error {
	of, err := plain(v)
	if err != nil {
		return err
	}
	if of == nil {
		of = []any{}
	}
	*p, err = ParamsOf(of)
	return err
}

// ParamsOf makes parameters of an object, nil for none: null is left out, a list
// is given as often as it is long.
func ParamsOf(v any) (Params, error) {
	object, ok := v.(record.Object)
	switch {
	case v == nil:
		return nil, nil
	case !ok:
		return nil, fmt.Errorf("it is a mapping of names, as {state: open}")
	}
	out := Params{}
	for name, v := range object {
		values, ok := v.([]any)
		if !ok {
			values = []any{v}
		}
		for _, v := range values {
			switch v.(type) {
			case record.Object, []any:
				return nil, fmt.Errorf("%s is neither a single value nor a list of some", name)
			}
			if v == nil || v == record.Missing {
				continue
			}
			text, err := expression.Text(v)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out[name] = append(out[name], text)
		}
	}
	return out, nil
}
