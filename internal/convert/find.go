package convert

import (
	"time"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Find looks a value up by its text. A number is also found in its shortest
// form, and a time of which nothing is known as a date or what a clock shows,
// because nobody writes a lookup's keys otherwise.
func Find(table map[string]string, v any, of catalog.Type) (string, bool) {
	text, ok := Text(v, of)
	if !ok {
		return "", false
	}
	if found, ok := table[text]; ok {
		return found, true
	}
	switch v := v.(type) {
	case record.Decimal:
		text = v.Plain()
	case time.Time:
		if of.Kind != "" {
			return "", false
		}
		if day := TimeText(v, catalog.Type{Kind: catalog.KindDate}); v.Equal(v.Truncate(24 * time.Hour)) {
			if found, ok := table[day]; ok {
				return found, true
			}
		}
		text = TimeText(v, catalog.Type{Kind: catalog.KindTimestamp})
	default:
		return "", false
	}
	found, ok := table[text]
	return found, ok
}
