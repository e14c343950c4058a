package decode

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"godwit/internal/control/flow/scalar"
	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/tag"
	"godwit/internal/nearest"
	"godwit/internal/unit/request"
)

// Decoder fills structs from nodes.
type Decoder struct {
	*source.Problems
	Scope *Scope          // what ${...} may use; nil: it may not stand here
	Dir   string          // paths are relative to it
	Known map[string]bool // connections; nil: names are not looked up
	Used  map[string]bool // connections that were named
	Files *source.Files   // of the project; nil: none can be named
	Later *Later          // what is only known in the run; nil: nothing
	// Referred are the entities that maps of the project refer to, Stubbed those that
	// they make stubs of.
	Referred, Stubbed []string

	within []string // files that this stands in
	asked  []asked  // statements of the group at hand, and of those in it
}

// Group fills a struct from a mapping. At is the key before the mapping, for
// what is missing in it.
func (d *Decoder) Group(n *Node, v reflect.Value, l *Level, at source.Spot) {
	if n.Shape == source.Invalid {
		return
	}
	if n.Shape != source.Mapping {
		d.Add(n.Spot, "flow.type", fmt.Sprintf("%s is %s, not %s", l.Name, cmp.Or(l.Form, "a mapping of keys"), Described(n)), "keys: "+strings.Join(l.Names(), ", "))
		return
	}
	outer := d.asked
	d.asked = nil
	defer func() { d.asked = append(outer, d.asked...) }()
	given := map[string]bool{}
	for _, f := range n.Fields {
		k := l.Key(f.Name)
		if k == nil {
			given[d.Unknown(l, f)] = true
			continue
		}
		given[k.Name] = d.Into(f.Value, v.FieldByIndex(k.Index), *k, l, f.Spot)
		if !given[k.Name] && k.Required {
			d.Add(f.Value.Spot, "flow.required", fmt.Sprintf("%s needs %s, and this is null", l.Name, k.Name))
			given[k.Name] = true
		}
	}
	for _, k := range l.Keys {
		if !given[k.Name] && k.Index != nil {
			d.missing(v.FieldByIndex(k.Index), k, l, at)
		}
	}
	d.mark(n, v, l, given)
}

func (d *Decoder) missing(v reflect.Value, k Key, l *Level, at source.Spot) {
	if k.Required {
		if at.Pos.File == "" {
			at.Pos.File = "--" + k.Name // Fill: it is a flag that is missing
		}
		d.Add(at, "flow.required", fmt.Sprintf("%s needs %s", l.Name, k.Name), k.Name+": "+cmp.Or(k.Help, string(k.Kind))+values(&k))
		return
	}
	defaults(v, k)
}

// defaults sets a value that was not given. A group without a pointer gets the
// defaults of its keys.
func defaults(v reflect.Value, k Key) {
	switch {
	case (k.Kind == Group || k.Kind == Place) && !k.List && !k.Map && v.Kind() == reflect.Struct:
		for _, k := range k.Keys() {
			defaults(v.FieldByIndex(k.Index), k)
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
	if err := scalar.Set(v, k, text); err != nil {
		panic(fmt.Sprintf("default of key %s: %v", k.Name, err))
	}
}

// into fills one key's value and reports whether there is one: ${...} that is
// null is none.
func (d *Decoder) Into(n *Node, v reflect.Value, k Key, l *Level, at source.Spot) bool {
	if k.Kind == raw && !k.Map && !k.List {
		v.Set(reflect.ValueOf(n))
		return true
	}
	if n.Shape == source.Invalid {
		return true
	}
	if k.Kind == Ask && n.Shape == source.Scalar {
		k.Kind = SQL
		if request.Is(n.Text) {
			k.Kind = Request
		}
	}
	written := n
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
	case k.Named:
		d.ordered(n, v, k, l)
	case k.List:
		d.items(n, v, k, l)
	default:
		d.one(n, v, k, l, at)
	}
	if k.Kind == File && d.Files != nil {
		d.Files.Roots[written] = d.Files.Roots[n]
	}
	return true
}

func (d *Decoder) entries(n *Node, v reflect.Value, k Key, l *Level) {
	if n.Shape != source.Mapping {
		d.Add(n.Spot, "flow.type", fmt.Sprintf("%s in %s is a mapping of names, not %s", k.Name, l.Name, Described(n)))
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	entry := k
	entry.Map = false
	for _, f := range n.Fields {
		entry.Name = k.Name + "." + f.Name
		e := reflect.New(v.Type().Elem()).Elem()
		if d.Into(f.Value, e, entry, l, f.Spot) { // null takes it away
			v.SetMapIndex(reflect.ValueOf(f.Name).Convert(v.Type().Key()), e)
		}
	}
}

// ordered reads a mapping of names into a list, in the file's order.
func (d *Decoder) ordered(n *Node, v reflect.Value, k Key, l *Level) {
	if n.Shape != source.Mapping {
		d.Add(n.Spot, "flow.type", fmt.Sprintf("%s in %s is a mapping of names, not %s", k.Name, l.Name, Described(n)))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, len(n.Fields)))
	entry, name := k, tag.Marks(k.Of)[tag.NameMark]
	entry.List, entry.Named = false, false
	for _, f := range n.Fields {
		if f.Name == "" {
			d.Add(f.Spot, "flow.value", fmt.Sprintf("%s in %s: a name is empty", k.Name, l.Name))
		}
		entry.Name = k.Base() + "." + f.Name
		e := reflect.New(v.Type().Elem()).Elem()
		e.FieldByIndex(name).SetString(f.Name)
		d.Into(f.Value, e, entry, l, f.Spot)
		v.Set(reflect.Append(v, e))
	}
}

func (d *Decoder) items(n *Node, v reflect.Value, k Key, l *Level) {
	one := k
	one.List, one.One, one.Default = false, false, ""
	if k.One && !d.oneOrMore(n, v, one, l) {
		return
	}
	if n.Shape != source.List {
		next := ""
		if n.Shape == source.Scalar && n.Style != source.Computed {
			next = fmt.Sprintf("write [%s]", source.Quote(n.Text))
			if k.Kind == Value && n.Kind() != "text" {
				next = "write [" + n.Text + "]"
			}
		}
		d.Add(n.Spot, "flow.type", strings.TrimSpace(fmt.Sprintf("%s in %s is a list, not %s", k.Name, l.Name, Described(n))), NonEmpty(next)...)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, len(n.Items)))
	for i, item := range n.Items {
		e := reflect.New(v.Type().Elem()).Elem()
		one.Name = fmt.Sprintf("%s[%d]", k.Name, i)
		if !d.Into(item, e, one, l, item.Spot) {
			d.Add(item.Spot, "flow.null", fmt.Sprintf("%s in %s is null", one.Name, l.Name))
		}
		v.Set(reflect.Append(v, e))
	}
}

func NonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// one fills a single value.
func (d *Decoder) one(n *Node, v reflect.Value, k Key, l *Level, at source.Spot) {
	switch k.Kind {
	case Secret:
		d.secret(n, v, k, l)
	case Group:
		d.nested(n, v, k, l, at)
	case Place, Name:
		if k.Of != nil {
			d.nested(n, v, k, l, at)
			return
		}
		d.place(n, v, k, l)
	case File:
		d.file(n, v, k, l)
	case Value:
		d.value(n, v, k, l)
	default:
		d.plain(n, v, k, l)
	}
}

// nested fills a struct inside another one. A text in place of its mapping is
// the key that may stand alone.
func (d *Decoder) nested(n *Node, v reflect.Value, k Key, l *Level, at source.Spot) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	inner := &Level{Name: k.Name, Keys: k.Keys(), Planned: Planned[k.Base()], Up: l}
	if short := k.Short(); short != "" {
		inner.Form = "a text or a mapping of keys"
		if n.Shape == source.Scalar {
			n = &Node{Shape: source.Mapping, Fields: []source.Field{{Name: short, Value: n, Spot: n.Spot}}, Spot: n.Spot}
		}
	}
	d.Group(n, v, inner, at)
}

// oneOrMore reads a text that stands for a list of one. It reports true when
// it is a list, which is read as others are.
func (d *Decoder) oneOrMore(n *Node, v reflect.Value, one Key, l *Level) bool {
	if n.Shape == source.List {
		if len(n.Items) == 0 {
			d.Add(n.Spot, "flow.value", fmt.Sprintf("%s in %s names nothing", one.Name, l.Name), "take the key away")
		}
		return len(n.Items) > 0
	}
	e := reflect.New(v.Type().Elem()).Elem()
	before := len(d.List)
	d.one(n, e, one, l, n.Spot)
	if text := e.String(); len(d.List) == before && strings.Contains(text, ",") {
		d.Add(n.Spot, "flow.value", fmt.Sprintf("%s in %s: %s is one name with a comma in it", one.Name, l.Name, source.Quote(text)), "write ["+text+"]")
	}
	v.Set(reflect.Append(reflect.MakeSlice(v.Type(), 0, 1), e))
	return false
}

// place reads NAME or {at: NAME}.
func (d *Decoder) place(n *Node, v reflect.Value, k Key, l *Level) {
	if n.Shape == source.Mapping {
		at := Key{Name: "at", Kind: Name}
		inner := &Level{Name: k.Name, Keys: []Key{at}, Planned: Planned["place"], Up: l}
		for _, f := range n.Fields {
			if f.Name != "at" {
				d.Unknown(inner, f)
				continue
			}
			d.Into(f.Value, v, at, inner, f.Spot)
		}
		if n.Field("at") == nil {
			d.Add(n.Spot, "flow.required", k.Name+" needs at", "at: the name of a connection")
		}
		return
	}
	before := len(d.List)
	d.plain(n, v, k, l)
	name := v.String()
	if len(d.List) > before || d.Known == nil {
		return
	}
	if d.Known[name] {
		d.Used[name] = true
		return
	}
	names := slices.Sorted(maps.Keys(d.Known))
	d.Add(n.Spot, "connection.unknown", fmt.Sprintf("%s in %s: there is no connection %s", k.Name, l.Name, source.Quote(name)), Choice(name, names, "connections"))
}

// Choice is the next step for a name that is not among those there are.
func Choice(name string, names []string, what string) string {
	if near := nearest.Name(name, names); near != "" {
		return "did you mean " + near + "? (" + strings.Join(names, ", ") + ")"
	}
	if len(names) == 0 {
		return "there are no " + what
	}
	return what + ": " + strings.Join(names, ", ")
}
