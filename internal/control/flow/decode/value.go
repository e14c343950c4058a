package decode

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"godwit/internal/control/flow/source"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/unit"
)

// value hands a value in plain form to the type that reads it.
func (d *Decoder) value(n *Node, v reflect.Value, k Key, l *Level) {
	form, ok := d.plainForm(n, k, l)
	if !ok {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if err := v.Addr().Interface().(PlainReader).ReadPlain(form); err != nil {
		text := strings.TrimSpace(fmt.Sprintf("%s in %s: %v", k.Name, l.Name, err))
		d.Add(n.Spot, "flow.value", text, fault.Of(err).Next...)
	}
}

// plainForm is a value as PlainReader takes it. It reports false when part of
// it is wrong, or not known before the flow is bound.
func (d *Decoder) plainForm(n *Node, k Key, l *Level) (any, bool) {
	n, ok := d.resolve(n, Key{Name: k.Name, Kind: Value, Template: k.Template}, l)
	if !ok || n.Shape == source.Invalid {
		return nil, false
	}
	all := true
	switch n.Shape {
	case source.List:
		out := []any{}
		for _, item := range n.Items {
			v, ok := d.plainForm(item, k, l)
			out, all = append(out, v), all && ok
		}
		return out, all
	case source.Mapping:
		out := []unit.Pair{}
		for _, f := range n.Fields {
			v, ok := d.plainForm(f.Value, k, l)
			out, all = append(out, unit.Pair{Name: f.Name, Value: v}), all && ok
		}
		return out, all
	}
	if n.Style == source.Computed {
		return computed(n.Value), true
	}
	switch n.Kind() {
	case "null":
		return nil, true
	case "bool":
		return n.Text == "true", true
	case "number":
		return number(n.Text), true
	}
	return n.Text, true
}

// number is an int64 when that is written in the same way, so that nothing is
// lost: 13.10 and -0 stay as they are.
func number(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(i, 10) == text {
		return i
	}
	return record.Decimal(text)
}

func computed(v any) any {
	switch v := v.(type) {
	case nil, bool, string, int64:
		return v
	case int:
		return int64(v)
	case float64, time.Duration:
		text := TextOf(v)
		if _, is := v.(float64); is {
			return number(text)
		}
		return text
	}
	return TextOf(v)
}
