package cursor

import (
	"encoding/json"
	"fmt"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/record"
)

// A position is the JSON array of a key's values as text, or of its first
// ones: those of a range's border.

func position(b []byte, most int) ([]string, error) {
	var values []string
	if err := json.Unmarshal(b, &values); err != nil || len(values) == 0 || len(values) > most {
		return nil, fault.New(fault.Internal, "query.position", "a place of %d bytes is none in a key of %d columns", len(b), most)
	}
	return values, nil
}

// place is a record's position, nil where a value of its key is null.
func place(key []column, r *record.Record) ([]byte, error) {
	values := make([]string, len(key))
	for i, k := range key {
		v := r.Slots[k.slot]
		if v == nil {
			return nil, nil
		}
		b, err := k.t.Append(nil, v)
		if err != nil {
			return nil, fault.New(fault.Internal, "query.position", "key column: %w", err)
		}
		values[i] = string(b)
	}
	if len(values) == 0 {
		return nil, nil
	}
	return json.Marshal(values)
}

// behind is the condition for what comes after a position; nulls come last.
// Where there can be none it is a comparison of rows, which an index serves.
func behind(key []column, at []string) string {
	key = key[:len(at)]
	if never(key) {
		return rows(key) + " > (" + strings.Join(at, ", ") + ")"
	}
	k, v := key[0].ref, at[0]
	more := fmt.Sprintf("%s > %s OR %s IS NULL", k, v, k)
	if len(at) > 1 {
		more += fmt.Sprintf(" OR %s = %s AND %s", k, v, behind(key[1:], at[1:]))
	}
	return "(" + more + ")"
}

// upTo is the condition for a position and what comes before it.
func upTo(key []column, at []string) string {
	key = key[:len(at)]
	if never(key) {
		return rows(key) + " <= (" + strings.Join(at, ", ") + ")"
	}
	k, v := key[0].ref, at[0]
	if len(at) == 1 {
		return k + " <= " + v
	}
	// The first part is for the index only.
	return fmt.Sprintf("(%s <= %s AND (%s < %s OR %s = %s AND %s))", k, v, k, v, k, v, upTo(key[1:], at[1:]))
}

func never(key []column) bool {
	for _, k := range key {
		if k.null {
			return false
		}
	}
	return true
}

func rows(key []column) string {
	refs := make([]string, len(key))
	for i, k := range key {
		refs[i] = k.ref
	}
	return "(" + strings.Join(refs, ", ") + ")"
}
