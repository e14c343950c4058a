// Package leaf knows the single values of an object, by their paths: to set some in
// an object that others have values in too, and to compare them. Start at Of and Lay.
package leaf

import (
	"bytes"
	"maps"
	"math/big"
	"slices"
	"strings"

	"godwit/internal/record"
)

// Leaf is one value that is set, by its path of names: lists are set whole.
type Leaf struct {
	Path  []string
	Value any
}

// Name is its path as people write it.
func (l Leaf) Name() string { return strings.Join(l.Path, ".") }

// Of are those of an object, in order.
func Of(v any) (all []Leaf) {
	var walk func(path []string, v any)
	walk = func(path []string, v any) {
		object, ok := v.(record.Object)
		if !ok || len(object) == 0 && len(path) > 0 {
			all = append(all, Leaf{slices.Clone(path), v})
			return
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			walk(append(path, name), object[name])
		}
	}
	walk(nil, v)
	return all
}

// At is the value at a leaf's path, record.Missing when there is none.
func At(object record.Object, path []string) any {
	var v any = object
	for _, name := range path {
		inner, ok := v.(record.Object)
		if !ok {
			return record.Missing
		}
		if v, ok = inner[name]; !ok {
			return record.Missing
		}
	}
	return v
}

// put is an object with another value at a path; record.Missing takes it away.
// The object itself does not change.
func put(object record.Object, path []string, v any) record.Object {
	out := maps.Clone(object)
	if out == nil {
		out = record.Object{}
	}
	if len(path) == 1 {
		if out[path[0]] = v; v == record.Missing {
			delete(out, path[0])
		}
		return out
	}
	inner, _ := out[path[0]].(record.Object)
	out[path[0]] = put(inner, path[1:], v)
	return out
}

// Lay puts leaves over an object.
func Lay(object record.Object, leaves []Leaf) record.Object {
	for _, l := range leaves {
		object = put(object, l.Path, l.Value)
	}
	return object
}

// Holds reports whether an object has these values.
func Holds(object record.Object, leaves []Leaf) bool {
	return !slices.ContainsFunc(leaves, func(l Leaf) bool { return !Same(At(object, l.Path), l.Value) })
}

// Same compares values as JSON has them: 1.0 is 1.
func Same(a, b any) bool {
	if a == record.Missing || b == record.Missing {
		return a == b
	}
	if x, ok := Number(a); ok {
		y, ok := Number(b)
		return ok && x.Cmp(y) == 0
	}
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, Same)
	case record.Object:
		y, ok := b.(record.Object)
		return ok && maps.EqualFunc(x, y, Same)
	}
	x, wrong := record.EncodeJSON(a)
	y, other := record.EncodeJSON(b)
	return wrong == nil && other == nil && bytes.Equal(x, y)
}

// Number is a value as an exact number, if it is one.
func Number(v any) (*big.Rat, bool) {
	text := ""
	switch v := v.(type) {
	case int64:
		return new(big.Rat).SetInt64(v), true
	case float64:
		r := new(big.Rat).SetFloat64(v)
		return r, r != nil
	case record.Decimal:
		text = string(v)
	}
	if len(text) == 0 || len(text) > 100 {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}
