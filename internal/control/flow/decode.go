package flow

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"godwit/internal/control/flow/source"
)

// decoder fills structs from nodes.
type decoder struct {
	*source.Problems
	scope *scope          // what ${...} may use; nil: it may not stand here
	dir   string          // paths are relative to it
	known map[string]bool // connections; nil: names are not looked up
	used  map[string]bool // connections that were named
}

// group fills a struct from a mapping. At is the key before the mapping, for
// what is missing in it.
func (d *decoder) group(n *Node, v reflect.Value, l *level, at source.Spot) {
	if n.Shape == source.Invalid {
		return
	}
	if n.Shape != source.Mapping {
		d.Add(n.Spot, "flow.type", fmt.Sprintf("%s is a mapping of keys, not %s", l.name, described(n)), "keys: "+strings.Join(l.names(), ", "))
		return
	}
	given := map[string]bool{}
	for _, f := range n.Fields {
		k := l.key(f.Name)
		if k == nil {
			given[d.unknown(l, f)] = true
			continue
		}
		given[k.Name] = d.into(f.Value, v.FieldByIndex(k.index), *k, l, f.Spot)
		if !given[k.Name] && k.Required {
			d.Add(f.Value.Spot, "flow.required", fmt.Sprintf("%s needs %s, and this is null", l.name, k.Name))
			given[k.Name] = true
		}
	}
	for _, k := range l.keys {
		if !given[k.Name] && k.index != nil {
			d.missing(v.FieldByIndex(k.index), k, l, at)
		}
	}
}

func (d *decoder) missing(v reflect.Value, k Key, l *level, at source.Spot) {
	if k.Required {
		if at.Pos.File == "" {
			at.Pos.File = "--" + k.Name // Fill: it is a flag that is missing
		}
		d.Add(at, "flow.required", fmt.Sprintf("%s needs %s", l.name, k.Name), k.Name+": "+cmpOr(k.Help, string(k.Kind))+values(&k))
		return
	}
	defaults(v, k)
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// defaults sets a value that was not given. A group without a pointer gets the
// defaults of its keys.
func defaults(v reflect.Value, k Key) {
	switch {
	case k.Kind == Group && !k.List && !k.Map && v.Kind() == reflect.Struct:
		for _, k := range k.Keys {
			defaults(v.FieldByIndex(k.index), k)
		}
	case k.Default == "":
	case k.List:
		for i, text := range strings.Split(k.Default, ",") {
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
			mustSet(v.Index(i), k, text)
		}
	default:
		mustSet(v, k, k.Default)
	}
}

func mustSet(v reflect.Value, k Key, text string) {
	if err := set(v, k, text); err != nil {
		panic(fmt.Sprintf("default of key %s: %v", k.Name, err))
	}
}

// into fills one key's value and reports whether there is one: ${...} that is
// null is none.
func (d *decoder) into(n *Node, v reflect.Value, k Key, l *level, at source.Spot) bool {
	if k.Kind == raw && !k.Map && !k.List {
		v.Set(reflect.ValueOf(n))
		return true
	}
	if n.Shape == source.Invalid {
		return true
	}
	n, ok := d.resolve(n, k, l)
	if !ok {
		return true
	}
	if n.Style == source.Computed && n.Value == nil {
		return false
	}
	switch {
	case k.Map:
		d.entries(n, v, k, l)
	case k.List:
		d.items(n, v, k, l)
	default:
		d.one(n, v, k, l, at)
	}
	return true
}

func (d *decoder) entries(n *Node, v reflect.Value, k Key, l *level) {
	if n.Shape != source.Mapping {
		d.Add(n.Spot, "flow.type", fmt.Sprintf("%s in %s is a mapping of names, not %s", k.Name, l.name, described(n)))
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	entry := k
	entry.Map = false
	for _, f := range n.Fields {
		entry.Name = k.Name + "." + f.Name
		e := reflect.New(v.Type().Elem()).Elem()
		d.into(f.Value, e, entry, l, f.Spot)
		v.SetMapIndex(reflect.ValueOf(f.Name).Convert(v.Type().Key()), e)
	}
}

func (d *decoder) items(n *Node, v reflect.Value, k Key, l *level) {
	one := k
	one.List, one.Default = false, ""
	if n.Shape != source.List {
		next := ""
		if n.Shape == source.Scalar && n.Style != source.Computed {
			next = fmt.Sprintf("write [%s]", source.Quote(n.Text))
		}
		d.Add(n.Spot, "flow.type", strings.TrimSpace(fmt.Sprintf("%s in %s is a list, not %s", k.Name, l.name, described(n))), nonEmpty(next)...)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, len(n.Items)))
	for i, item := range n.Items {
		e := reflect.New(v.Type().Elem()).Elem()
		one.Name = fmt.Sprintf("%s[%d]", k.Name, i)
		if !d.into(item, e, one, l, item.Spot) {
			d.Add(item.Spot, "flow.null", fmt.Sprintf("%s in %s is null", one.Name, l.name))
		}
		v.Set(reflect.Append(v, e))
	}
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// one fills a single value.
func (d *decoder) one(n *Node, v reflect.Value, k Key, l *level, at source.Spot) {
	switch k.Kind {
	case Secret:
		d.secret(n, v, k, l)
	case Group:
		if v.Kind() == reflect.Pointer {
			v.Set(reflect.New(v.Type().Elem()))
			v = v.Elem()
		}
		d.group(n, v, &level{name: k.Name, keys: k.Keys, planned: planned[k.Name], up: l}, at)
	case Place, Name:
		d.place(n, v, k, l)
	default:
		d.plain(n, v, k, l)
	}
}

// place reads NAME or {at: NAME}.
func (d *decoder) place(n *Node, v reflect.Value, k Key, l *level) {
	if n.Shape == source.Mapping {
		at := Key{Name: "at", Kind: Name}
		inner := &level{name: k.Name, keys: []Key{at}, planned: planned["place"], up: l}
		for _, f := range n.Fields {
			if f.Name != "at" {
				d.unknown(inner, f)
				continue
			}
			d.into(f.Value, v, at, inner, f.Spot)
		}
		if n.Field("at") == nil {
			d.Add(n.Spot, "flow.required", k.Name+" needs at", "at: the name of a connection")
		}
		return
	}
	before := len(d.List)
	d.plain(n, v, k, l)
	name := v.String()
	if len(d.List) > before || d.known == nil {
		return
	}
	if d.known[name] {
		d.used[name] = true
		return
	}
	names := slices.Sorted(maps.Keys(d.known))
	d.Add(n.Spot, "connection.unknown", fmt.Sprintf("%s in %s: there is no connection %s", k.Name, l.name, source.Quote(name)), choice(name, names, "connections"))
}

// choice is the next step for a name that is not among those there are.
func choice(name string, names []string, what string) string {
	if near := nearest(name, names); near != "" {
		return "did you mean " + near + "? (" + strings.Join(names, ", ") + ")"
	}
	if len(names) == 0 {
		return "there are no " + what
	}
	return what + ": " + strings.Join(names, ", ")
}
