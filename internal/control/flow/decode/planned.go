package decode

import (
	"maps"
	"slices"
	"strings"
)

// planned lists what the language has and nothing executes yet, by the level
// it stands in. It is refused in words instead of as unknown. An entry goes
// when its key comes: a key that a struct has is never looked up here.
var Planned = map[string][]string{
	"project":  list("schedule serve"),
	"system":   list("oracle opensearch bucket queue"),
	"postgres": list("url via limit tls"),
	"tls":      list("ca cert key verify"),
	"limit":    list("rate concurrency connections bandwidth times"),
	"secret":   list("aws"),
	"webhook":  list("aws"),
	"place":    list("table where query with since overlap parts index filter request params pages objects format mode key gone mark object publish calls read"),
	"verb":     list("copy load follow verify migrate purge detect exec"),
	"load":     list("unwrap"),
	"process":  list("unwrap"),
	"from":     list("index filter pages"),
	"to":       list("object publish"),
	"copy":     list("workers where roles missing stream names verify snapshot_lost marks delete_extra"),
	"verify":   list("checks repair"),
	// Values of enums, by their key.
	"type:":          list("decimal"),
	"existing:":      list("newer"),
	"snapshot_lost:": list("restart"),
}

func list(s string) []string { return strings.Fields(s) }

func SortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
