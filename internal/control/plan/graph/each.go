package graph

import (
	"encoding/json"
	"fmt"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Units is the query of the items, if it is a query that gives them.
func (e *Each) Units() []unit.Unit {
	if e.Query == nil {
		return nil
	}
	return []unit.Unit{*e.Query}
}

// Width is how many items are open at the same time.
func (e *Each) Width() int { return max(e.Parallel, 1) }

// Tolerates is how many of the items may fail.
func (e *Each) Tolerates(items int) int {
	return e.Tolerate + int(e.Share*float64(items)+1e-9)
}

// List reads the items of a loop from JSON.
func (*Each) List(loop string, b []byte) (items []json.RawMessage, f *fault.Error) {
	if err := json.Unmarshal(b, &items); err != nil || items == nil {
		return nil, fault.New(fault.Data, "each.no-list", "items of %s are no list", loop)
	}
	return items, nil
}

// KeysOf finds the key of every item of a loop. They must be there and differ: the key is an
// item's name in this run and in later ones.
func (e *Each) KeysOf(loop string, items []json.RawMessage) ([]string, *fault.Error) {
	keys := make([]string, len(items))
	seen := make(map[string]int, len(items))
	for i, item := range items {
		key, err := e.keyOf(item)
		if err != nil {
			return nil, fault.New(fault.Data, "each.no-key", "items of %s: item %d: %w", loop, i+1, err).
				Hint("name a key that every item has: key: PATH")
		}
		if first, twice := seen[key]; twice {
			return nil, fault.New(fault.Data, "each.same-key", "items of %s: items %d and %d have the same key %q", loop, first+1, i+1, key).
				Hint("name a key that differs from item to item: key: PATH")
		}
		seen[key], keys[i] = i, key
	}
	return keys, nil
}

func (e *Each) keyOf(item json.RawMessage) (string, error) {
	path := e.Key
	if path == "" {
		path = "id"
	}
	value := item
	for _, part := range strings.Split(path, ".") {
		var object map[string]json.RawMessage
		if len(value) == 0 || value[0] != '{' {
			break
		}
		if err := json.Unmarshal(value, &object); err != nil {
			return "", fmt.Errorf("read item: %w", err)
		}
		value = object[part]
	}
	var text string
	switch {
	case len(value) == 0 || string(value) == "null":
		return "", fmt.Errorf("there is no %q", path)
	case value[0] == '{' || value[0] == '[':
		return "", fmt.Errorf("%q is no plain value", path)
	case value[0] != '"':
		return string(value), nil
	}
	err := json.Unmarshal(value, &text)
	if err == nil && text == "" {
		err = fmt.Errorf("%q is empty", path)
	}
	return text, err
}
