package tag

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/control/flow/source"
	"godwit/internal/secret"
)

// KeysOf lists the keys of a struct's type.
func KeysOf(t reflect.Type) []Key {
	var keys []Key
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("flow")
		if f.Anonymous && !ok && f.Type.Kind() == reflect.Struct {
			for _, k := range KeysOf(f.Type) {
				k.Index = append([]int{i}, k.Index...)
				keys = append(keys, k)
			}
			continue
		}
		if ok && !strings.HasPrefix(tag, ",") {
			keys = append(keys, keyOf(f, i, tag))
		}
	}
	return keys
}

func keyOf(f reflect.StructField, i int, tag string) Key {
	words := strings.Split(tag, ",")
	k := Key{Name: words[0], Help: f.Tag.Get("help"), Default: f.Tag.Get("default"), Index: []int{i}}
	if enum := f.Tag.Get("enum"); enum != "" {
		k.Enum = strings.Split(enum, ",")
	}
	if least, err := strconv.Atoi(f.Tag.Get("min")); err == nil {
		k.Min = least
	}
	t := f.Type
	if t.Kind() == reflect.Map && !plain(t) {
		k.Map, t = true, t.Elem()
	}
	if t.Kind() == reflect.Slice && !plain(t) {
		k.List, t = true, t.Elem()
	}
	if k.Kind = kindOf(t); k.Enum != nil {
		k.Kind = Enum
	}
	if k.Kind == Group {
		k.Of = under(t)
	}
	for _, w := range words[1:] {
		k.word(f, w)
	}
	return k
}

// word applies a word of the tag.
func (k *Key) word(f reflect.StructField, w string) {
	switch {
	case w == "required":
		k.Required = true
	case w == "oneormore" && k.List && k.Kind == Text:
		k.One = true
	case w == "names" && k.List && k.Of != nil:
		if _, ok := Marks(k.Of)[NameMark]; !ok {
			panic(fmt.Sprintf("field %s: %s has no field for the name", f.Name, k.Of))
		}
		k.Named = true
	case w == "alone":
		k.Alone = true
	case w == "bare":
		k.Bare = true
	case w == "template" && (k.Kind == Text || k.Kind == Value):
		k.Template = true
	case w == "file" && k.Kind == Group && !k.List && !k.Map && f.Type.Kind() == reflect.Pointer:
		k.Kind = File
	default:
		k.Kind = kindNamed(f, w)
	}
}

func kindNamed(f reflect.StructField, word string) Kind {
	kinds := []Kind{Text, Name, Place, Pattern, Path, Expr, SQL, Bool, Int, Number, Duration, Size, Rate, Share, Secret, CSV, Request}
	if i := slices.Index(kinds, Kind(strings.TrimSuffix(word, "s"))); i >= 0 {
		return kinds[i]
	}
	panic(fmt.Sprintf("field %s: %q is no kind of the flow language", f.Name, word))
}

var (
	nodeType     = reflect.TypeFor[*source.Node]()
	secretType   = reflect.TypeFor[secret.Source]()
	durationType = reflect.TypeFor[time.Duration]()
	textual      = reflect.TypeFor[encoding.TextUnmarshaler]()
	plainReader  = reflect.TypeFor[PlainReader]()
)

func plain(t reflect.Type) bool { return reflect.PointerTo(under(t)).Implements(plainReader) }

func under(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func kindOf(t reflect.Type) Kind {
	if t == nodeType {
		return Raw
	}
	t = under(t)
	switch {
	case plain(t):
		return Value
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
