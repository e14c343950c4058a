package bulk

import (
	"cmp"
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
	there  there
	tables []catalog.Table // whose rows are copied, largest first
	units  []unit.Unit
	count  map[string]int // units so far, by kind and object

	objects []uint32     // large objects that are copied
	alone   map[int]bool // definitions, by ID, of large objects that are left alone
}

// plan expands a copy. Order over the whole selection, never per schema:
// definitions, data, indexes and keys per table, foreign keys, values, views,
// statistics; so a key across schemas cannot decide the order of anything.
func plan(step string, spec *Copy, facts catalog.Facts) ([]unit.Unit, error) {
	x := &expansion{step: step, spec: spec, facts: facts, there: thereAt(facts.Target), count: map[string]int{}}
	if err := x.settle(); err != nil {
		return nil, err
	}
	made := x.missing(facts.Definitions)
	if err := x.fits(made); err != nil {
		return nil, err
	}
	definitions := sortDefinitions(made, x.tables)
	x.define(definitions.before)
	groups := x.data()
	x.add(unit.Unit{Kind: "reconcile", Class: classOther, Weight: 1, After: []string{tagDefined, tagData}, Tags: []string{tagReconciled}},
		"all", RepairSpec{From: spec.From, To: spec.To, Policy: spec.SnapshotLost, Append: spec.Existing == Append, Tables: x.repairs(), Source: x.source()})
	x.indexes(definitions, groups)
	x.roots(definitions.roots)
	x.foreign(definitions.foreign)
	x.values(made)
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
	var exist []catalog.Name
	for _, t := range x.facts.Source.Tables {
		if _, ok := x.there.tables[t.Name]; ok {
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
	slices.SortStableFunc(x.tables, func(a, b catalog.Table) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return cmp.Or(x.facts.Unreserved(x.spec.From), x.blobs())
}

// source is what a later look at another snapshot is compared with.
func (x *expansion) source() *Source {
	db := x.facts.Source
	s := &Source{Snapshot: x.facts.Snapshot, Include: x.spec.Include, Exclude: x.spec.Exclude, Sequences: db.Sequences, Blobs: db.Blobs}
	for _, t := range db.Tables {
		s.Tables = append(s.Tables, t.Name)
	}
	return s
}

// clashes are the other objects of the selection, and what these need, whose
// names something at the target has. Schemas and extensions may be there.
func (x *expansion) clashes() []catalog.Name {
	var list []catalog.Name
	for _, d := range x.facts.Definitions {
		if d.Kind != "EXTENSION" && d.Kind != "SCHEMA" && !x.there.told(d) && x.there.clash(d) != "" {
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

// add appends a unit of an object, numbered within its kind and object.
func (x *expansion) add(u unit.Unit, object string, spec any) {
	key := u.Kind + " " + object
	x.count[key]++
	u.ID = unit.ID(x.step, u.Kind, object, x.count[key])
	u.Step = x.step
	u.Uses = append(u.Uses, workers)
	u.Spec = unit.Body(spec)
	x.units = append(x.units, u)
}
