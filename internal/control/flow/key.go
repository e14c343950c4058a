package flow

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
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
	Value    Kind = "value" // read by the type itself, see PlainReader
	File     Kind = "file"  // path of a file in the project that holds the keys
	CSV      Kind = "csv"   // path of a file in the project with the columns key and value
	Group    Kind = "keys"  // a mapping with keys of its own
	raw      Kind = "raw"   // kept as a node
)

// PlainReader is a type that reads its value itself, in plain form: nil, bool,
// int64, record.Decimal (any other number, as written), string, []any, and
// []unit.Pair for a mapping. The error's next steps are shown with it.
type PlainReader interface{ ReadPlain(v any) error }

// Key is one key of a verb, a connector or another struct of the language, as
// its field's tags say:
//
//	From string `flow:"from,required,place" help:"connection to copy from"`
//	Existing string `flow:"existing" enum:"fail,skip" default:"fail" help:"..."`
//
// The kind follows from the Go type; a second word of the tag names it where
// the type has several (a plural, as in patterns, is the same kind). A pointer
// is nil when the key is not given. Words that are no kinds:
//
//	required   the key must be there
//	oneormore  of a list of texts: one may stand without brackets
//	names      of a list of structs: a mapping in the file's order; an entry's
//	           name goes into the field tagged ",name"
//	alone      a text in place of the whole struct is this key: lookups: {a: FILE}
//	bare       of a file: ${...} is refused in it
//
// A place of a struct is its keys, or NAME for {at: NAME}. Fields that are no
// keys have a tag that begins with a comma: see marks.
type Key struct {
	Name     string
	Kind     Kind
	List     bool // several in a list
	Map      bool // under names of the user's choice
	Named    bool // a List that is written as a mapping of names
	One      bool // a List of which one may stand without brackets
	Alone    bool // may stand for the struct that it is in
	Bare     bool // ${...} is refused
	Required bool
	Default  string
	Enum     []string
	Help     string

	index []int
	of    reflect.Type // the struct of a Group, of a Place with keys, of a File
}

// Keys are those of the mapping that stands behind the key, or in its file.
// They are looked up when they are asked for: a struct may hold itself.
func (k Key) Keys() []Key {
	if k.of == nil {
		return nil
	}
	return keysOf(k.of)
}

// short is the key that a text in place of the mapping stands for, empty when
// it must be a mapping.
func (k Key) short() string {
	if k.Kind == Place {
		return "at"
	}
	for _, inner := range k.Keys() {
		if inner.Alone {
			return inner.Name
		}
	}
	return ""
}

// base is the key itself, of an entry in its mapping or list.
func (k Key) base() string {
	name, _, _ := strings.Cut(k.Name, ".")
	name, _, _ = strings.Cut(name, "[")
	return name
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
		if ok && !strings.HasPrefix(tag, ",") {
			keys = append(keys, keyOf(f, i, tag))
		}
	}
	return keys
}

func keyOf(f reflect.StructField, i int, tag string) Key {
	words := strings.Split(tag, ",")
	k := Key{Name: words[0], Help: f.Tag.Get("help"), Default: f.Tag.Get("default"), index: []int{i}}
	if enum := f.Tag.Get("enum"); enum != "" {
		k.Enum = strings.Split(enum, ",")
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
		k.of = under(t)
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
	case w == "names" && k.List && k.of != nil:
		if _, ok := marks(k.of)[nameMark]; !ok {
			panic(fmt.Sprintf("field %s: %s has no field for the name", f.Name, k.of))
		}
		k.Named = true
	case w == "alone":
		k.Alone = true
	case w == "bare":
		k.Bare = true
	case w == "file" && k.Kind == Group && !k.List && !k.Map && f.Type.Kind() == reflect.Pointer:
		k.Kind = File
	default:
		k.Kind = kindNamed(f, w)
	}
}

func kindNamed(f reflect.StructField, word string) Kind {
	kinds := []Kind{Text, Name, Place, Pattern, Path, Expr, SQL, Bool, Int, Number, Duration, Size, Rate, Share, Secret, CSV}
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
		return raw
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

// textual kinds are written as a YAML text.
func (k Kind) textual() bool {
	switch k {
	case Bool, Int, Number, Secret, Group, raw:
		return false
	}
	return true
}
