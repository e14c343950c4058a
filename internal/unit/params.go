package unit

import (
	"fmt"

	"godwit/internal/record"
)

// Params are the values of a request's parameters, by their names, as texts.
type Params map[string][]string

// ReadPlain is the flow's: a mapping of names.
func (p *Params) ReadPlain(v any) error {
	pairs, ok := v.([]Pair)
	if !ok {
		return fmt.Errorf("it is a mapping of names, as {state: open}")
	}
	*p = Params{}
	for _, pair := range pairs {
		values, ok := pair.Value.([]any)
		if !ok {
			values = []any{pair.Value}
		}
		for _, v := range values {
			if v == nil {
				continue
			}
			text, ok := plain(v)
			if !ok {
				return fmt.Errorf("%s is neither a single value nor a list of some", pair.Name)
			}
			(*p)[pair.Name] = append((*p)[pair.Name], text)
		}
	}
	return nil
}

func plain(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool, int64:
		return fmt.Sprint(v), true
	case record.Decimal:
		return string(v), true
	}
	return "", false
}
