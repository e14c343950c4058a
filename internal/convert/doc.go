// Package convert turns values into other values without losing anything:
// into the type of a column, and by the normalising steps of a map. What
// cannot be turned is a Reason, never a guess. It knows neither maps nor
// records. Start reading at To and New.
package convert

import (
	"time"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Reason is why a value breaks a rule. It never holds the value.
type Reason struct {
	Rule string // type, convert, range, precision, too-long ...
	Text string
	Hint string
}

func (r *Reason) Error() string { return r.Text }

// Step turns a value into another one. It is never given null or a missing
// value, may give null, and may be used by any number of goroutines.
type Step func(v any) (any, *Reason)

func wrongType(v any, wanted string) *Reason {
	return &Reason{Rule: "type", Text: "is " + Name(v) + ", " + wanted + " is wanted"}
}

// Name says what a value is, for people: a text, a whole number.
func Name(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a truth value"
	case int64, int:
		return "a whole number"
	case float64, record.Decimal:
		return "a number"
	case string:
		return "a text"
	case []byte:
		return "bytes"
	case time.Time:
		return "a time"
	case []any:
		return "a list"
	case record.Object:
		return "a document"
	}
	if v == record.Missing {
		return "missing"
	}
	return "something else"
}

// Text is record.Text: what a lookup, read from a file or a system, and a value
// have in common.
func Text(v any, from catalog.Type) (string, bool) { return record.Text(v, from) }

// TimeText is record.TimeOf.
func TimeText(t time.Time, as catalog.Type) string { return record.TimeOf(t, as) }
