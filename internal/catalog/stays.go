package catalog

import "fmt"

// Standing are the tables that stay at the target and take rows of the same
// table of the source, by name: those whose columns decide, too.
func (f Facts) Standing() map[Name]*Table {
	if f.Target == nil {
		return nil
	}
	there := make(map[Name]*Table, len(f.Target.Tables))
	for i := range f.Target.Tables {
		there[f.Target.Tables[i].Name] = &f.Target.Tables[i]
	}
	return there
}

// Leaves are the tables that hold the rows of one: it alone, or, of the root of
// partitions, those at their ends.
func (d *Database) Leaves(root Table) []Table {
	if root.Kind != Partitioned {
		return []Table{root}
	}
	var list []Table
	for _, t := range d.Tables {
		if t.Parent != nil && *t.Parent == root.Name {
			list = append(list, d.Leaves(t)...)
		}
	}
	return list
}

// Retyped names the copied columns that have another type at the target:
// "shop.orders.n integer -> bigint". Their values go as text.
func (f Facts) Retyped() []string {
	var list []string
	f.meet(func(t Table, c Column, there *Column) {
		if there != nil && c.Type != there.Type {
			list = append(list, fmt.Sprintf("%s.%s %s -> %s", t.Name, c.Name, c.Type, there.Type))
		}
	})
	return list
}

// meet goes through the copied columns of tables that stay.
func (f Facts) meet(one func(t Table, c Column, there *Column)) {
	standing := f.Standing()
	for _, t := range f.Source.Tables {
		there := standing[t.Name]
		if t.Kind != Plain || there == nil {
			continue
		}
		columns := map[string]*Column{}
		for i := range there.Columns {
			columns[there.Columns[i].Name] = &there.Columns[i]
		}
		for _, c := range t.Columns {
			if !c.Generated {
				one(t, c, columns[c.Name])
			}
		}
	}
}
