package definition

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/connector/postgres/survey"
	"godwit/internal/fault"

	"github.com/jackc/pgx/v5"
)

// Objects in one statement and so in one transaction. Each locks itself, its
// indexes and its TOAST table, and max_locks_per_transaction is small by default.
const clearedAtOnce = 100

// Clear computes what makes room by policy "replace" or "truncate"; any other
// needs none. Replace drops what the source's selection holds, whatever else
// is in schemas that are selected as a whole, and large objects of the same
// oids; extensions stay. Truncate empties the selected tables. Each definition
// is one transaction's work; Tables are those whose rows it destroys. What the
// target holds is looked up anew, all of it: what is not selected decides too.
// kept is what stays because others use it, and is only needed by the
// selection, not selected itself.
func Clear(ctx context.Context, conn *pgx.Conn, policy string, sel catalog.Selection, source *catalog.Database) (
	made []catalog.Definition, kept []catalog.Object, err error,
) {
	c := clearing{sel: sel, source: source}
	switch policy {
	case "truncate":
		err = c.truncate(ctx, conn)
	case "replace":
		err = c.replace(ctx, conn)
	}
	return c.made, c.kept, err
}

// clearing collects the statements.
type clearing struct {
	sel    catalog.Selection
	source *catalog.Database
	made   []catalog.Definition
	kept   []catalog.Object
}

func (c *clearing) add(kind string, name catalog.Name, tables []catalog.Name, sql string) {
	d := catalog.Definition{
		ID: len(c.made) + 1, Section: catalog.Before, Kind: kind, Name: name, Tables: tables, SQL: sql,
	}
	if len(c.made) > 0 {
		d.After = []int{len(c.made)}
	}
	c.made = append(c.made, d)
}

// depended is the refusal to take away what others need; include are the
// patterns that would select these too.
func depended(texts, include []string) error {
	slices.Sort(texts)
	texts = slices.Compact(texts)
	e := fault.New(fault.Config, "target.depended",
		"%d objects that are not selected depend on what would be replaced", len(texts))
	for _, t := range texts {
		e = e.With("depends", "%s", t)
	}
	slices.Sort(include)
	include = slices.Compact(include)
	if len(include) == 0 {
		return e.Hint("select them too, or drop them first")
	}
	const most = 12
	list := strings.Join(include[:min(len(include), most)], " --include ")
	if len(include) > most {
		list += fmt.Sprintf(" and %d more", len(include)-most)
	}
	return e.Hint("select them too: --include %s; or drop them first", list)
}

// truncate empties tables in one statement for all that foreign keys connect.
func (c *clearing) truncate(ctx context.Context, conn *pgx.Conn) error {
	there, err := survey.Tables(ctx, conn)
	if err != nil {
		return err
	}
	tables := c.emptied(there)
	keys, err := readForeignKeys(ctx, conn)
	if err != nil {
		return err
	}
	chosen := map[uint32]int{}
	for i, t := range tables {
		chosen[t.OID] = i
	}
	group := make([]int, len(tables))
	for i := range group {
		group[i] = i
	}
	var refused, include []string
	for _, k := range keys {
		to, referenced := chosen[k.To]
		from, selected := chosen[k.From]
		switch {
		case referenced && !selected:
			refused = append(refused, fmt.Sprintf("foreign key %s of %s", k.Name, k.Table))
			include = append(include, k.Table)
		case referenced && selected:
			join(group, from, to)
		}
	}
	if len(refused) > 0 {
		return depended(refused, include)
	}
	together := map[int][]catalog.Table{}
	var order []int
	for i, t := range tables {
		g := find(group, i)
		if together[g] == nil {
			order = append(order, g)
		}
		together[g] = append(together[g], t)
	}
	var batch []catalog.Table
	for i, g := range order {
		batch = append(batch, together[g]...)
		if len(batch) >= clearedAtOnce || i == len(order)-1 {
			c.addTruncate(batch)
			batch = nil
		}
	}
	return nil
}

func (c *clearing) addTruncate(tables []catalog.Table) {
	var names []catalog.Name
	var list []string
	for _, t := range tables {
		names = append(names, t.Name)
		if t.Kind == catalog.Partitioned {
			list = append(list, t.Name.SQL()) // ONLY is refused there
		} else {
			list = append(list, "ONLY "+t.Name.SQL())
		}
	}
	c.add("TRUNCATE", names[0], names, "TRUNCATE TABLE "+strings.Join(list, ", "))
}

// emptied are those of the target's tables that the source has too. A root is among
// them when all its partitions are: it takes them along.
func (c *clearing) emptied(there []survey.Table) []catalog.Table {
	selected := map[catalog.Name]bool{}
	for _, t := range c.source.Tables {
		selected[t.Name] = true
	}
	kept := map[catalog.Name]bool{} // roots of partitions that stay
	parents := map[catalog.Name]*catalog.Name{}
	for _, t := range there {
		parents[t.Name] = t.Parent
	}
	stays := func(t survey.Table) bool { return !selected[t.Name] || t.Kind == catalog.Foreign }
	for _, t := range there {
		for p := t.Parent; p != nil && stays(t); p = parents[*p] {
			kept[*p] = true
		}
	}
	var all []catalog.Table
	for _, t := range there {
		if !stays(t) && (t.Kind == catalog.Plain || t.Kind == catalog.Partitioned && !kept[t.Name]) {
			all = append(all, t.Table)
		}
	}
	return all
}

func find(group []int, i int) int {
	for group[i] != i {
		group[i] = group[group[i]]
		i = group[i]
	}
	return i
}

func join(group []int, a, b int) { group[find(group, a)] = find(group, b) }
