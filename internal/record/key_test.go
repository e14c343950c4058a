package record

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestKeyText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want string
		key  []any
	}{
		{"4711", []any{int64(4711)}},
		{"a/7", []any{"a", int64(7)}},
		{"a%2Fb%25", []any{"a/b%"}},
		{"%e/%n/%m", []any{"", nil, Missing}},
		{"%00x%FF é", []any{"\x00x\xff é"}},
		{"12.5/12.5/0/5", []any{Decimal("12.50"), Decimal("1.25e1"), Decimal("-0.00"), Decimal("5.0")}},
		{"0/1e+300/-0.5", []any{math.Copysign(0, -1), 1e300, -0.5}},
		{"2024-02-29/2024-02-29T01:00:00Z", []any{time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), time.Date(2024, 2, 29, 2, 0, 0, 0, time.FixedZone("", 3600))}},
		{"true/ff00/%e", []any{true, []byte{255, 0}, []byte{}}},
		{`{"a":1}`, []any{Object{"a": int64(1)}}},
	} {
		if got := KeyText(c.key...); got != c.want {
			t.Errorf("%v: %s, want %s", c.key, got, c.want)
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[Decimal]string{
		"0012.500": "12.5", "-0": "0", "1e3": "1000", "1.5E-3": "0.0015", "+7": "7", ".5": "0.5", "5.": "5", "NaN": "NaN", "": "", "1e99999": "1e99999", "-1e-2": "-0.01", "abc": "abc", "0e5": "0",
	} {
		if got := text.Plain(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// FuzzKeyText: texts of keys are taken apart into what they were made of.
func FuzzKeyText(f *testing.F) {
	for _, s := range []string{"a", "", "/", "%", "%n", "\x00\xff", "é/ü%2F"} {
		f.Add(s, "x", true)
	}
	f.Fuzz(func(t *testing.T, a, b string, null bool) {
		key := []any{a, b}
		if null {
			key = append(key, nil)
		}
		text := KeyText(key...)
		if text == "" || strings.ContainsAny(text, "\x00\n") {
			t.Fatalf("%q", text)
		}
		got, err := keyParts(text)
		if err != nil || !reflect.DeepEqual(got, key) {
			t.Fatalf("%q: %q is %q, %v", key, text, got, err)
		}
	})
}

func TestShow(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 300)
	for _, c := range []struct {
		v             any
		plain, masked string
	}{
		{nil, "null", "null"},
		{Missing, "missing", "missing"},
		{"", `""`, "text, 0 characters, #"},
		{"  ", `"  "`, "text, 2 characters, blank, #"},
		{"null", `"null"`, "text, 4 characters, #"},
		{long, `"` + strings.Repeat("ä", 200) + `"…`, "text, 300 characters, #"},
		{int64(-12), "-12", "whole number, 2 digits, #"},
		{true, "true", "truth value"},
		{Decimal("1.50"), "1.50", "number, 4 characters, #"},
		{[]byte{1}, "0x01", "bytes, 1 byte, #"},
		{[]any{int64(1)}, "[1]", "list, 1 element, #"},
		{Object{"a": nil}, `{"a":null}`, "document, 1 field, #"},
		{time.Date(2024, 1, 2, 0, 0, 0, 0, time.UTC), "2024-01-02T00:00:00Z", "time, #"},
	} {
		if got := Show(c.v, true); got != c.plain {
			t.Errorf("%v: %s", c.v, got)
		}
		if got := Show(c.v, false); !strings.HasPrefix(got, c.masked) {
			t.Errorf("%v: %s", c.v, got)
		}
	}
	if secret := Show("4111-1111", false); strings.Contains(secret, "4111") {
		t.Error(secret)
	}
}

// keyParts is the inverse of KeyText: it takes the text of a key apart: a string, nil or Missing for each
// value. What KeyText cannot have written is an error.
func keyParts(text string) ([]any, error) {
	var parts []any
	for part := range strings.SplitSeq(text, "/") {
		switch part {
		case "%n":
			parts = append(parts, nil)
		case "%m":
			parts = append(parts, Missing)
		case "%e":
			parts = append(parts, "")
		case "":
			return nil, fmt.Errorf("%q is no key: a part is empty", text)
		default:
			plain, err := unescape(part)
			if err != nil {
				return nil, fmt.Errorf("%q is no key: %w", text, err)
			}
			parts = append(parts, plain)
		}
	}
	return parts, nil
}

func unescape(part string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(part); i++ {
		if part[i] != '%' {
			b.WriteByte(part[i])
			continue
		}
		if i+2 >= len(part) {
			return "", fmt.Errorf("two hex digits are wanted behind %%")
		}
		c, err := strconv.ParseUint(part[i+1:i+3], 16, 8)
		if err != nil {
			return "", fmt.Errorf("two hex digits are wanted behind %%")
		}
		b.WriteByte(byte(c))
		i += 2
	}
	return b.String(), nil
}
