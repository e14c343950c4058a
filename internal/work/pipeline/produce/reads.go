package produce

import (
	"encoding/json"
	"strconv"

	"godwit/internal/catalog"

	"github.com/zeebo/xxh3"
)

// Reads tells what records are read of, by the source's own word for itself where it has
// one: the same for queries of one text that are given other values.
func Reads(from string, facts catalog.Facts) string {
	if facts.Source != nil && facts.Source.ID != "" {
		from = facts.Source.ID
	}
	q := catalog.Query{}
	if len(facts.Records.Ranges) > 0 {
		q = facts.Records.Ranges[0]
	}
	q.Args, q.After, q.Until, q.Since = nil, nil, nil, nil
	text, _ := json.Marshal(q) // of strings
	return strconv.FormatUint(xxh3.HashString(from+" "+string(text)), 16)
}
