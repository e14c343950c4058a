// Package inspection is the screen of what a database holds. Start at Inspection.
package inspection

import (
	"sort"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/ui/layout"
	"godwit/internal/ui/view"
)

// Inspection is what a database holds.
type Inspection struct {
	Connection string
	Database   *catalog.Database
	Tables     bool // list tables instead of schemas
}

// Draw is Screen's.
func (i Inspection) Draw(edge int) []string {
	db := i.Database
	side := view.Side{Name: i.Connection, System: db.System, Version: db.Version, Database: db.Name, Tables: int64(len(db.Tables)), Schemas: int64(len(db.Schemas)), Bytes: db.Bytes}
	lines := append(view.Heads([]view.Side{side}, edge), "")
	if i.Tables {
		lines = append(lines, i.tables()...)
	} else {
		lines = append(lines, i.schemas()...)
	}
	if others := i.others(); others != "" {
		lines = append(append(lines, ""), layout.Wrap(layout.Left("also", 8), others, 8, edge)...)
	}
	if n := len(db.LeftOut); n > 0 {
		lines = append(lines, "left out by the selection: "+view.Plural(n, "table"))
	}
	for _, o := range db.Omitted {
		lines = append(lines, layout.Wrap("", "left out: "+o.What+": "+o.Why, 8, edge)...)
	}
	return lines
}

// estimate is a number of rows that the catalogue only believes in.
func estimate(rows int64) string {
	if rows < 0 {
		return "unknown"
	}
	return view.Count(rows)
}

func (i Inspection) tables() []string {
	columns := []layout.Column{{Head: "table", Most: 50}, {Head: "rows, about", Right: true}, {Head: "size", Right: true},
		{Head: "columns", Right: true}, {Head: "key"}}
	tables := append([]catalog.Table(nil), i.Database.Tables...)
	sort.SliceStable(tables, func(a, b int) bool { return tables[a].Bytes > tables[b].Bytes })
	var rows [][]string
	for _, t := range tables {
		key := strings.Join(t.Key, ", ")
		if key == "" && t.HasRows() {
			key = "none: verified as a multiset"
		}
		rows = append(rows, []string{t.Name.String(), estimate(t.Rows), view.Size(t.Bytes), view.Count(len(t.Columns)), key})
	}
	return layout.Table(columns, rows)
}

func (i Inspection) schemas() []string {
	type sum struct{ tables, keyless, rows, bytes, unknown int64 }
	sums := map[string]*sum{}
	for _, s := range i.Database.Schemas {
		sums[s] = &sum{}
	}
	for _, t := range i.Database.Tables {
		s := sums[t.Name.Schema]
		if s == nil {
			s = &sum{}
			sums[t.Name.Schema] = s
		}
		s.tables++
		s.bytes += t.Bytes
		if t.HasRows() && len(t.Key) == 0 {
			s.keyless++
		}
		if t.HasRows() && t.Rows < 0 {
			s.unknown++
		}
		s.rows += max(0, t.Rows)
	}
	names := make([]string, 0, len(sums))
	for name := range sums {
		names = append(names, name)
	}
	sort.Slice(names, func(a, b int) bool {
		if x, y := sums[names[a]].bytes, sums[names[b]].bytes; x != y {
			return x > y
		}
		return names[a] < names[b]
	})
	columns := []layout.Column{{Head: "schema", Most: 40}, {Head: "tables", Right: true}, {Head: "rows, about", Right: true},
		{Head: "size", Right: true}, {Head: "without key", Right: true}, {Head: ""}}
	var rows [][]string
	for _, name := range names {
		s := sums[name]
		note := ""
		if s.unknown > 0 {
			note = view.Count(s.unknown) + " never analysed"
		}
		rows = append(rows, []string{name, view.Count(s.tables), view.Count(s.rows), view.Size(s.bytes), view.Count(s.keyless), note})
	}
	return layout.Table(columns, rows)
}

func (i Inspection) others() string {
	counts := map[string]int{}
	for _, o := range i.Database.Others {
		counts[strings.ToLower(o.Kind)]++
	}
	if n := len(i.Database.Sequences); n > 0 {
		counts["sequence"] += n
	}
	if n := len(i.Database.Blobs); n > 0 {
		counts["large object"] += n
	}
	kinds := make([]string, 0, len(counts))
	for k := range counts {
		kinds = append(kinds, k)
	}
	sort.Strings(kinds)
	parts := make([]string, 0, len(kinds))
	for _, k := range kinds {
		parts = append(parts, view.Plural(counts[k], k))
	}
	return strings.Join(parts, ", ")
}
