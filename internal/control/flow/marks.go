package flow

import (
	"reflect"
	"slices"

	"godwit/internal/control/flow/tag"
)

// mark fills what is no key. The place of an embedded struct is set when one
// of its keys is given: so it can be told from one that is left out.
func (d *decoder) mark(n *Node, v reflect.Value, l *level, given map[string]bool) {
	found := tag.Marks(v.Type())
	if index, ok := found[tag.PositionMark]; ok {
		outer := index[:len(index)-1]
		within := func(k Key) bool {
			return given[k.Name] && len(k.Index) >= len(outer) && slices.Equal(k.Index[:len(outer)], outer)
		}
		if len(outer) == 0 || slices.ContainsFunc(l.keys, within) {
			v.FieldByIndex(index).SetString(n.Spot.Pos.String())
		}
	}
	if index, ok := found[tag.ScopeMark]; ok && d.scope != nil && d.scope.values != nil {
		v.FieldByIndex(index).SetBytes(d.scope.frozen())
	}
	index, ok := found[tag.RowsMark]
	if i := slices.IndexFunc(l.keys, func(k Key) bool { return k.Kind == CSV }); ok && i >= 0 {
		d.table(n, v.FieldByIndex(l.keys[i].Index), v.FieldByIndex(index), l.keys[i], l)
	}
}
