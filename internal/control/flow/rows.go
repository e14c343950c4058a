package flow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"

	"github.com/expr-lang/expr/types"
)

// Rows are the columns of the queries that loops ask, by the id of their step.
type Rows map[string][]string

// Against tells what of the flow names a column that its loop's query has not. Of a
// flow that was frozen with a run nothing is told: its run tells.
func (b *Bound) Against(rows Rows) Diagnostics {
	if b.from.again == nil || len(rows) == 0 {
		return nil
	}
	return b.from.again(rows)
}

// loop reads the for_each of a step, and gives the items that are seen inside it: its own,
// and those of the loops around it.
func (d *decoder) loop(s *Step, n *Node, k *eachKeys, around types.Map) types.Map {
	each, columns := d.each(n, k)
	s.Each = each
	items := types.Map{}
	maps.Copy(items, around)
	items[each.As] = d.item(s, n, columns)
	return items
}

// item is the type of a loop's item: its fields, where they are known. Columns are those
// of its file.
func (d *decoder) item(s *Step, n *Node, columns []string) types.Type {
	rows, asked := d.rows[s.ID]
	if asked {
		columns = rows
	}
	if columns == nil {
		return types.Any
	}
	if first, _, _ := strings.Cut(s.Each.Key, "."); asked && !slices.Contains(columns, first) {
		at := n.At("key")
		d.Add(at, "flow.value", fmt.Sprintf("the query of the for_each has no column %s, which tells the items apart", source.Quote(s.Each.Key)),
			decode.Choice(first, columns, "columns"), "name the one that does by key in for_each")
	}
	fields := types.Map{}
	for _, name := range columns {
		fields[name] = types.Any
	}
	return fields
}
