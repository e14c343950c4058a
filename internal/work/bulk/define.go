package bulk

import (
	"slices"
	"strconv"

	"godwit/internal/catalog"
	"godwit/internal/unit"
)

// Definitions in one transaction: enough to save round trips, few enough that
// the locks of all workers fit a server's default lock table.
const (
	definitionsInUnit = 200 // one unit at a time
	definitionsBeside = 100 // several at a time
)

// aside are the kinds whose statements may be sent by several sessions at once:
// what they need of one another is written in After, and they touch nothing
// that others share. Anything else (types, functions, default privileges) is
// sent alone and in its place.
var aside = map[string]bool{
	"TABLE": true, "TABLE ATTACH": true, "SEQUENCE": true, "SEQUENCE OWNED BY": true, "DEFAULT": true, "VIEW": true,
	"MATERIALIZED VIEW": true, "COMMENT": true, "ACL": true,
}

// define adds the statements that come before the data, in their order: a
// chain of units, each one transaction. A long run of tables is the link of
// several units beside each other.
func (x *expansion) define(before []catalog.Definition) {
	var last string
	link := func(object string, tag string, after []string, list []catalog.Definition) {
		x.add(unit.Unit{Kind: "define", Class: classDefine, Weight: int64(len(list)), Tags: []string{tagDefined, tag}, After: after},
			object, StatementSpec{x.spec.To, statements(list)})
	}
	behind := func() []string {
		if last == "" {
			return nil
		}
		return []string{last}
	}
	chain := func(object string, list []catalog.Definition) {
		for part := range slices.Chunk(list, definitionsInUnit) {
			tag := object + " " + strconv.Itoa(len(x.units))
			link(object, tag, behind(), part)
			last = tag
		}
	}
	for _, d := range x.facts.Clearing {
		chain("clear", []catalog.Definition{d})
	}
	for _, r := range runs(x.without(before)) {
		sets := r.beside()
		if sets == nil {
			chain("before", r.list)
			continue
		}
		tag, after := "beside "+strconv.Itoa(len(x.units)), behind()
		for _, set := range sets {
			link("before", tag, after, set)
		}
		last = tag
	}
}

// run is a stretch of definitions; apart says that all of them may go aside.
type run struct {
	list  []catalog.Definition
	apart bool
}

// runs cuts definitions where a long enough run of those that may go aside
// begins and ends.
func runs(list []catalog.Definition) []run {
	var all []run
	done := 0
	for at := 0; at < len(list); {
		end := at
		for end < len(list) && aside[list[end].Kind] {
			end++
		}
		if end-at > definitionsBeside {
			if at > done {
				all = append(all, run{list[done:at], false})
			}
			all, done = append(all, run{list[at:end], true}), end
		}
		at = max(end, at+1)
	}
	if done < len(list) {
		all = append(all, run{list[done:], false})
	}
	return all
}

// beside divides a run into sets that do not need one another, each in the
// run's order; nil when it has to stay one.
func (r run) beside() [][]catalog.Definition {
	if !r.apart {
		return nil
	}
	place := map[int]int{} // of a definition's ID in the run
	for i, d := range r.list {
		place[d.ID] = i
	}
	root := make([]int, len(r.list)) // the first of those that hang together
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for i, d := range r.list {
		for _, id := range d.After {
			if k, ok := place[id]; ok {
				a, b := find(i), find(k)
				root[max(a, b)] = min(a, b)
			}
		}
	}
	groups := map[int][]catalog.Definition{}
	var order []int
	for i, d := range r.list {
		first := find(i)
		if groups[first] == nil {
			order = append(order, first)
		}
		groups[first] = append(groups[first], d)
	}
	var sets [][]catalog.Definition
	var set []catalog.Definition
	for _, first := range order {
		if len(set) > 0 && len(set)+len(groups[first]) > definitionsBeside {
			sets, set = append(sets, set), nil
		}
		set = append(set, groups[first]...)
	}
	sets = append(sets, set)
	if len(sets) == 1 || slices.ContainsFunc(sets, func(s []catalog.Definition) bool { return len(s) > 2*definitionsInUnit }) {
		return nil // one clump: its locks would not fit, a chain of it does
	}
	for _, s := range sets {
		slices.SortFunc(s, func(a, b catalog.Definition) int { return place[a.ID] - place[b.ID] })
	}
	return sets
}
