// Package printable knows which values of the rows that a map makes may be shown to
// people: a target does not know what the map says about a field. Start at Of.
package printable

import (
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/record"
	"godwit/internal/work/pipeline/mapping"
)

// Columns are, for each target, those that may be shown, with their slots.
type Columns []map[string]int

// Of finds them; without a map there are none.
func Of(m *mapping.Map, into []catalog.Into) Columns {
	all := make(Columns, len(into))
	for i, to := range into {
		all[i] = map[string]int{}
		if m == nil {
			continue
		}
		fields := m.Fields
		if i > 0 {
			fields = m.Rows[i-1].Fields
		}
		for _, f := range fields {
			if slot := slices.Index(to.Columns, f.Name); slot >= 0 && f.Printable {
				all[i][f.Name] = slot
			}
		}
	}
	return all
}

// Value is the refused one, openly if its field is printable and there is only
// one; else as the target tells it.
func (c Columns) Value(m record.Mapped, r *record.Refusal) string {
	found, times := "", 0
	for _, row := range m.Rows {
		if slot, ok := c[row.Into][r.Field]; ok {
			found, times = record.Show(row.Slots[slot], true), times+1
		}
	}
	if times != 1 {
		return r.Value
	}
	return found
}
