package request

import (
	"fmt"

	"godwit/internal/record"
	"godwit/internal/unit"
)

// Value is one as a flow holds it: what records hold, in lists and objects.
type Value struct{ V any }

// ReadPlain is the language's.
func (v *Value) ReadPlain(of any) error {
	v.V = plain(of)
	return nil
}

func plain(v any) any {
	switch v := v.(type) {
	case []unit.Pair:
		object := record.Object{}
		for _, p := range v {
			object[p.Name] = plain(p.Value)
		}
		return object
	case []any:
		list := make([]any, 0, len(v))
		for _, one := range v {
			list = append(list, plain(one))
		}
		return list
	}
	return v
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
func (p *Params) ReadPlain(v any) (err error) {
	*p, err = ParamsOf(plain(v))
	return err
}

// ParamsOf makes parameters of an object: null is left out, a list is given as
// often as it is long.
func ParamsOf(v any) (Params, error) {
	object, ok := v.(record.Object)
	if !ok {
		return nil, fmt.Errorf("it is a mapping of names, as {state: open}")
	}
	out := Params{}
	for name, v := range object {
		values, ok := v.([]any)
		if !ok {
			values = []any{v}
		}
		for _, v := range values {
			switch v := v.(type) {
			case nil:
			case string:
				out[name] = append(out[name], v)
			case bool, int64, float64:
				out[name] = append(out[name], fmt.Sprint(v))
			case record.Decimal:
				out[name] = append(out[name], string(v))
			default:
				return nil, fmt.Errorf("%s is neither a single value nor a list of some", name)
			}
		}
	}
	return out, nil
}
