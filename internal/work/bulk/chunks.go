package bulk

import (
	"godwit/internal/catalog"
	"godwit/internal/unit"
)

// Sizes that decide how rows are cut into units.
const (
	smallTable  = 1 << 20  // tables under it share a transaction
	smallGroup  = 16 << 20 // bytes of the tables of one group
	smallCount  = 64       // tables of one group
	perWorker   = 8        // chunks that each worker would get if all were one table
	wholeTable  = 1 << 50  // as a chunk's size: never cut
	pageSize    = 8192
	blobsInUnit = 256
	namesInUnit = 1000
)

// What a chunk may weigh. Variables, so that binaries built for tests can cut
// small data into many chunks.
var (
	chunkLeast int64 = 16 << 20
	chunkMost  int64 = 1 << 30
)

// chunkBytes is the aimed size of a chunk: small enough that the last worker
// is not alone for long, large enough that a chunk costs more than its mark.
func chunkBytes(total int64, workers int) int64 {
	return min(chunkMost, max(chunkLeast, total/int64(perWorker*workers)))
}

// chunks cuts a table into ranges of pages that tile it: the first begins at
// page 0, the last has no end, whatever the table grew to meanwhile.
func chunks(t catalog.Table, format string, size int64) []catalog.Chunk {
	whole := catalog.Chunk{
		Table: t.Name, Into: t.Name, Columns: t.Copied(), Format: format, Number: 1,
		FileNode: t.FileNode, Shape: catalog.Shape(t.Columns), Bytes: t.Bytes, Unlogged: t.Unlogged,
	}
	n := max(1, (t.Bytes+size/2)/size)
	n = min(n, max(1, t.Blocks))
	if n == 1 {
		return []catalog.Chunk{whole}
	}
	list := make([]catalog.Chunk, 0, n)
	for i := range n {
		c := whole
		c.Number = int(i) + 1
		c.From = t.Blocks * i / n
		c.To = t.Blocks * (i + 1) / n
		c.Bytes = t.Bytes / n
		if i == n-1 {
			c.To = 0
		}
		list = append(list, c)
	}
	return list
}

// data adds the units that copy rows and returns the groups of small tables.
func (x *expansion) data() [][]catalog.Table {
	var total int64
	for _, t := range x.tables {
		total += t.Bytes
	}
	size := chunkBytes(total, x.spec.workers(x.facts.Cores))
	var groups [][]catalog.Table
	for i := range x.tables {
		x.tables[i].Unlogged = x.unlogged(x.tables[i])
		if x.tables[i].Bytes >= smallTable {
			x.large(x.tables[i], size)
		}
	}
	// Never both kinds in one unit: a crash takes the rows of one only.
	for _, unlogged := range []bool{false, true} {
		groups = append(groups, x.groups(unlogged)...)
	}
	for _, g := range groups {
		x.small(g)
	}
	return groups
}

// groups puts the small tables together, largest first.
func (x *expansion) groups(unlogged bool) [][]catalog.Table {
	var groups [][]catalog.Table
	var group []catalog.Table
	var bytes int64
	for _, t := range x.tables {
		if t.Bytes >= smallTable || t.Unlogged != unlogged {
			continue
		}
		if len(group) == smallCount || len(group) > 0 && bytes+t.Bytes > smallGroup {
			groups, group, bytes = append(groups, group), nil, 0
		}
		group, bytes = append(group, t), bytes+t.Bytes
	}
	if len(group) > 0 {
		groups = append(groups, group)
	}
	return groups
}

// unlogged reports whether a crash of the target empties the table there: of
// one that stays as it is, the target knows, by the tables that take the rows.
// None are of both kinds: see unlike.
func (x *expansion) unlogged(t catalog.Table) bool {
	if x.facts.Target != nil && (x.spec.Existing == Append || x.spec.Existing == Truncate) {
		for _, there := range x.facts.Target.Tables {
			if there.Name == t.Name {
				leaves := x.facts.Target.Leaves(there)
				return len(leaves) > 0 && leaves[0].Unlogged
			}
		}
	}
	return t.Unlogged
}

func (x *expansion) large(t catalog.Table, size int64) {
	for _, c := range chunks(t, x.format(t), size) {
		x.add(unit.Unit{
			Kind: "data", Entity: t.Name.String(), Class: classCopy, Weight: c.Bytes,
			Tags: []string{tagData, dataOf(t.Name)}, After: []string{tagDefined},
		}, t.Name.String(), x.dataSpec(c))
	}
}

func (x *expansion) small(group []catalog.Table) {
	u := unit.Unit{Kind: "small", Class: classCopy, Tags: []string{tagData}, After: []string{tagDefined}}
	if len(group) == 1 {
		u.Entity = group[0].Name.String()
	}
	var list []catalog.Chunk
	for _, t := range group {
		list = append(list, chunks(t, x.format(t), wholeTable)[0])
		u.Tags = append(u.Tags, dataOf(t.Name))
		u.Weight += t.Bytes + pageSize // an empty table costs something too
	}
	x.add(u, "tables", x.dataSpec(list...))
}

// dataSpec is the unit that copies some chunks.
func (x *expansion) dataSpec(list ...catalog.Chunk) DataSpec {
	isolate := x.spec.BadRows == Isolate
	for i := range list {
		if isolate {
			list[i].Key = x.tellsApart(list[i].Table)
		}
	}
	return DataSpec{From: x.spec.From, To: x.spec.To, Policy: x.spec.SnapshotLost, Chunks: list, Isolate: isolate}
}

// tellsApart is the key of a table: the source's, or, where it has none, that
// of the target's table.
func (x *expansion) tellsApart(n catalog.Name) []string {
	for _, t := range x.tables {
		if t.Name == n && len(t.Key) > 0 {
			return t.Key
		}
	}
	if there := x.standing(n); there != nil {
		return there.Key
	}
	return nil
}

// repairs lists the tables whole, with what tells their rows apart.
func (x *expansion) repairs() []catalog.Chunk {
	list := make([]catalog.Chunk, 0, len(x.tables))
	for _, t := range x.tables {
		list = append(list, x.repair(t))
	}
	return list
}

func (x *expansion) repair(t catalog.Table) catalog.Chunk {
	c := chunks(t, x.format(t), wholeTable)[0]
	c.Number, c.Key = 0, t.Key
	return c
}
