package calls

import (
	"fmt"

	"godwit/internal/record"
	"godwit/internal/unit"
)

// Value is a value as the flow has it, with ${...} in its texts. As JSON it is
// what record.EncodeValue writes.
type Value struct{ V any }

// ReadPlain is the flow's.
func (v *Value) ReadPlain(plain any) (err error) {
	v.V, err = plainOf(plain)
	return err
}

func plainOf(v any) (any, error) {
	switch v := v.(type) {
	case []unit.Pair:
		out := make(record.Object, len(v))
		for _, p := range v {
			inner, err := plainOf(p.Value)
			if err != nil {
				return nil, err
			}
			if _, twice := out[p.Name]; twice {
				return nil, fmt.Errorf("%q stands there twice", p.Name)
			}
			out[p.Name] = inner
		}
		return out, nil
	case []any:
		out := make([]any, 0, len(v))
		for _, e := range v {
			inner, err := plainOf(e)
			if err != nil {
				return nil, err
			}
			out = append(out, inner)
		}
		return out, nil
	}
	return v, nil
}

// MarshalJSON writes the stored form of values.
func (v Value) MarshalJSON() ([]byte, error) { return record.EncodeValue(v.V) }

// UnmarshalJSON reads it.
func (v *Value) UnmarshalJSON(text []byte) (err error) {
	v.V, err = record.DecodeValue(text)
	return err
}
