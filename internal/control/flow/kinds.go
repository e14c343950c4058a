package flow

import "godwit/internal/control/flow/tag"

// What the tags of a struct say: see package tag.
type (
	Key  = tag.Key
	Kind = tag.Kind
)

// The kinds.
const (
	Text     = tag.Text
	Name     = tag.Name
	Place    = tag.Place
	Path     = tag.Path
	Expr     = tag.Expr
	Enum     = tag.Enum
	Bool     = tag.Bool
	Int      = tag.Int
	Number   = tag.Number
	Duration = tag.Duration
	Rate     = tag.Rate
	Share    = tag.Share
	Secret   = tag.Secret
	Value    = tag.Value
	File     = tag.File
	CSV      = tag.CSV
	Group    = tag.Group
	raw      = tag.Raw
)

// Keys lists the keys of a struct by its tags, in the order of its fields.
func Keys(spec any) []Key { return tag.Keys(spec) }
