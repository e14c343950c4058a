package record

import (
	"strconv"
	"time"

	"godwit/internal/catalog"
)

// Text is the one text that stands for a single value, false for lists,
// documents and bytes. Times are written as what from says they are.
func Text(v any, from catalog.Type) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case int64:
		return strconv.FormatInt(v, 10), true
	case Decimal:
		return string(v), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	case time.Time:
		return TimeOf(v, from), true
	}
	return "", false
}

// TimeOf is a time in ISO 8601, as a date, a reading of a clock or a moment.
func TimeOf(t time.Time, as catalog.Type) string {
	switch {
	case as.Kind == catalog.KindDate:
		return t.UTC().Format("2006-01-02")
	case as.Kind == catalog.KindTimestamp && !as.Zone:
		return t.UTC().Format("2006-01-02T15:04:05.999999999")
	}
	return TimeText(t)
}
