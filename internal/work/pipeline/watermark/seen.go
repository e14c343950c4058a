// Package watermark says how far an incremental read has come: up to which
// value of a column everything has been read, and where the next one begins. It
// has no clock: values are compared with values of the source only. Start at
// Over.
package watermark

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/expression"
	"godwit/internal/fault"
	"godwit/internal/record"
)

// Seen is what one chunk has read.
type Seen struct {
	At   string          `json:"at"`             // point in time: the same for chunks that saw the same rows
	High json.RawMessage `json:"high,omitempty"` // the highest value, see record.EncodeValue; nil: none
}

// Column collects the highest value of a column.
type Column struct {
	Slot int
	Type catalog.Type
	high any
}

// Take looks at a record's slots; a broken record has none.
func (c *Column) Take(slots []any) {
	if c.Slot < len(slots) && counts(slots[c.Slot], c.Type) && higher(slots[c.Slot], c.high) {
		c.high = slots[c.Slot]
	}
}

// Seen is what was taken, read at a point in time.
func (c *Column) Seen(at string) ([]byte, error) {
	s := Seen{At: at}
	if c.high != nil {
		var err error
		if s.High, err = record.EncodeValue(c.high); err != nil {
			return nil, err
		}
	}
	return json.Marshal(s)
}

// counts tells values of the column's own kind from what only stands in its
// place: infinity and 0000-00-00 are texts, and no mark may stand on them.
func counts(v any, t catalog.Type) bool {
	switch v := v.(type) {
	case time.Time:
		return true
	case int64, record.Decimal:
		return t.Kind != catalog.KindTimestamp && t.Kind != catalog.KindDate
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	case string:
		return t.Kind == catalog.KindText || t.Kind == catalog.KindOther
	}
	return false
}

// higher orders numbers, then texts, then times, as SQLite does. Texts are
// compared byte by byte, which may be another order than their source's: see
// Over.
func higher(a, b any) bool {
	if b == nil {
		return true
	}
	if x, y := rank(a), rank(b); x != y {
		return x > y
	}
	if s, ok := a.(string); ok {
		return strings.Compare(s, b.(string)) > 0
	}
	c, err := expression.Order(a, b)
	return err == nil && c > 0
}

func rank(v any) int {
	switch v.(type) {
	case string:
		return 1
	case time.Time:
		return 2
	}
	return 0
}

// Over is the mark behind a step that began at one (nil: at none) and has read
// these chunks. What comes later holds at least the mark less the overlap.
//
// Chunks of one point in time have seen all that was there up to their highest
// value. Of several points (a process died and another one went on) only the
// first one is sure for all chunks; which was first is not known, so the lowest
// counts. A point at which no value was read, and texts of several points, whose
// order only the source knows, prove nothing: then the mark stays. It never
// goes back.
func Over(begin any, chunks [][]byte) (any, error) {
	high := map[string]any{}
	for _, c := range chunks {
		var s Seen
		if err := json.Unmarshal(c, &s); err != nil {
			return nil, damaged(err)
		}
		v, err := value(s.High)
		if err != nil {
			return nil, err
		}
		if was := high[s.At]; v == nil || was != nil && !higher(v, was) {
			v = was
		}
		high[s.At] = v
	}
	var lowest any
	for _, v := range high {
		if _, text := v.(string); v == nil || text && len(high) > 1 {
			return begin, nil
		}
		if lowest == nil || higher(lowest, v) {
			lowest = v
		}
	}
	if lowest == nil || begin != nil && higher(begin, lowest) {
		return begin, nil
	}
	return lowest, nil
}

// value reads one in its stored form; nil is none.
func value(stored json.RawMessage) (any, error) {
	if stored == nil {
		return nil, nil
	}
	v, err := record.DecodeValue(stored)
	return v, damaged(err)
}

func damaged(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Internal, "ledger.damaged", "what a chunk has read up to: %w", err)
}
