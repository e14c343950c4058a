package keyset

import (
	"godwit/internal/fault"
	"godwit/internal/record"
)

// A position is a list of the key's values, or of its first ones, in the stored
// form of records.

// position reads one as the driver takes it; nil is none.
func (q *Query) position(b []byte) ([]any, error) {
	if b == nil {
		return nil, nil
	}
	v, err := record.DecodeValue(b)
	list, ok := v.([]any)
	if err != nil || !ok || len(list) == 0 || len(list) > len(q.Key) {
		return nil, fault.New(fault.Internal, "query.position", "a place of %d bytes is none in a key of %d columns", len(b), len(q.Key))
	}
	for i, v := range list {
		if list[i], err = q.Key[i].arg(v); err != nil {
			return nil, fault.New(fault.Internal, "query.position", "key column: %w", err)
		}
	}
	return list, nil
}

func (k *Column) arg(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	return k.Arg(v)
}

// place makes one of what the server gave: for its next comparison, and as it
// is kept. One with a null is not kept.
func (q *Query) place(given []any) (at []any, kept []byte, err error) {
	values := make([]any, len(given))
	whole := true
	for i, k := range q.Key {
		v, _, err := k.Back(given[i])
		if err != nil {
			return nil, nil, err
		}
		values[i] = v
		whole = whole && v != nil
		a, err := k.arg(v)
		if err != nil {
			return nil, nil, fault.New(fault.Internal, "query.position", "key column: %w", err)
		}
		at = append(at, a)
	}
	if !whole {
		return at, nil, nil
	}
	kept, err = record.EncodeValue(values)
	return at, kept, err
}

// behind is the place behind a record, nil where its key has a null.
func (q *Query) behind(r record.Record) []byte {
	values := make([]any, len(q.Key))
	for i, k := range q.Key {
		if values[i] = r.Slots[k.Slot]; values[i] == nil {
			return nil
		}
	}
	kept, err := record.EncodeValue(values)
	if err != nil {
		return nil
	}
	return kept
}
