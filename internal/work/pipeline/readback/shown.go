package readback

import (
	"godwit/internal/unit/calls"
	"godwit/internal/work/pipeline/mapping"
	"godwit/internal/work/pipeline/printable"
)

// Shown are the fields that may be shown to people: of the record's object those
// that the map calls so, of what other calls have made none.
func Shown(m *mapping.Map, d *calls.Delivery) printable.Columns {
	all := make(printable.Columns, len(Into(d, nil)))
	for i := range all {
		all[i] = map[string]int{}
	}
	if m == nil || d.Read == nil {
		return all
	}
	for n, f := range m.Fields {
		if f.Printable {
			all[0][f.Name] = n
		}
	}
	return all
}
