package flow

import (
	"fmt"
	"reflect"

	"godwit/internal/control/flow/source"
)

// table reads the file of a csv key into the rows of its struct: the header,
// then all lines. A key that has two values is refused.
func (d *decoder) table(n *Node, path, rows reflect.Value, k Key, l *level) {
	f := n.Field(k.Name)
	if f == nil {
		return // the verb says what else it may be
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
