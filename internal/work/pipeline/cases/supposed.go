package cases

import (
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/work/pipeline/mapping"
)

// Supposed are tables for a map with rows: they have the columns that it fills.
func Supposed(m *mapping.Map) []catalog.TargetTable {
	if len(m.Rows) == 0 {
		return nil
	}
	tables := []catalog.TargetTable{{Name: catalog.Name{Object: "record"}, Columns: columns(m.Fields)}}
	for _, r := range m.Rows {
		name, err := catalog.ParseName(r.Into)
		if err != nil {
			name = catalog.Name{Object: r.Into}
		}
		tables = append(tables, catalog.TargetTable{Name: name, Columns: columns(r.Fields), Key: r.Key})
	}
	return tables
}

func columns(fields []mapping.Field) []catalog.TargetColumn {
	var list []catalog.TargetColumn
	seen := map[string]bool{}
	for _, f := range fields {
		name, _, nested := strings.Cut(f.Name, ".")
		if seen[name] {
			continue
		}
		seen[name] = true
		c := catalog.TargetColumn{Name: name}
		if nested || f.Each != "" {
			c.Type.Kind = catalog.KindJSON
		}
		list = append(list, c)
	}
	return list
}
