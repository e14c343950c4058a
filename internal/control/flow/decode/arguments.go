package decode

import (
	"fmt"
	"reflect"
	"strings"

	"godwit/internal/control/flow/expression"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// arguments fills a struct's args: the values that the :names of its query
// stand for. Those of with are expressions; all others are paths in scope.
func (d *Decoder) arguments(n *Node, v, args reflect.Value, l *Level) {
	with := map[string]string{}
	if k := l.Key("with"); k != nil {
		with, _ = v.FieldByIndex(k.Index).Interface().(map[string]string)
	}
	d.unbound(with)
	text := string(unit.Body(v.Interface())) // all of its queries, those of parts among them
	all := record.Object{}
	for _, name := range SortedKeys(with) {
		at := n.At("with", name)
		if with[name] == "" {
			continue // refused
		}
		where := fmt.Sprintf("with.%s in %s", name, l.Name)
		program, err := expression.Compile(with[name], d.Scope.Types)
		if err != nil {
			d.Scope.Explain(d, at, with[name], where, err)
			continue
		}
		if d.Later.Among(expression.Reads(program)) || d.Scope.Values == nil {
			continue
		}
		value, err := expression.Run(program, d.Scope.Values)
		if err != nil {
			d.Scope.Explain(d, at, with[name], where, err)
			continue
		}
		all[name] = Plain(value)
		if exact, ok := d.Scope.Path(with[name]); ok {
			all[name] = exact
		}
	}
	if d.Scope.Values == nil || d.Later.Waits() {
		return
	}
	flatten("", d.Scope.known(), func(path string, value any) {
		if strings.Contains(text, ":"+path) {
			if _, given := all[path]; !given {
				all[path] = value
			}
		}
	})
	if len(all) == 0 {
		return
	}
	b, err := record.EncodeValue(all)
	if err != nil {
		d.Add(n.Spot, "flow.expr", fmt.Sprintf("%s: a value cannot be bound: %v", l.Name, err))
		return
	}
	args.SetBytes(b)
}

// flatten calls do for every value and every part of one, by its path.
func flatten(path string, v any, do func(string, any)) {
	if path != "" {
		do(path, v)
	}
	object, ok := v.(record.Object)
	if !ok {
		return
	}
	for name, part := range object {
		inner := name
		if path != "" {
			inner = path + "." + name
		}
		flatten(inner, part, do)
	}
}

// Path is the exact value of a plain path in scope.
func (s *Scope) Path(text string) (any, bool) {
	var v any = s.known()
	for part := range strings.SplitSeq(strings.TrimSpace(text), ".") {
		object, ok := v.(record.Object)
		if !ok {
			return nil, false
		}
		if v, ok = object[part]; !ok {
			return nil, false
		}
	}
	return v, true
}

// known is everything in scope as records hold values.
func (s *Scope) known() record.Object {
	all := record.Object{}
	for name, v := range s.Values {
		all[name] = Plain(v)
	}
	for name, v := range s.Exact {
		all[name] = v
	}
	return all
}
