package tag

import (
	"slices"

	"godwit/internal/control/flow/source"
)

// Strangers counts the keys of a mapping that are none of these, those in its
// groups and places too.
func Strangers(n *source.Node, keys []Key) int {
	count := 0
	for _, f := range n.Fields {
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == f.Name })
		switch {
		case i < 0:
			count++
		case keys[i].Map || keys[i].List:
		case keys[i].Of == nil && (keys[i].Kind == Name || keys[i].Kind == Place):
			count += Strangers(f.Value, []Key{{Name: "at"}})
		case keys[i].Kind == Group || keys[i].Kind == Place:
			count += Strangers(f.Value, keys[i].Keys())
		}
	}
	return count
}
