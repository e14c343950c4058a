package bulk

import (
	"slices"
	"strconv"
	"strings"

	"godwit/internal/catalog"
	"godwit/internal/unit"
)

// sorted holds the definitions by when they are due.
type sorted struct {
	before  []catalog.Definition
	keys    map[catalog.Name][]catalog.Definition // indexes, keys and what is said about them, by table
	roots   []catalog.Definition                  // indexes and keys of partitioned tables, which their leaves' are attached to
	foreign []catalog.Definition
	views   []catalog.Definition // materialised views' content and their indexes
	late    []catalog.Definition
}

// sortDefinitions says when each definition is due. What the writer calls
// after-data belongs to a table whose rows are copied (an index), to two (a
// foreign key), to a view, or to the very end.
func sortDefinitions(all []catalog.Definition, tables []catalog.Table) sorted {
	s := sorted{keys: map[catalog.Name][]catalog.Definition{}}
	rows := map[catalog.Name]bool{}
	for _, t := range tables {
		rows[t.Name] = true
	}
	views := map[catalog.Name]bool{}
	for _, d := range all {
		if d.Kind == "MATERIALIZED VIEW" {
			views[d.Name] = true
		}
	}
	place := map[int]*[]catalog.Definition{}
	for _, d := range all {
		switch list := s.place(d, rows, views, place); {
		case list != nil:
			*list = append(*list, d)
			place[d.ID] = list
		default:
			s.keys[d.Tables[0]] = append(s.keys[d.Tables[0]], d)
		}
	}
	return s
}

// place finds a definition's list; nil stands for the keys of its table. A
// definition that needs one of a later list comes no earlier than that.
func (s *sorted) place(d catalog.Definition, rows, views map[catalog.Name]bool, place map[int]*[]catalog.Definition) *[]catalog.Definition {
	if d.Section == catalog.Before {
		return &s.before
	}
	for _, id := range d.After {
		if l := place[id]; l == &s.late || l == &s.views {
			return l
		}
	}
	switch {
	case d.Kind == "FK CONSTRAINT":
		return &s.foreign
	case d.Kind == "MATERIALIZED VIEW DATA":
		return &s.views
	case slices.ContainsFunc(d.Tables, func(n catalog.Name) bool { return views[n] }):
		return &s.views
	case isKey(d.Kind) && len(d.Tables) == 1 && rows[d.Tables[0]]:
		return nil
	case isKey(d.Kind), d.Kind == "INDEX ATTACH":
		return &s.roots
	}
	return &s.late
}

func isKey(kind string) bool {
	switch kind {
	case "INDEX", "CONSTRAINT", "STATISTICS":
		return true
	}
	return false
}

// indexes adds, per large table one unit per index or key, per group of small
// tables one unit for all of theirs: each as soon as its data is in.
func (x *expansion) indexes(s sorted, groups [][]catalog.Table) {
	grouped := map[catalog.Name]bool{}
	for _, g := range groups {
		for _, t := range g {
			grouped[t.Name] = true
		}
	}
	for _, t := range x.tables {
		if !grouped[t.Name] {
			x.keysOfLarge(t, s.keys[t.Name])
		}
	}
	for _, g := range groups {
		u := unit.Unit{Kind: "key", Class: classIndex, Tags: []string{tagKeys}}
		var list []catalog.Definition
		for _, t := range g {
			list = append(list, s.keys[t.Name]...)
			u.Tags, u.After = append(u.Tags, keysOf(t.Name)), append(u.After, dataOf(t.Name))
			u.Weight += t.Bytes
		}
		if len(list) > 0 {
			slices.SortFunc(list, func(a, b catalog.Definition) int { return a.ID - b.ID })
			x.add(u, "tables", StatementSpec{x.spec.To, statements(list)})
		}
	}
}

// keysOfLarge puts each index with what depends on it (a comment, its cluster
// mark) into one unit.
func (x *expansion) keysOfLarge(t catalog.Table, list []catalog.Definition) {
	if len(list) == 0 {
		return
	}
	after := dataOf(t.Name)
	if x.count["data "+t.Name.String()] > 1 {
		after = x.mend(t)
	}
	for _, d := range list {
		kind := "index"
		if d.Kind == "CONSTRAINT" {
			kind = "key"
		}
		x.add(unit.Unit{
			Kind: kind, Entity: t.Name.String(), Class: classIndex, Weight: max(1, t.Bytes),
			Tags: []string{tagKeys, keysOf(t.Name)}, After: []string{after},
		}, t.Name.String()+"/"+d.Name.Object, StatementSpec{x.spec.To, statements([]catalog.Definition{d})})
	}
}

// mend adds the unit that brings a table of several chunks to one snapshot, in
// case they were read at several: no unique key could be made over the same
// row of two moments. It returns the tag that keys wait for.
func (x *expansion) mend(t catalog.Table) string {
	x.add(unit.Unit{
		Kind: "reconcile", Entity: t.Name.String(), Class: classOther, Weight: 1,
		After: []string{dataOf(t.Name)}, Tags: []string{wholeOf(t.Name)}, Uses: []string{unit.Alone + t.Name.String()},
	}, t.Name.String(), RepairSpec{
		From: x.spec.From, To: x.spec.To, Policy: x.spec.SnapshotLost, Repair: true, Mixed: true, Number: 1, Append: x.spec.Existing == Append,
		Tables: []catalog.Chunk{x.repair(t)},
	})
	return wholeOf(t.Name)
}

// roots adds the indexes and keys of partitioned tables: their leaves' are in.
func (x *expansion) roots(list []catalog.Definition) {
	after := []string{tagKeys}
	for part := range slices.Chunk(list, definitionsInUnit) {
		tag := "roots " + strconv.Itoa(len(x.units))
		x.add(unit.Unit{
			Kind: "key", Class: classDefine, Weight: int64(len(part)), After: after, Tags: []string{tagRoots, tag},
		}, "partitioned", StatementSpec{x.spec.To, statements(part)})
		after = append(after, tag)
	}
}

// foreign adds one unit per foreign key, when all keys are in and all rows are
// of one snapshot. Both its tables are locked against each other's keys, so
// two of them never touch one table at the same time.
func (x *expansion) foreign(list []catalog.Definition) {
	size := map[catalog.Name]int64{}
	for _, t := range x.tables {
		size[t.Name] = t.Bytes
	}
	for _, d := range list {
		u := unit.Unit{
			Kind: "foreign", Class: classIndex, Weight: 1, Entity: d.Tables[0].String(),
			After: []string{tagReconciled, tagKeys, tagRoots}, Tags: []string{tagForeign},
		}
		for _, t := range d.Tables {
			u.Weight += size[t]
			u.Uses = append(u.Uses, unit.Alone+t.String())
		}
		x.add(u, d.Tables[0].String()+"/"+d.Name.Object, StatementSpec{x.spec.To, statements([]catalog.Definition{d})})
	}
}

// values adds sequences and large objects: as they are at the snapshot. What is
// set again never runs beside what is set for the first time: the value that is
// recorded last is the one that was set last.
func (x *expansion) values(made []catalog.Definition) {
	sequences := x.facts.Source.Sequences
	if x.spec.Existing == Skip { // what is there is left alone
		sequences = slices.DeleteFunc(slices.Clone(sequences), func(n catalog.Name) bool {
			return !slices.ContainsFunc(made, func(d catalog.Definition) bool { return d.Kind == "SEQUENCE" && d.Name == n })
		})
	}
	sequences, used := x.shared(sequences)
	for _, s := range []SequenceSpec{{Sequences: sequences}, {Sequences: used, Forward: true}} {
		for part := range slices.Chunk(s.Sequences, namesInUnit) {
			x.add(unit.Unit{
				Kind: "sequence", Class: classOther, Weight: 1, After: []string{tagReconciled}, Tags: []string{tagValues},
				Uses: []string{unit.Alone + "sequences"},
			}, "values", SequenceSpec{x.spec.From, x.spec.To, part, s.Forward})
		}
	}
	for part := range slices.Chunk(x.objects, blobsInUnit) {
		x.add(unit.Unit{
			Kind: "blob", Class: classCopy, Weight: int64(len(part)) * pageSize, After: []string{tagDefined}, Tags: []string{tagValues},
			Uses: []string{unit.Alone + "objects from " + strconv.FormatUint(uint64(part[0]), 10)},
		}, "objects", BlobSpec{x.spec.From, x.spec.To, part})
	}
}

// shared divides sequences into those that take the source's values and those
// that numbered rows of the target, which stay: of these the further one counts.
func (x *expansion) shared(all []catalog.Name) (own, used []catalog.Name) {
	if x.spec.Existing != Append || x.facts.Target == nil {
		return all, nil
	}
	for _, n := range all {
		if slices.Contains(x.facts.Target.Sequences, n) {
			used = append(used, n)
		} else {
			own = append(own, n)
		}
	}
	return own, used
}

// views fills materialised views in the order of their definitions, which is
// that of their dependencies, each with its indexes.
func (x *expansion) views(list []catalog.Definition) {
	after := []string{tagForeign, tagKeys, tagReconciled}
	for i, d := range list {
		tag := "view " + strconv.Itoa(i)
		x.add(unit.Unit{
			Kind: "view", Entity: d.Name.String(), Class: classIndex, Weight: 1, After: after, Tags: []string{tagViews, tag},
		}, d.Name.String(), StatementSpec{x.spec.To, statements([]catalog.Definition{d})})
		after = []string{tag}
	}
}

// late adds triggers, rules, policies, subscriptions: what copied rows must
// not meet.
func (x *expansion) late(list []catalog.Definition) {
	after := []string{tagForeign, tagKeys, tagReconciled, tagViews, tagValues}
	for part := range slices.Chunk(x.without(list), definitionsInUnit) {
		tag := "late " + strconv.Itoa(len(x.units))
		x.add(unit.Unit{
			Kind: "define", Class: classDefine, Weight: int64(len(part)), After: after, Tags: []string{tagLate, tag},
		}, "after", StatementSpec{x.spec.To, statements(part)})
		after = append(after, tag)
	}
}

// analyze adds one unit per large table, one per group of small ones.
func (x *expansion) analyze(groups [][]catalog.Table) {
	one := func(object string, tables []catalog.Table) {
		u := unit.Unit{Kind: "analyze", Class: classOther, Tags: []string{tagAnalyzed}, After: []string{tagReconciled, tagForeign}}
		names := make([]string, 0, len(tables))
		for _, t := range tables {
			names = append(names, t.Name.SQL())
			u.Weight += t.Bytes
			u.After = append(u.After, keysOf(t.Name))
		}
		x.add(u, object, StatementSpec{x.spec.To, []string{"ANALYZE " + strings.Join(names, ", ")}})
	}
	grouped := map[catalog.Name]bool{}
	for _, g := range groups {
		one("tables", g)
		for _, t := range g {
			grouped[t.Name] = true
		}
	}
	for _, t := range x.tables {
		if !grouped[t.Name] {
			one(t.Name.String(), []catalog.Table{t})
		}
	}
}

func statements(list []catalog.Definition) []string {
	sql := make([]string, 0, len(list))
	for _, d := range list {
		sql = append(sql, d.SQL)
	}
	return sql
}
