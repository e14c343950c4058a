// Package stub makes rows that stand in for records which others refer to and which
// are not there: in the transaction of those, so that they live and die together.
// It knows what a map says about such rows and not how records are loaded. Start at
// Plan and Maker.Make.
package stub

import (
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/record"
	"godwit/internal/work/pipeline/mapping"
)

// keyField is what a stub's fields are made of: the value that a record refers to.
const keyField = "key"

// Spec is what stands in for records of an entity.
type Spec struct {
	Table catalog.TargetTable `json:"table"`
	Into  catalog.Into        `json:"into"`  // with the key that its fields fill
	Known string              `json:"known"` // column that its rows are known by
	Place record.Place        `json:"place"`
}

// Input is what stubs are compiled with.
type Input struct {
	Map     *mapping.Map
	Env     map[string]any
	Lookups map[string]map[string]string
}

// Tables are those that stubs of a map go to, in its order.
func Tables(m *mapping.Map) (names []string) {
	if m != nil {
		for _, s := range m.Stubs {
			names = append(names, s.Into)
		}
	}
	return names
}

// Split tells the tables of a load's own records from those of its stubs, which come
// behind.
func Split(all []catalog.TargetTable, m *mapping.Map) (own, stubs []catalog.TargetTable) {
	n := 1
	if m != nil {
		n += len(m.Rows)
	}
	n = min(n, len(all))
	return all[:n:n], all[n:]
}

// Plan checks the stubs of a map against their tables, in the same order. Place is
// where records of an entity go that stand in a table.
func Plan(in Input, tables []catalog.TargetTable, place func(entity string, table catalog.Name) record.Place) ([]Spec, []mapping.Problem) {
	if in.Map == nil || len(tables) != len(in.Map.Stubs) { // tried without a system
		return nil, nil
	}
	var all []Spec
	var problems []mapping.Problem
	for i, s := range in.Map.Stubs {
		bad := func(key, text, next string) {
			problems = append(problems, mapping.Problem{At: s.At, Key: key, Code: "map.stub", Text: s.At + ": " + text, Next: []string{next}})
		}
		program, found := in.compile(s, tables[i])
		if problems = append(problems, found...); len(found) > 0 {
			continue
		}
		if (&mapping.Map{Fields: s.Fields}).References() != nil {
			bad("fields", "a stub refers to no other record", "leave the ref out: default or const gives its value")
			continue
		}
		t, columns := tables[i], program.Columns(0)
		filled := func(key []string) bool {
			return len(key) > 0 && !slices.ContainsFunc(key, func(c string) bool { return !slices.Contains(columns, c) })
		}
		keys := append([][]string{t.Key}, t.Unique...)
		at := slices.IndexFunc(keys, filled)
		switch {
		case at < 0:
			bad("fields", "fields of the stub fill no unique key of "+t.Name.String(), "fill the one that the records of "+s.Entity+" are merged by (to.key)")
			continue
		case len(t.Key) != 1:
			bad("into", t.Name.String()+" has no key of one column that rows could be known by", "only such a table can be referred to")
			continue
		}
		all = append(all, Spec{Table: t, Into: catalog.Into{Table: t.Name, Columns: columns, Key: keys[at]}, Known: t.Key[0], Place: place(s.Entity, t.Name)})
	}
	return all, problems
}

func (in Input) compile(s mapping.Stub, t catalog.TargetTable) (*mapping.Program, []mapping.Problem) {
	m := &mapping.Map{Fields: s.Fields, Lookups: in.Map.Lookups, At: s.At}
	return mapping.Compile(m, mapping.Input{Source: schema, Tables: []catalog.TargetTable{t}, Env: in.Env, Lookups: in.Lookups})
}

// schema is that of what a stub is made of. What the value's type is depends on the
// field that refers.
var schema = &catalog.Schema{Fields: []catalog.Field{{Name: keyField}}}

// Problem says why records of an entity cannot be loaded in a mode when maps make
// stubs of them, "" when they can.
func Problem(entity, mode, gone string, stubbed []string) string {
	if !slices.Contains(stubbed, entity) || mode == "merge" && (gone == "" || gone == "keep") {
		return ""
	}
	return "maps make stubs of " + entity + " (orphan: stub): mode: merge without gone puts its records in their place, nothing else does"
}
