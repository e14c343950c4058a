package decode

import (
	"reflect"
	"time"

	"godwit/internal/control/flow/tag"
	"godwit/internal/secret"
)

// What the tags of a struct say: see package tag.
type (
	Key         = tag.Key
	Kind        = tag.Kind
	PlainReader = tag.PlainReader
)

// The kinds.
const (
	Text     = tag.Text
	Name     = tag.Name
	Place    = tag.Place
	Pattern  = tag.Pattern
	Path     = tag.Path
	Expr     = tag.Expr
	SQL      = tag.SQL
	Enum     = tag.Enum
	Bool     = tag.Bool
	Int      = tag.Int
	Number   = tag.Number
	Duration = tag.Duration
	Secret   = tag.Secret
	Request  = tag.Request
	Ask      = tag.Ask
	Value    = tag.Value
	File     = tag.File
	CSV      = tag.CSV
	Group    = tag.Group
	raw      = tag.Raw
)

// Keys lists the keys of a struct by its tags, in the order of its fields.
func Keys(spec any) []Key { return tag.Keys(spec) }

var (
	secretType   = reflect.TypeFor[secret.Source]()
	durationType = reflect.TypeFor[time.Duration]()
)
