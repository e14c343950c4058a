package flow

import (
	"fmt"
	"reflect"
	"slices"

	"godwit/internal/control/flow/source"
)

// table reads the file of a csv key into the rows of its struct: the header,
// then all lines. A key that has two values is refused.
func (d *decoder) table(n *Node, path, rows reflect.Value, k Key, l *level) {
	f := n.Field(k.Name)
	if f == nil {
		if !d.refusedIn(n) {
			d.Add(n.Spot, "flow.required", fmt.Sprintf("%s needs %s", l.name, k.Name), k.Name+": "+k.Help)
		}
		return
	}
	if path.String() == "" {
		return // reported
	}
	name, data, ok := d.open(f.Value, path.String(), fmt.Sprintf("%s in %s", k.Name, l.name))
	if !ok {
		return
	}
	text, ok := source.Text(name, data, "flow.file", d.Problems)
	if !ok {
		return
	}
	if out, ok := source.CSV(text, data, d.Problems); ok {
		path.SetString(name)
		rows.Set(reflect.ValueOf(out))
	}
}

// refusedIn reports whether a key of the mapping was refused.
func (d *decoder) refusedIn(n *Node) bool {
	return slices.ContainsFunc(n.Fields, func(f source.Field) bool { return d.Told(f.Spot) })
}
