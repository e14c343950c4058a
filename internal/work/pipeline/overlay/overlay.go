// Package overlay lays parts over a map: fields, rules, lookups and filters that
// take the place of those of the same name, and tells what that changes. Start at
// Overlay.Over.
package overlay

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"godwit/internal/work/pipeline/mapping"
)

// Overlay is what an overlay file says: parts of a map that take the place of
// those of the same name, or are added.
type Overlay struct {
	Filter  map[string]string         `flow:"filter,exprs" help:"reasons to leave a record out, by name"`
	Owner   string                    `flow:"owner,expr" help:"who is to mend what is wrong: a name of owners"`
	Lookups map[string]mapping.Lookup `flow:"lookups" help:"tables of values, by name"`
	Fields  []mapping.Field           `flow:"fields,names" help:"what fields of the target hold"`
	Rules   []mapping.Rule            `flow:"rules,names" help:"what records have to fulfil"`
	At      string                    `flow:",position"`
}

// Change is one thing that an overlay changes: of what was there the keys that
// differ, of what is added all.
type Change struct {
	At   string // of the overlay's part
	What string // field title, rule dated ...
	Text string // max: 200 -> 120
}

// Over is a map with the overlay laid over it, and what that changes. A part
// takes the place of the whole part of that name; what is added comes behind, in
// the overlay's order. Nil is no overlay.
func (o *Overlay) Over(m *mapping.Map) (*mapping.Map, []Change) {
	if o == nil {
		return m, nil
	}
	out := *m
	var changes []Change
	changed := func(at, what string, was, is any) {
		changes = append(changes, Change{at, what, differences(was, is)})
	}
	out.Filter, out.Laid = maps.Clone(m.Filter), map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(o.Filter)) {
		if out.Filter == nil {
			out.Filter = map[string]string{}
		}
		changed(o.At, "filter "+name, condition(m.Filter[name]), condition(o.Filter[name]))
		out.Filter[name], out.Laid["filter "+name] = o.Filter[name], o.At
	}
	if o.Owner != "" {
		changed(o.At, "owner", condition(m.Owner), condition(o.Owner))
		out.Owner, out.Laid["owner"] = o.Owner, o.At
	}
	out.Lookups = maps.Clone(m.Lookups)
	for _, name := range slices.Sorted(maps.Keys(o.Lookups)) {
		if out.Lookups == nil {
			out.Lookups = map[string]mapping.Lookup{}
		}
		changed(o.Lookups[name].At, "lookup "+name, m.Lookups[name], o.Lookups[name])
		out.Lookups[name] = o.Lookups[name]
	}
	out.Fields = slices.Clone(m.Fields)
	for _, f := range o.Fields {
		i := slices.IndexFunc(out.Fields, func(b mapping.Field) bool { return b.Name == f.Name })
		if i < 0 {
			i, out.Fields = len(out.Fields), append(out.Fields, mapping.Field{})
		}
		changed(f.At, "field "+f.Name, out.Fields[i], f)
		out.Fields[i] = f
	}
	out.Rules = slices.Clone(m.Rules)
	for _, r := range o.Rules {
		i := slices.IndexFunc(out.Rules, func(b mapping.Rule) bool { return b.Name == r.Name })
		if i < 0 {
			i, out.Rules = len(out.Rules), append(out.Rules, mapping.Rule{})
		}
		changed(r.At, "rule "+r.Name, out.Rules[i], r)
		out.Rules[i] = r
	}
	return &out, changes
}

// condition is a single expression, as differences takes it.
func condition(code string) any {
	return struct {
		Is string `flow:""`
	}{code}
}

// differences tells the keys in which two structs of the language differ.
func differences(was, is any) string {
	before, after := keysOf(reflect.ValueOf(was)), keysOf(reflect.ValueOf(is))
	added := reflect.ValueOf(was).IsZero()
	var parts []string
	for i, k := range after {
		old := before[i]
		switch {
		case k == old:
		case added && k.text != "":
			parts = append(parts, k.String())
		case !added:
			parts = append(parts, fmt.Sprintf("%s%s -> %s", k.label(), orNone(old.text), orNone(k.text)))
		}
	}
	text := strings.Join(parts, ", ")
	switch {
	case added:
		return "added, " + text
	case text == "":
		return "as in the map: changes nothing"
	}
	return text
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// keyText is a key with its value as text, empty when it is not given.
type keyText struct{ name, text string }

func (k keyText) String() string { return k.label() + k.text }

func (k keyText) label() string {
	if k.name == "" {
		return ""
	}
	return k.name + ": "
}

func keysOf(v reflect.Value) []keyText {
	var list []keyText
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, ok := f.Tag.Lookup("flow")
		switch {
		case f.Anonymous && !ok:
			list = append(list, keysOf(v.Field(i))...)
		case tag == ",rows": // a file may change and keep its name
			list = append(list, keyText{"entries", entries(v.Field(i))})
		case ok && !strings.HasPrefix(tag, ","):
			name, _, _ := strings.Cut(tag, ",")
			text := plainText(v.Field(i))
			if text == f.Tag.Get("default") {
				text = ""
			}
			list = append(list, keyText{name, text})
		}
	}
	return list
}

func entries(v reflect.Value) string {
	if v.Len() == 0 {
		return ""
	}
	return fmt.Sprint(v.Len() - 1)
}

func plainText(v reflect.Value) string {
	if v.IsZero() {
		return ""
	}
	switch x := v.Interface().(type) {
	case string:
		return x
	case *mapping.Literal:
		return fmt.Sprint(x.Value)
	case []string:
		return strings.Join(x, ", ")
	case []mapping.Literal:
		var texts []string
		for i := range x {
			texts = append(texts, fmt.Sprint(x[i].Value))
		}
		return "[" + strings.Join(texts, ", ") + "]"
	case mapping.Converts:
		var texts []string
		for _, s := range x {
			texts = append(texts, strings.TrimSpace(s.Name+" "+strings.Join(append(slices.Clone(s.Args), flat(s.Sets)...), " ")))
		}
		return "[" + strings.Join(texts, ", ") + "]"
	case []mapping.Field:
		var texts []string
		for _, f := range x {
			texts = append(texts, f.Name+" {"+differences(mapping.Field{}, f)[len("added, "):]+"}")
		}
		return strings.Join(texts, ", ")
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		return fmt.Sprint(v.Interface())
	}
	return string(text)
}

func flat(sets [][]string) []string {
	var all []string
	for _, s := range sets {
		all = append(all, "["+strings.Join(s, " ")+"]")
	}
	return all
}
