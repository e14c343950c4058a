package record

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// EncodeJSON writes a value as canonical JSON text: names in the order of
// their bytes, numbers as they are, no white space. Missing fields are left
// out, times are ISO 8601 texts, bytes base64. What JSON has no form for
// (NaN, infinity, invalid UTF-8, a missing value outside a document) is an
// error.
func EncodeJSON(v any) ([]byte, error) {
	var room []byte
	switch v := v.(type) {
	case Written:
		return v, nil
	case Object:
		room = make([]byte, 0, 512) // as documents mostly are, so that it does not grow
	}
	return AppendJSON(room, v)
}

// AppendJSON is EncodeJSON behind b. After an error b's tail is of no use.
func AppendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case float64:
		return appendFloat(b, v)
	case string:
		return appendText(b, v)
	case Decimal:
		if !jsonNumber(string(v)) {
			return b, fmt.Errorf("JSON has no form for the number %s", v)
		}
		return append(b, v...), nil
	case []byte:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v)
		return append(b, '"'), nil
	case time.Time:
		b = append(b, '"')
		b = append(b, TimeText(v)...)
		return append(b, '"'), nil
	case []any:
		return appendList(b, v)
	case Object:
		return appendObject(b, v)
	case JSON:
		whole, err := DecodeJSON([]byte(v))
		if err != nil {
			return b, err
		}
		return AppendJSON(b, whole)
	case Written:
		return append(b, v...), nil
	}
	return b, fmt.Errorf("JSON has no form for a value of type %T", v)
}

// TimeText is a time as ISO 8601 in UTC, with as many digits as it needs.
func TimeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.999999999Z") }

func appendFloat(b []byte, v float64) ([]byte, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return b, fmt.Errorf("JSON has no form for %v", v)
	}
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(b, v, 'e', -1, 64), nil
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64), nil
}

func appendText(b []byte, v string) ([]byte, error) {
	if plainText(v) {
		b = append(b, '"')
		b = append(b, v...)
		return append(b, '"'), nil
	}
	if !utf8.ValidString(v) {
		return b, errors.New("the text is not valid UTF-8")
	}
	return jsontext.AppendQuote(b, v)
}

// plainText reports whether a text is ASCII that JSON writes as it is.
func plainText(v string) bool {
	for i := 0; i < len(v); i++ {
		if c := v[i]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func appendList(b []byte, list []any) (_ []byte, err error) {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = AppendJSON(b, v); err != nil {
			return b, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, object Object) (_ []byte, err error) {
	b = append(b, '{')
	first := true
	for _, name := range sortedNames(object) {
		v := object[name]
		if v == Missing {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		if b, err = appendText(b, name); err != nil {
			return b, fmt.Errorf("a name: %w", err)
		}
		b = append(b, ':')
		if b, err = AppendJSON(b, v); err != nil {
			return b, fmt.Errorf("%s: %w", name, err)
		}
	}
	return append(b, '}'), nil
}

func sortedNames(object Object) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// jsonNumber reports whether a text is a number by JSON's grammar.
func jsonNumber(text string) bool {
	s := text
	if len(s) > 0 && s[0] == '-' {
		s = s[1:]
	}
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if len(s) > 0 && s[0] == '.' {
		n := digits(s[1:])
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if len(s) > 0 && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if len(s) > 0 && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		n := digits(s)
		return n > 0 && n == len(s)
	}
	return s == ""
}

// digits counts the digits that a text begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
