package bulk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/unit"
)

// Classes of units: those of one class share a rate in the forecast.
const (
	classDefine = "define"
	classCopy   = "copy"
	classIndex  = "index"
	classOther  = "other"
)

// Tags that units wait for.
const (
	tagDefined    = "defined"    // all definitions that go before the data
	tagData       = "data"       // all rows of all tables
	tagReconciled = "reconciled" // all rows are of one snapshot
	tagKeys       = "keys"       // all indexes and keys
	tagRoots      = "roots"      // those of partitioned tables
	tagForeign    = "foreign"
	tagViews      = "views"
	tagValues     = "values" // sequences and large objects
	tagLate       = "late"   // triggers, rules and whatever else comes last
	tagAnalyzed   = "analyzed"
	tagAgain      = "again" // what was done as of an earlier snapshot, once more
)

func dataOf(n catalog.Name) string { return "data " + n.String() }
func keysOf(n catalog.Name) string { return "keys " + n.String() }

// wholeOf is for a table whose chunks are of one snapshot.
func wholeOf(n catalog.Name) string { return "whole " + n.String() }

// expansion collects the units of one copy in the order in which they are to
// be started: it is the order of the house, definitions first, largest tables
// first.
type expansion struct {
	step   string
	spec   *Copy
	facts  catalog.Facts
	tables []catalog.Table // whose rows are copied, largest first
	units  []unit.Unit
	count  map[string]int // units so far, by kind and object

	objects  []uint32                        // large objects that are copied
	standing map[catalog.Name]*catalog.Table // of the target, that are filled as they are
	alone    map[int]bool                    // definitions, by ID, of large objects that are left alone
}

// plan expands a copy. Order over the whole selection, never per schema:
// definitions, data, indexes and keys per table, foreign keys, values, views,
// statistics; so a key across schemas cannot decide the order of anything.
func plan(step string, spec *Copy, facts catalog.Facts) ([]unit.Unit, error) {
	x := &expansion{step: step, spec: spec, facts: facts, count: map[string]int{}}
	if err := x.settle(); err != nil {
		return nil, err
	}
	definitions := sortDefinitions(x.missing(facts.Definitions), x.tables)
	x.define(definitions.before)
	groups := x.data()
	x.add(unit.Unit{Kind: "reconcile", Class: classOther, Weight: 1, After: []string{tagDefined, tagData}, Tags: []string{tagReconciled}},
		"all", RepairSpec{From: spec.From, To: spec.To, Policy: spec.SnapshotLost, Append: spec.Existing == Append, Tables: x.repairs()})
	x.indexes(definitions, groups)
	x.roots(definitions.roots)
	x.foreign(definitions.foreign)
	x.values()
	x.views(definitions.views)
	x.late(definitions.late)
	x.analyze(groups)
	x.orphans()
	x.add(unit.Unit{Kind: "marks", Class: classOther, Weight: 1, After: []string{tagDefined, tagAnalyzed, tagLate, tagViews, tagForeign, tagKeys, tagValues, tagReconciled, tagChecked}},
		"all", MarksSpec{To: spec.To})
	return x.units, nil
}

// settle decides which tables' rows are copied and refuses what the policy
// for existing tables forbids.
func (x *expansion) settle() error {
	if len(x.facts.Source.Tables)+len(x.facts.Definitions) == 0 && len(x.spec.Include)+len(x.spec.Exclude) > 0 {
		return fault.New(fault.Config, "selection.empty", "the selection leaves nothing to copy").
			Hint("godwit inspect lists the tables; look at include and exclude")
	}
	there := map[catalog.Name]bool{}
	if x.facts.Target != nil {
		for _, t := range x.facts.Target.Tables {
			there[t.Name] = true
		}
	}
	var exist []catalog.Name
	for _, t := range x.facts.Source.Tables {
		if there[t.Name] {
			exist = append(exist, t.Name)
			if x.spec.Existing == Skip {
				continue
			}
		}
		if t.Kind == catalog.Plain {
			x.tables = append(x.tables, t)
		}
	}
	if x.spec.Existing == Fail {
		if exist = append(exist, x.clashes()...); len(exist) > 0 {
			return notEmpty(exist, x.spec.To)
		}
	}
	slices.SortStableFunc(x.tables, func(a, b catalog.Table) int { return int(max(-1, min(1, b.Bytes-a.Bytes))) })
	return cmp.Or(x.facts.Unreserved(x.spec.From), x.blobs(), x.columns())
}

// clashes are the other objects of the selection that are at the target: each
// would be made a second time. Schemas and extensions may be there.
func (x *expansion) clashes() []catalog.Name {
	if x.facts.Target == nil {
		return nil
	}
	there := map[catalog.Object]bool{}
	for _, o := range x.facts.Target.Others {
		there[o] = true
	}
	for _, n := range x.facts.Target.Sequences {
		there[catalog.Object{Kind: "SEQUENCE", Name: n}] = true
	}
	var list []catalog.Name
	for _, d := range x.facts.Definitions {
		if d.Kind != "EXTENSION" && d.Kind != "SCHEMA" && there[catalog.Object{Kind: d.Kind, Name: d.Name}] {
			list = append(list, d.Name)
		}
	}
	return list
}

func notEmpty(exist []catalog.Name, to string) error {
	e := fault.New(fault.Config, "target.not-empty", "%d of the selected objects are in %s already", len(exist), to)
	for i, n := range exist {
		if i == 5 {
			e = e.With("", "and %d more", len(exist)-i)
			break
		}
		e = e.With("exists", "%s", n)
	}
	return e.Hint("existing: replace drops them and makes them again; truncate empties them; append adds; skip leaves them alone")
}

// missing leaves out the definitions of what stays at the target as it is: of
// tables that are there everything that belongs to them, of other objects the
// one of the same kind and name.
func (x *expansion) missing(all []catalog.Definition) []catalog.Definition {
	if x.facts.Target == nil || x.spec.Existing == Fail || x.spec.Existing == Replace {
		return all
	}
	tables, objects, named := map[catalog.Name]bool{}, map[catalog.Object]bool{}, map[catalog.Name]bool{}
	for _, t := range x.facts.Target.Tables {
		tables[t.Name] = true
	}
	for _, n := range x.facts.Target.Sequences {
		objects[catalog.Object{Kind: "SEQUENCE", Name: n}], named[n] = true, true
	}
	for _, o := range x.facts.Target.Others {
		objects[o], named[o.Name] = true, true
	}
	stays := func(d catalog.Definition) bool {
		switch d.Kind {
		case "TABLE", "FOREIGN TABLE", "TABLE ATTACH", "MATERIALIZED VIEW":
			return tables[d.Name]
		case "ACL", "COMMENT", "SECURITY LABEL", "SEQUENCE OWNED BY":
			if len(d.Tables) == 0 {
				return named[d.Name] || tables[d.Name]
			}
		}
		if len(d.Tables) > 0 {
			return tables[d.Tables[0]]
		}
		return objects[catalog.Object{Kind: d.Kind, Name: d.Name}]
	}
	return slices.DeleteFunc(slices.Clone(all), stays)
}

// add appends a unit of an object, numbered within its kind and object.
func (x *expansion) add(u unit.Unit, object string, spec any) {
	key := u.Kind + " " + object
	x.count[key]++
	u.ID = unit.ID(x.step, u.Kind, object, x.count[key])
	u.Step = x.step
	u.Uses = append(u.Uses, workers)
	u.Spec = encode(spec)
	x.units = append(x.units, u)
}

func encode(spec any) json.RawMessage {
	b, err := json.Marshal(spec)
	if err != nil {
		panic(fmt.Sprintf("encode unit spec: %v", err))
	}
	return b
}
