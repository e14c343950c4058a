package decode

import (
	"reflect"
	"slices"

	"godwit/internal/control/flow/tag"
)

// mark fills what is no key. The place of an embedded struct is set when one
// of its keys is given: so it can be told from one that is left out.
func (d *Decoder) mark(n *Node, v reflect.Value, l *Level, given map[string]bool) {
	found := tag.Marks(v.Type())
	if index, ok := found[tag.PositionMark]; ok {
		outer := index[:len(index)-1]
		within := func(k Key) bool {
			return given[k.Name] && len(k.Index) >= len(outer) && slices.Equal(k.Index[:len(outer)], outer)
		}
		if len(outer) == 0 || slices.ContainsFunc(l.Keys, within) {
			v.FieldByIndex(index).SetString(n.Spot.Pos.String())
		}
	}
	if index, ok := found[tag.ScopeMark]; ok && d.Scope != nil && d.Scope.Values != nil {
		v.FieldByIndex(index).SetBytes(d.Scope.frozen())
	}
	if index, ok := found[tag.ReferredMark]; ok && len(d.Referred) > 0 {
		v.FieldByIndex(index).Set(reflect.ValueOf(d.Referred))
	}
	if index, ok := found[tag.StubbedMark]; ok && len(d.Stubbed) > 0 {
		v.FieldByIndex(index).Set(reflect.ValueOf(d.Stubbed))
	}
	if index, ok := found[tag.ArgsMark]; ok && d.Scope != nil {
		d.arguments(n, v, v.FieldByIndex(index), l)
	}
	index, ok := found[tag.RowsMark]
	if i := slices.IndexFunc(l.Keys, func(k Key) bool { return k.Kind == CSV }); ok && i >= 0 {
		d.Table(n, v.FieldByIndex(l.Keys[i].Index), v.FieldByIndex(index), l.Keys[i], l)
	}
}
