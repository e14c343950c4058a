package records

import (
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/records/foreseen"
)

// suspects collects the records of a page whose refusal is foreseen. A
// statement that fails (a text that its type does not take, a table that may
// not be read) finds none.
func (w *Writer) suspects(b *batch) string {
	var all strings.Builder
	for at, p := range b.parts {
		for _, c := range w.foreseen {
			if c.Table != p.target+1 || !b.holds(p, c.Columns) {
				continue
			}
			fmt.Fprintf(&all, "BEGIN godwit_bad := godwit_bad || ARRAY(SELECT v.godwit_record FROM (SELECT s.godwit_record, %s FROM %s s WHERE s.godwit_part = %d) v WHERE %s);\n"+
				"EXCEPTION WHEN OTHERS THEN NULL; END;\n", b.values(p, c.Columns, true), w.stages[p.target], at, c.Where(w.coming(b, c)))
		}
	}
	return all.String()
}

// coming are the rows of the page that others of it may refer to.
func (w *Writer) coming(b *batch, c foreseen.Condition) string {
	var all []string
	for at, p := range b.parts {
		if c.Place != nil && p.target == *c.Place-1 && b.holds(p, c.Refers) {
			all = append(all, fmt.Sprintf("SELECT %s FROM %s s WHERE s.godwit_part = %d", b.values(p, c.Refers, false), w.stages[p.target], at))
		}
	}
	return strings.Join(all, " UNION ALL ")
}

// holds reports whether a part has all of some columns.
func (b *batch) holds(p part, columns []string) bool {
	return !slices.ContainsFunc(columns, func(name string) bool {
		return !slices.Contains(p.present, slices.Index(b.targets[p.target].Columns, name))
	})
}

// values are staged columns as they are written, under their names if named.
func (b *batch) values(p part, columns []string, named bool) string {
	t := &b.targets[p.target]
	list := make([]string, len(columns))
	for i, name := range columns {
		list[i] = t.staged(slices.Index(t.Columns, name))
		if named {
			list[i] += " AS " + catalog.Quote(name)
		}
	}
	return strings.Join(list, ", ")
}
