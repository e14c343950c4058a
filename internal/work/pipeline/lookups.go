package pipeline

import (
	"maps"
	"slices"

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
		one, err := of.Needed(name, args)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
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
