package mapping

import (
	"fmt"
	"strings"

	"godwit/internal/catalog"
)

// slot finds where a field goes: a column, a part of the document in a JSON
// column, a part of a document. False after a problem.
func (c *compiler) slot(f *field, in scoped) bool {
	t := in.target
	if t == nil {
		f.rest = f.parts
		return true
	}
	name, col := f.name, t.find(f.name)
	if col == nil && len(f.parts) > 1 {
		name, col = f.parts[0], t.find(f.parts[0])
		f.rest = f.parts[1:]
		if col != nil && col.Type.Kind != catalog.KindJSON {
			c.add("", "map.column", fmt.Sprintf("%s is %s: nothing is below it", quote(name), col.Type), "only columns of JSON hold documents")
			return false
		}
	}
	switch {
	case t.table == nil:
		name = f.parts[0]
	case col == nil:
		c.add("", "map.column", fmt.Sprintf("%s has no column %s", t.table.Name, quote(name)), suggest(name, t.names()))
		return false
	case col.Generated:
		c.add("", "map.column", fmt.Sprintf("%s makes %s itself: nobody may write it", t.table.Name, quote(name)), "leave the field out")
		return false
	}
	i, ok := t.index[name]
	if !ok {
		i = len(t.columns)
		t.index[name] = i
		t.columns = append(t.columns, name)
		t.slots = append(t.slots, layout{column: col, json: col != nil && col.Type.Kind == catalog.KindJSON})
	}
	f.slot = i
	if len(f.rest) > 0 {
		t.slots[i].nested = true
	}
	return true
}

func (t *target) find(name string) *catalog.TargetColumn {
	if t.table == nil {
		return nil
	}
	for i := range t.table.Columns {
		if t.table.Columns[i].Name == name {
			return &t.table.Columns[i]
		}
	}
	return nil
}

// names are the columns that may be written.
func (t *target) names() []string {
	var names []string
	for _, c := range t.table.Columns {
		if !c.Generated {
			names = append(names, c.Name)
		}
	}
	return names
}

// Identity is the map of a flow that has none: columns of the source and the
// target that have the same name, those that the target makes itself left out.
// Columns that only one side has are not in it; Compile tells when the target
// must have one. Names are compared as they are.
func Identity(in Input, at string) *Map {
	m := &Map{At: at}
	for _, f := range in.Source.Fields {
		name := f.Name
		if len(in.Tables) > 0 {
			col := (&target{table: &in.Tables[0]}).find(name)
			if col == nil || col.Generated {
				continue
			}
		}
		m.Fields = append(m.Fields, Field{Name: name, From: []string{pathOf(name)}, At: at})
	}
	return m
}

// pathOf is the path of a field of the source by its name.
func pathOf(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
