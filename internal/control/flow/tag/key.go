package tag

import (
	"reflect"
	"strings"
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
	Request  Kind = "request" // METHOD /PATH; what ${} fills in is encoded as one part of the path
	Value    Kind = "value"   // read by the type itself, see PlainReader
	File     Kind = "file"    // path of a file in the project that holds the keys
	CSV      Kind = "csv"     // path of a file in the project with the columns key and value
	Group    Kind = "keys"    // a mapping with keys of its own
	Raw      Kind = "raw"     // kept as a node
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
//	template   ${...} stays as it is: it is filled in for each record
//
// A place of a struct is its keys, or NAME for {at: NAME}. Fields that are no
// keys have a tag that begins with a comma: see Marks.
type Key struct {
	Name     string
	Kind     Kind
	List     bool // several in a list
	Map      bool // under names of the user's choice
	Named    bool // a List that is written as a mapping of names
	One      bool // a List of which one may stand without brackets
	Alone    bool // may stand for the struct that it is in
	Bare     bool // ${...} is refused
	Template bool // ${...} is left as it is
	Required bool
	Default  string
	Enum     []string
	Min      int // of an Int, the least there may be; 0: any
	Help     string

	Index []int        // of the field, as reflect has it
	Of    reflect.Type // the struct of a Group, of a Place with keys, of a File
}

// Keys are those of the mapping that stands behind the key, or in its file.
// They are looked up when they are asked for: a struct may hold itself.
func (k Key) Keys() []Key {
	if k.Of == nil {
		return nil
	}
	return KeysOf(k.Of)
}

// Short is the key that a text in place of the mapping stands for, empty when
// it must be a mapping.
func (k Key) Short() string {
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

// Base is the key itself, of an entry in its mapping or list.
func (k Key) Base() string {
	name, _, _ := strings.Cut(k.Name, ".")
	name, _, _ = strings.Cut(name, "[")
	return name
}

// Keys lists the keys of a struct by its tags, in the order of its fields.
// Spec is a struct or a pointer to one. Wrong tags panic: they are code.
func Keys(spec any) []Key { return KeysOf(Struct(spec)) }

// Struct is the type of a struct, or of what a pointer points to.
func Struct(spec any) reflect.Type {
	t := reflect.TypeOf(spec)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
