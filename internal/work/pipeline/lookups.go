package pipeline

import (
	"maps"
	"slices"

	"godwit/internal/catalog"
	"godwit/internal/unit"
	"godwit/internal/work/pipeline/mapping"
)

// lookups are the tables of values that are to be read from systems.
func (l *Load) lookups(m *mapping.Map) ([]unit.Lookup, error) {
	if m == nil {
		return nil, nil
	}
	args, err := paths(l.Scope)
	if err != nil {
		return nil, err
	}
	var list []unit.Lookup
	for _, name := range slices.Sorted(maps.Keys(m.Lookups)) {
		of := m.Lookups[name]
		if of.From == "" {
			continue
		}
		one := unit.Lookup{Name: name, At: of.From, Key: of.Key, Value: of.Value, Place: of.At,
			Query: catalog.Query{SQL: of.Query, Where: of.Where, Objects: of.Objects, Format: of.Format, Args: args}}
		of.Into(&one.Query)
		if of.Table != "" {
			if one.Query.Table, err = catalog.ParseName(of.Table); err != nil {
				return nil, err
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// summed is a map that says by their hashes which values its lookups have.
func summed(m *mapping.Map, read map[string]catalog.Lookup) *mapping.Map {
	if m == nil || len(read) == 0 {
		return m
	}
	out := *m
	out.Lookups = maps.Clone(m.Lookups)
	for name, r := range read {
		l := out.Lookups[name]
		l.Sum = r.Sum
		out.Lookups[name] = l
	}
	return &out
}

// lookups are those of a map or a process, by name.
type lookups = map[string]mapping.Lookup

func sorted(m lookups) []string { return slices.Sorted(maps.Keys(m)) }

// tablesOfValues are all of a process, by the path of the key that they stand in.
func (p *Process) tablesOfValues() map[string]lookups {
	all := map[string]lookups{"lookups": p.Lookups}
	if p.Map != nil {
		all["map.lookups"] = p.Map.Lookups
	}
	if p.Overlay != nil {
		all["overlay.lookups"] = p.Overlay.Lookups
	}
	return all
}
