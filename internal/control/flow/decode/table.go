package decode

import (
	"fmt"
	"reflect"

	"godwit/internal/control/flow/source"
)

// Table reads the file of a csv key into the rows of its struct: the header,
// then all lines. A key that has two values is refused.
func (d *Decoder) Table(n *Node, path, rows reflect.Value, k Key, l *Level) {
	f := n.Field(k.Name)
	if f == nil {
		return // the verb says what else it may be
	}
	if path.String() == "" {
		return // reported
	}
	name, data, ok := d.Open(f.Value, path.String(), fmt.Sprintf("%s in %s", k.Name, l.Name))
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
