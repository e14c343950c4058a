// Package scalar reads values of one word, as the flow language writes them:
// durations, sizes, rates, shares, numbers, always with their unit. It knows
// kinds, no files. Start at Set.
package scalar

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/control/flow/source"
	"godwit/internal/control/flow/tag"
)

// ParseDuration reads a duration as the language writes it: 30s, 10m, 1h30m,
// always with the unit and never negative.
func ParseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || strings.HasPrefix(text, "+") || text == "0" {
		return 0, fmt.Errorf("%s is no duration", source.Quote(text))
	}
	return d, nil
}

// FormatDuration is a duration as ParseDuration reads it, without zero parts.
func FormatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

var sizes = []struct {
	unit  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"B", 1}}

func parseSize(text string) (int64, error) {
	for _, s := range sizes {
		number, ok := strings.CutSuffix(text, s.unit)
		if !ok {
			continue
		}
		v, err := positive(number)
		if err != nil || v*s.bytes > 1<<62 || v*s.bytes != float64(int64(v*s.bytes)) {
			break
		}
		return int64(v * s.bytes), nil
	}
	return 0, fmt.Errorf("%s is no size", source.Quote(text))
}

// ParseRate reads a rate, as 20/s or 600/m, and gives it by the second.
func ParseRate(text string) (float64, error) {
	number, per, _ := strings.Cut(text, "/")
	v, err := positive(number)
	seconds := map[string]float64{"s": 1, "m": 60, "h": 3600}[per]
	if err != nil || seconds == 0 {
		return 0, fmt.Errorf("%s is no rate", source.Quote(text))
	}
	return v / seconds, nil
}

// ParseShare reads a share in per cent: 5% is 0.05.
func ParseShare(text string) (float64, error) {
	number, ok := strings.CutSuffix(text, "%")
	v, err := positive(number)
	if !ok || err != nil || v > 100 {
		return 0, fmt.Errorf("%s is no share", source.Quote(text))
	}
	return v / 100, nil
}

func positive(text string) (float64, error) {
	if !source.Decimal(text) || strings.HasPrefix(text, "-") {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(text, 64)
}

// ErrEnum is that of a word that is none of an enum.
var ErrEnum = errors.New("unknown value")

// Forms says how a kind is written, for the next step of an error.
var Forms = map[tag.Kind]string{
	tag.Duration: "write it with its unit: 30s, 10m, 1h30m",
	tag.Size:     "write it with its unit: 64MiB, 1GiB",
	tag.Rate:     "write it with its unit: 50/s, 600/m",
	tag.Share:    "write it in per cent: 5%",
	tag.Pattern:  `write it as sales.orders, sales.* or "odd.name".table`,
	tag.Bool:     "write true or false, without quotes",
	tag.Int:      "write a whole number, without quotes",
	tag.Number:   "write a decimal number, without quotes",
}

// Set fills a text of a kind into v. The errors say what the text is not.
func Set(v reflect.Value, k tag.Key, text string) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	value, err := convert(k, text)
	if err != nil {
		return err
	}
	r := reflect.ValueOf(value)
	if v.CanInt() && r.CanInt() && v.OverflowInt(r.Int()) {
		return fmt.Errorf("%s is too large", text)
	}
	if v.Kind() != r.Kind() && !(v.CanInt() && r.CanInt()) {
		panic(fmt.Sprintf("key %s: kind %s does not fit type %s", k.Name, k.Kind, v.Type()))
	}
	v.Set(r.Convert(v.Type()))
	return nil
}

// convert reads a text as a value of a kind.
func convert(k tag.Key, text string) (any, error) {
	switch k.Kind {
	case tag.Bool:
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("%s is neither true nor false", source.Quote(text))
		}
		return text == "true", nil
	case tag.Int:
		n, err := strconv.ParseInt(text, 10, 64)
		if !source.Whole(text) {
			return nil, fmt.Errorf("%s is no whole number", bare(text))
		}
		if err != nil {
			return nil, fmt.Errorf("%s is too large", text)
		}
		if k.Min != 0 && n < int64(k.Min) {
			return nil, fmt.Errorf("%s is too little: at least %d", text, k.Min)
		}
		return n, nil
	case tag.Number:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !source.Decimal(text) {
			return nil, fmt.Errorf("%s is no number", bare(text))
		}
		return f, nil
	case tag.Duration:
		return ParseDuration(text)
	case tag.Size:
		return parseSize(text)
	case tag.Rate:
		return ParseRate(text)
	case tag.Share:
		return ParseShare(text)
	case tag.Pattern:
		_, err := catalog.ParsePattern(text)
		return text, err
	case tag.Enum:
		if !slices.Contains(k.Enum, text) {
			return nil, ErrEnum
		}
	}
	return text, nil
}

// bare is a number as it stands, anything else in quotes.
func bare(text string) string {
	if source.Decimal(text) {
		return text
	}
	return source.Quote(text)
}
