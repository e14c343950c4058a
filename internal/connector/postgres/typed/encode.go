package typed

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

// Append writes a value as the server's input function of this type reads it;
// nil and Missing are not for it. A string goes as it stands, only json takes
// it for a JSON string. The error says what no text can hold: U+0000, what is
// no UTF-8 (ErrEncoding), a document for a type that takes none.
func (t *Type) Append(to []byte, v any) ([]byte, error) {
	if t.Kind == catalog.KindJSON {
		return record.AppendJSON(to, v)
	}
	switch v := v.(type) {
	case string:
		return appendText(to, v)
	case record.Decimal:
		return appendText(to, string(v))
	case bool:
		return strconv.AppendBool(to, v), nil
	case int64:
		return strconv.AppendInt(to, v, 10), nil
	case int:
		return strconv.AppendInt(to, int64(v), 10), nil
	case float64:
		return appendFloat(to, v), nil
	case time.Time:
		return appendTime(to, v.UTC(), t.Type), nil
	case []byte:
		if t.Kind != catalog.KindBytes {
			return to, fmt.Errorf("bytes are no %s", t.Type)
		}
		return hex.AppendEncode(append(to, '\\', 'x'), v), nil
	case []any:
		if t.Kind != catalog.KindList || t.Of == nil {
			return to, fmt.Errorf("a list is no %s", t.Type)
		}
		return t.appendList(to, v)
	case record.Object:
		return to, fmt.Errorf("a document is no %s", t.Type)
	}
	return to, fmt.Errorf("%T is no value of a record", v)
}

// ErrEncoding is a text that no text of the server can be.
var ErrEncoding = errors.New("a text holds U+0000 or is no UTF-8")

func appendText(to []byte, s string) ([]byte, error) {
	if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
		return to, ErrEncoding
	}
	return append(to, s...), nil
}

func appendFloat(to []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(to, "Infinity"...)
	case math.IsInf(f, -1):
		return append(to, "-Infinity"...)
	}
	return strconv.AppendFloat(to, f, 'g', -1, 64)
}

// appendTime writes a time of any year, as the server does.
func appendTime(to []byte, at time.Time, as catalog.Type) []byte {
	year, bc := at.Year(), false
	if year < 1 {
		year, bc = 1-year, true
	}
	to = fmtInt(to, year, 4)
	to = fmtInt(append(to, '-'), int(at.Month()), 2)
	to = fmtInt(append(to, '-'), at.Day(), 2)
	if as.Kind != catalog.KindDate {
		hour, minute, second := at.Clock()
		to = fmtInt(append(to, ' '), hour, 2)
		to = fmtInt(append(to, ':'), minute, 2)
		to = fmtInt(append(to, ':'), second, 2)
		if ns := at.Nanosecond(); ns != 0 {
			to = fmtInt(append(to, '.'), ns, 9)
			for to[len(to)-1] == '0' {
				to = to[:len(to)-1]
			}
		}
		if as.Kind != catalog.KindTimestamp || as.Zone {
			to = append(to, "+00"...)
		}
	}
	if bc {
		to = append(to, " BC"...)
	}
	return to
}

func fmtInt(to []byte, n, width int) []byte {
	var room [20]byte
	digits := strconv.AppendInt(room[:0], int64(n), 10)
	for i := len(digits); i < width; i++ {
		to = append(to, '0')
	}
	return append(to, digits...)
}

func (t *Type) appendList(to []byte, list []any) ([]byte, error) {
	to = append(to, '{')
	var room []byte
	for i, v := range list {
		if i > 0 {
			to = append(to, t.delim)
		}
		var err error
		switch inner, nested := v.([]any); {
		case v == nil, v == record.Missing:
			to = append(to, "NULL"...)
		case nested && t.Of.Kind != catalog.KindJSON:
			if to, err = t.appendList(to, inner); err != nil {
				return to, err
			}
		default:
			if room, err = t.Of.Append(room[:0], v); err != nil {
				return to, err
			}
			to = append(to, '"')
			for _, c := range room {
				if c == '"' || c == '\\' {
					to = append(to, '\\')
				}
				to = append(to, c)
			}
			to = append(to, '"')
		}
	}
	return append(to, '}'), nil
}
