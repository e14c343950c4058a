package flow

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/secret"
)

// Kind is what a key's value is. A key has one kind.
type Kind string

// The kinds. Map and List of a Key say that it holds several of its kind.
const (
	Text     Kind = "text"
	Name     Kind = "name"  // a connection of the project
	Place    Kind = "place" // NAME or {at: NAME}
	Pattern  Kind = "pattern"
	Path     Kind = "path" // of a file, relative to godwit.yaml
	Expr     Kind = "expr"
	SQL      Kind = "sql"
	Enum     Kind = "enum"
	Bool     Kind = "bool"
	Int      Kind = "int"
	Number   Kind = "number"
	Duration Kind = "duration" // time.Duration
	Size     Kind = "size"     // bytes
	Rate     Kind = "rate"     // per second
	Share    Kind = "share"    // 0.05 for 5%
	Secret   Kind = "secret"
	Group    Kind = "keys" // a mapping with keys of its own
	raw      Kind = "raw"  // kept as a node
)

// Key is one key of a verb, a connector or another struct of the language, as
// its field's tags say:
//
//	From string `flow:"from,required,place" help:"connection to copy from"`
//	Existing string `flow:"existing" enum:"fail,skip" default:"fail" help:"..."`
//
// The kind follows from the Go type; a second word of the tag names it where
// the type has several (a plural, as in patterns, is the same kind). A pointer
// is nil when the key is not given.
type Key struct {
	Name     string
	Kind     Kind
	List     bool // several in a list
	Map      bool // under names of the user's choice
	Required bool
	Default  string
	Enum     []string
	Min      int // of an Int, the least there may be; 0: any
	Help     string
	Keys     []Key // of a Group

	index []int
	typ   reflect.Type
}

// Keys lists the keys of a struct by its tags, in the order of its fields.
// Spec is a struct or a pointer to one. Wrong tags panic: they are code.
func Keys(spec any) []Key {
	t := reflect.TypeOf(spec)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return keysOf(t)
}

func keysOf(t reflect.Type) []Key {
	var keys []Key
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("flow")
		if f.Anonymous && !ok && f.Type.Kind() == reflect.Struct {
			for _, k := range keysOf(f.Type) {
				k.index = append([]int{i}, k.index...)
				keys = append(keys, k)
			}
			continue
		}
		if ok {
			keys = append(keys, keyOf(f, i, tag))
		}
	}
	return keys
}

func keyOf(f reflect.StructField, i int, tag string) Key {
	words := strings.Split(tag, ",")
	k := Key{Name: words[0], Help: f.Tag.Get("help"), Default: f.Tag.Get("default"), index: []int{i}, typ: f.Type}
	if enum := f.Tag.Get("enum"); enum != "" {
		k.Enum = strings.Split(enum, ",")
	}
	if least, err := strconv.Atoi(f.Tag.Get("min")); err == nil {
		k.Min = least
	}
	t := f.Type
	if t.Kind() == reflect.Map {
		k.Map, t = true, t.Elem()
	}
	if t.Kind() == reflect.Slice {
		k.List, t = true, t.Elem()
	}
	if k.Kind = kindOf(t); k.Enum != nil {
		k.Kind = Enum
	}
	for _, w := range words[1:] {
		if w == "required" {
			k.Required = true
			continue
		}
		k.Kind = named(f, w)
	}
	if k.Kind == Group {
		k.Keys = keysOf(under(t))
	}
	return k
}

func named(f reflect.StructField, word string) Kind {
	kinds := []Kind{Text, Name, Place, Pattern, Path, Expr, SQL, Bool, Int, Number, Duration, Size, Rate, Share, Secret}
	if i := slices.Index(kinds, Kind(strings.TrimSuffix(word, "s"))); i >= 0 {
		return kinds[i]
	}
	panic(fmt.Sprintf("field %s: %q is no kind of the flow language", f.Name, word))
}

var (
	nodeType     = reflect.TypeFor[*Node]()
	secretType   = reflect.TypeFor[secret.Source]()
	durationType = reflect.TypeFor[time.Duration]()
	textual      = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func under(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func kindOf(t reflect.Type) Kind {
	if t == nodeType {
		return raw
	}
	t = under(t)
	switch {
	case t == secretType:
		return Secret
	case t == durationType:
		return Duration
	case reflect.PointerTo(t).Implements(textual):
		return Text
	}
	switch t.Kind() {
	case reflect.String:
		return Text
	case reflect.Bool:
		return Bool
	case reflect.Int, reflect.Int64, reflect.Int32:
		return Int
	case reflect.Float64:
		return Number
	case reflect.Struct:
		return Group
	}
	panic(fmt.Sprintf("type %s has no kind in the flow language", t))
}

// textual kinds are written as a YAML text.
func (k Kind) textual() bool {
	switch k {
	case Bool, Int, Number, Secret, Group, raw:
		return false
	}
	return true
}
