package settings

import (
	"bytes"
	"maps"
	"math/big"
	"slices"
	"strings"

	"godwit/internal/record"
)

// leaf is one value that is set, by its path of names: lists are set whole.
type leaf struct {
	path  []string
	value any
}

func (l leaf) name() string { return strings.Join(l.path, ".") }

// leavesOf are those of an object, in order.
func leavesOf(v any) (all []leaf) {
	var walk func(path []string, v any)
	walk = func(path []string, v any) {
		object, ok := v.(record.Object)
		if !ok || len(object) == 0 && len(path) > 0 {
			all = append(all, leaf{slices.Clone(path), v})
			return
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			walk(append(path, name), object[name])
		}
	}
	walk(nil, v)
	return all
}

// at is the value at a leaf's path, record.Missing when there is none.
func at(object record.Object, path []string) any {
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

// lay puts leaves over an object.
func lay(object record.Object, leaves []leaf) record.Object {
	for _, l := range leaves {
		object = put(object, l.path, l.value)
	}
	return object
}

// holds reports whether an object has these values.
func holds(object record.Object, leaves []leaf) bool {
	return !slices.ContainsFunc(leaves, func(l leaf) bool { return !same(at(object, l.path), l.value) })
}

// same compares values as JSON has them: 1.0 is 1.
func same(a, b any) bool {
	if a == record.Missing || b == record.Missing {
		return a == b
	}
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x.Cmp(y) == 0
	}
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, same)
	case record.Object:
		y, ok := b.(record.Object)
		return ok && maps.EqualFunc(x, y, same)
	}
	x, wrong := record.EncodeJSON(a)
	y, other := record.EncodeJSON(b)
	return wrong == nil && other == nil && bytes.Equal(x, y)
}

func number(v any) (*big.Rat, bool) {
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
