package flow

import (
	"fmt"
	"time"

	"godwit/internal/record"
)

// frozen is what is in scope as records and their maps hold values, for what is
// evaluated when the flow is gone: see record.DecodeValue.
func (s *scope) frozen() []byte {
	all := record.Object{}
	for name, fields := range s.values {
		object := record.Object{}
		for field, v := range fields {
			object[field] = plainValue(v)
		}
		all[name] = object
	}
	b, err := record.EncodeValue(all)
	if err != nil {
		panic(fmt.Sprintf("freeze inputs and env: %v", err)) // all kinds of inputs are below
	}
	return b
}

func plainValue(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case []string:
		list := make([]any, 0, len(v))
		for _, s := range v {
			list = append(list, s)
		}
		return list
	case time.Duration:
		return v.String()
	}
	return v
}
