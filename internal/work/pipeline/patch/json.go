package patch

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"godwit/internal/fault"
	"godwit/internal/record"
)

// JSON does what an RFC 6902 patch says to the record as a document of its
// fields: all of it or nothing. A test that does not hold is a fault, too.
// Faults: patch.json, patch.field, patch.value, patch.test.
func (r *Record) JSON(text []byte) error {
	v, err := record.DecodeJSON(text)
	list, ok := v.([]any)
	if err != nil {
		return fault.New(fault.Config, "patch.json", "the patch is no JSON: %w", err)
	}
	if !ok {
		return fault.New(fault.Config, "patch.json", "a patch is a list of operations: see RFC 6902")
	}
	var root any
	if r.text != nil {
		root = *r.text
	} else {
		root = r.document()
	}
	for i, one := range list {
		op, err := operationOf(one)
		if err != nil {
			return fault.Wrap(err, "operation %d", i+1)
		}
		if root, err = op.do(root); err != nil {
			return fault.Wrap(err, "operation %d", i+1)
		}
	}
	return r.become(root)
}

// document is the record as a patch sees it.
func (r *Record) document() record.Object {
	o := record.Object{}
	for i, f := range r.schema.Fields {
		if r.slots[i] != record.Missing {
			o[f.Name] = r.slots[i]
		}
	}
	return o
}

// become takes a document as the record from now on.
func (r *Record) become(root any) error {
	o, ok := root.(record.Object)
	if !ok {
		return fault.New(fault.Config, "patch.value", "what the patch leaves is no record: a document of its fields is wanted")
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if r.schema.Index(name) < 0 {
			return r.unknown(name)
		}
	}
	was := r.slots
	slots := make([]any, len(r.schema.Fields))
	for i, f := range r.schema.Fields {
		v, there := o[f.Name]
		before := any(record.Missing)
		if was != nil {
			before = was[i]
		}
		switch {
		case !there:
			slots[i] = record.Missing
		case same(v, before):
			slots[i] = before
			continue
		default:
			var err error
			if slots[i], err = fit(v, f); err != nil {
				return err
			}
		}
		if err := r.note(f.Name, before, slots[i]); err != nil {
			return err
		}
	}
	r.slots, r.text = slots, nil
	return nil
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

// alike are values that JSON writes the same: a patch knows no others.
func alike(a, b any) bool {
	x, wrongA := record.EncodeJSON(a)
	y, wrongB := record.EncodeJSON(b)
	return wrongA == nil && wrongB == nil && string(x) == string(y)
}

// operation is one of a patch (RFC 6902, 4).
type operation struct {
	op         string
	path, from []string // parts of pointers; nil = the whole document
	value      any
}

func operationOf(v any) (operation, error) {
	var op operation
	o, ok := v.(record.Object)
	if !ok {
		return op, fault.New(fault.Config, "patch.json", "an operation is a document with op and path")
	}
	op.op, _ = o["op"].(string)
	pointers := map[string]*[]string{"path": &op.path}
	switch op.op {
	case "add", "replace", "test":
		if op.value, ok = o["value"]; !ok {
			return op, fault.New(fault.Config, "patch.json", "%s needs a value", op.op)
		}
	case "move", "copy":
		pointers["from"] = &op.from
	case "remove":
	default:
		return op, fault.New(fault.Config, "patch.json", "op is add, remove, replace, move, copy or test, not %q", op.op)
	}
	for name, to := range pointers {
		text, ok := o[name].(string)
		if !ok {
			return op, fault.New(fault.Config, "patch.json", "%s needs %s", op.op, name)
		}
		parts, err := pointer(text)
		if err != nil {
			return op, err
		}
		*to = parts
	}
	return op, nil
}

// pointer reads an RFC 6901 pointer.
func pointer(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	if text[0] != '/' {
		return nil, fault.New(fault.Config, "patch.json", "the pointer %q does not begin with /", text)
	}
	parts := strings.Split(text[1:], "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts, nil
}

func (o operation) do(root any) (any, error) {
	switch o.op {
	case "add":
		return change(root, o.path, adds, o.value)
	case "remove":
		return change(root, o.path, removes, nil)
	case "replace":
		return change(root, o.path, replaces, o.value)
	case "test":
		v, err := at(root, o.path)
		if err == nil && !alike(v, o.value) {
			err = fault.New(fault.Config, "patch.test", "%s is %s, not what the test wants", told(o.path), record.Show(v, false))
		}
		return root, err
	}
	v, err := at(root, o.from)
	if err != nil {
		return nil, err
	}
	if o.op == "move" {
		if len(o.path) > len(o.from) && slices.Equal(o.path[:len(o.from)], o.from) {
			return nil, fault.New(fault.Config, "patch.json", "%s cannot be moved into itself", told(o.from))
		}
		if root, err = change(root, o.from, removes, nil); err != nil {
			return nil, err
		}
	}
	return change(root, o.path, adds, v)
}

func told(parts []string) string { return strconv.Quote("/" + strings.Join(parts, "/")) }

func nowhere(parts []string) error {
	return fault.New(fault.Config, "patch.field", "%s is not in the record", told(parts))
}

// at is what stands at a pointer.
func at(root any, parts []string) (any, error) {
	for i, part := range parts {
		switch from := root.(type) {
		case record.Object:
			v, ok := from[part]
			if !ok {
				return nil, nowhere(parts[:i+1])
			}
			root = v
		case []any:
			k, ok := index(part, len(from)-1)
			if !ok {
				return nil, nowhere(parts[:i+1])
			}
			root = from[k]
		default:
			return nil, nowhere(parts[:i+1])
		}
	}
	return root, nil
}

// index is a place in a list, up to the last one that is allowed.
func index(part string, last int) (int, bool) {
	k, err := strconv.Atoi(part)
	return k, err == nil && k >= 0 && k <= last && strconv.Itoa(k) == part
}

type doing int

const (
	adds doing = iota
	removes
	replaces
)

// change does something at a pointer, in a copy of all that leads there.
func change(root any, parts []string, what doing, v any) (any, error) {
	if len(parts) == 0 {
		if what == removes {
			return nil, fault.New(fault.Config, "patch.json", "the whole record cannot be removed: godwit dead dismiss closes it")
		}
		return v, nil
	}
	part, rest := parts[0], parts[1:]
	switch from := root.(type) {
	case record.Object:
		to := maps.Clone(from)
		inner, there := from[part]
		switch {
		case !there && (len(rest) > 0 || what != adds):
			return nil, nowhere(parts)
		case len(rest) > 0:
			var err error
			if to[part], err = change(inner, rest, what, v); err != nil {
				return nil, err
			}
		case what == removes:
			delete(to, part)
		default:
			to[part] = v
		}
		return to, nil
	case []any:
		if part == "-" && len(rest) == 0 && what == adds {
			return append(slices.Clone(from), v), nil
		}
		last := len(from) - 1
		if len(rest) == 0 && what == adds {
			last++
		}
		k, ok := index(part, last)
		if !ok {
			return nil, nowhere(parts)
		}
		to := slices.Clone(from)
		switch {
		case len(rest) > 0:
			inner, err := change(from[k], rest, what, v)
			if err != nil {
				return nil, err
			}
			to[k] = inner
		case what == adds:
			to = slices.Insert(to, k, v)
		case what == removes:
			to = slices.Delete(to, k, k+1)
		default:
			to[k] = v
		}
		return to, nil
	}
	return nil, nowhere(parts)
}
