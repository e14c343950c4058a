package flow

import (
	"maps"
	"slices"
	"strings"
)

// planned lists what the language has and nothing executes yet, by the level
// it stands in. It is refused in words instead of as unknown. An entry goes
// when its key comes: a key that a struct has is never looked up here.
var planned = map[string][]string{
	"project":  words("schedule alarms mail serve owners issues known"),
	"system":   words("oracle opensearch http bucket queue"),
	"postgres": words("url via limit tls"),
	"tls":      words("ca cert key verify"),
	"limit":    words("rate concurrency connections bandwidth times"),
	"secret":   words("aws"),
	"place":    words("table where query with since overlap parts index filter request params pages objects format mode key gone mark object publish calls read"),
	"flow":     words("overlap finally"),
	"step":     words("if for_each finally snapshot"),
	"verb":     words("copy load follow verify migrate purge detect sql http exec settings wait wait_for approve flow steps parallel"),
	"load":     words("group alias unwrap limit"),
	"process":  words("group alias unwrap limit"),
	"from":     words("index filter request params pages"),
	"to":       words("object publish calls read"),
	"dead":     words("group"),
	"fields":   words("ref orphan"),
	"lookups":  words("request params"),
	"copy":     words("workers where roles missing stream names verify snapshot_lost marks delete_extra"),
	"verify":   words("checks repair"),
	// Values of enums, by their key.
	"type:":          words("decimal"),
	"existing:":      words("newer"),
	"snapshot_lost:": words("restart"),
}

func words(s string) []string                   { return strings.Fields(s) }
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
