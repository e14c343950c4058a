package decode

import (
	"fmt"
	"strconv"
	"time"

	"godwit/internal/record"
)

// frozen is what is in scope as records and their maps hold values, for what is
// evaluated when the flow is gone: see record.DecodeValue.
func (s *Scope) frozen() []byte {
	b, err := record.EncodeValue(s.known())
	if err != nil {
		panic(fmt.Sprintf("freeze inputs and env: %v", err)) // all kinds of inputs are below
	}
	return b
}

// Plain is a value of an expression as records hold it.
func Plain(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case []string:
		list := make([]any, 0, len(v))
		for _, s := range v {
			list = append(list, s)
		}
		return list
	case []any:
		list := make([]any, 0, len(v))
		for _, one := range v {
			list = append(list, Plain(one))
		}
		return list
	case map[string]any:
		object := make(record.Object, len(v))
		for name, one := range v {
			object[name] = Plain(one)
		}
		return object
	case time.Duration:
		return v.String()
	}
	return v
}

// Expressible is a value of a record as expressions hold it.
func Expressible(v any) any {
	switch v := v.(type) {
	case int64:
		return int(v)
	case record.Decimal:
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return string(v) // too large
		}
		return f
	case []any:
		list := make([]any, 0, len(v))
		for _, one := range v {
			list = append(list, Expressible(one))
		}
		return list
	case record.Object:
		object := make(map[string]any, len(v))
		for name, one := range v {
			object[name] = Expressible(one)
		}
		return object
	}
	return v
}
