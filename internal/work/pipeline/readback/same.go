package readback

import (
	"time"

	"godwit/internal/record"
	"godwit/internal/record/leaf"
)

// same reports whether an API holds what it was sent. It may hold more: fields that
// were not sent are its own. Null is the same as a field that is not there; numbers
// are the same by their value, moments in any zone and with any number of zeros.
func same(sent, seen any) bool {
	if sent == nil || sent == record.Missing {
		return seen == nil || seen == record.Missing
	}
	switch sent := sent.(type) {
	case record.Object:
		object, ok := seen.(record.Object)
		for name, v := range sent {
			ok = ok && same(v, object[name])
		}
		return ok
	case []any:
		list, ok := seen.([]any)
		ok = ok && len(list) == len(sent)
		for i := range sent {
			ok = ok && same(sent[i], list[i])
		}
		return ok
	case time.Time:
		at, ok := moment(seen)
		return ok && at.Equal(sent)
	case int64, float64, record.Decimal:
		a, is := leaf.Number(sent)
		b, ok := leaf.Number(seen)
		return is && ok && a.Cmp(b) == 0
	case []byte, record.JSON:
		v, ok := read(sent)
		return ok && same(v, seen)
	}
	return sent == seen
}

// read is a value as its JSON is read.
func read(v any) (any, bool) {
	text, err := record.EncodeJSON(v)
	if err != nil {
		return nil, false
	}
	v, err = record.DecodeJSON(text)
	return v, err == nil
}

func moment(v any) (time.Time, bool) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, false
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", time.DateOnly} {
		if at, err := time.Parse(form, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// textMost is how much of a value is told, in characters.
const textMost = 10_000

// text is a value as people read it, nil for null.
func text(v any) *string {
	if v == nil || v == record.Missing {
		return nil
	}
	out, ok := v.(string)
	if !ok {
		b, err := record.EncodeJSON(v)
		if out = string(b); err != nil {
			out = err.Error()
		}
		if _, is := v.(time.Time); is {
			out = out[1 : len(out)-1]
		}
	}
	if r := []rune(out); len(r) > textMost {
		out = string(r[:textMost])
	}
	return &out
}
