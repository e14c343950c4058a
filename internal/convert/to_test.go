package convert

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/record"
)

var (
	day    = time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	moment = time.Date(2024, 2, 29, 12, 30, 0, 500_000, time.UTC)
)

func must(t *testing.T, text string) catalog.Type {
	t.Helper()
	k, err := ParseType(text)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTo(t *testing.T) {
	t.Parallel()
	d := func(s string) record.Decimal { return record.Decimal(s) }
	for _, c := range []struct {
		to   string
		v    any
		want any // a string that begins with ! is a rule
	}{
		{"int", int64(5), int64(5)}, {"int2", int64(32768), "!range"}, {"int2", int64(-32768), int64(-32768)},
		{"int", d("12.00"), int64(12)}, {"int", d("12.5"), "!precision"}, {"int", d("1e3"), int64(1000)}, {"int", d("9223372036854775808"), "!range"},
		{"int", "007", int64(7)}, {"int", "", "!type"}, {"int", " 5", "!type"}, {"int", "5x", "!type"}, {"int", true, "!type"}, {"int", 2.0, int64(2)}, {"int", 1e19, "!range"},
		{"int", math.NaN(), "!type"}, {"int", record.Object{}, "!type"}, {"int", math.Copysign(0, -1), int64(0)},
		{"decimal(5,2)", d("123.45"), d("123.45")}, {"decimal(5,2)", d("123.450"), d("123.450")}, {"decimal(5,2)", d("123.456"), "!precision"}, {"decimal(5,2)", d("1234.5"), "!precision"},
		{"decimal(5,2)", int64(999), d("999")}, {"decimal(5,2)", "-0.00", d("0.00")}, {"decimal", d("NaN"), "!type"}, {"decimal", math.Inf(1), "!type"},
		{"decimal", 0.1, d("0.1")}, {"decimal", "1e-3", d("0.001")}, {"decimal", d("12345678901234567890.1234567890"), d("12345678901234567890.1234567890")}, {"decimal", "1,5", "!type"},
		{"float", int64(1) << 53, float64(1 << 53)}, {"float", int64(1)<<53 + 1, "!precision"}, {"float", d("0.1"), 0.1}, {"float", d("0.12345678901234567890"), "!precision"},
		{"float", math.Inf(1), math.Inf(1)}, {"float", "1e400", "!range"}, {"float4", 0.1, 0.1}, {"float4", 0.123456789, "!precision"}, {"float", d("1.50"), 1.5},
		{"text(3)", "äöü", "äöü"}, {"text(3)", "äöüß", "!too-long"}, {"text", "a\x00", "!type"}, {"text", "\xff", "!type"}, {"text", int64(7), "7"}, {"text", d("1.50"), "1.50"},
		{"text", true, "true"}, {"text", record.Object{}, "!type"}, {"text", []any{}, "!type"}, {"text", []byte("x"), "!type"}, {"text", moment, "2024-02-29T12:30:00.0005Z"},
		{"bool", true, true}, {"bool", "true", true}, {"bool", "yes", "!type"}, {"bool", int64(1), "!type"},
		{"date", day, day}, {"date", moment, "!precision"}, {"date", "2024-02-29", day}, {"date", "2023-02-29", "!type"}, {"date", "29.02.2024", "!type"}, {"date", "0000-01-01", "!range"}, {"date", "2024-02-29T00:00:00Z", "!type"},
		{"timestamp", "2024-02-29T12:30:00.0005", moment}, {"timestamp", "2024-02-29T12:30:00Z", "!type"}, {"timestamptz", "2024-02-29 13:30:00.0005+01:00", moment}, {"timestamptz", "2024-02-29", "!type"},
		{"timestamp", moment.Add(1), "!precision"}, {"timestamp", day.AddDate(10000, 0, 0), "!range"}, {"timestamptz", "2024-02-30T00:00:00Z", "!type"},
		{"time", "12:30:00.5", "12:30:00.5"}, {"time", "24:30", "!type"},
		{"uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}, {"uuid", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"}, {"uuid", "a0eebc99", "!type"},
		{"uuid", []byte{0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11}, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{"json", record.Object{"b": d("1.10"), "a": nil}, `{"a":null,"b":1.10}`}, {"json", "x", `"x"`}, {"json", []any{record.Object{"x": "\x00"}}, "!type"}, {"json", math.NaN(), "!type"}, {"json", moment, `"2024-02-29T12:30:00.0005Z"`},
		{"int[]", []any{int64(1), "2", nil}, []any{int64(1), int64(2), nil}}, {"int[]", []any{"x"}, "!type"}, {"int[]", int64(1), "!type"},
		{"bytes", "ä", []byte("ä")}, {"bytes", int64(1), "!type"},
	} {
		got, why := To(catalog.Type{}, must(t, c.to))(c.v)
		rule, refused := c.want.(string)
		if refused = refused && strings.HasPrefix(rule, "!"); refused {
			if why == nil || why.Rule != rule[1:] {
				t.Errorf("%v to %s: %v, %+v; want %s", c.v, c.to, got, why, rule)
			}
			continue
		}
		if why != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v to %s: %#v, %v; want %#v", c.v, c.to, got, why, c.want)
		}
	}
}

func TestNativeTextsPass(t *testing.T) {
	t.Parallel()
	date := catalog.Type{Kind: catalog.KindDate, Native: "date"}
	if v, why := To(date, date)("infinity"); why != nil || v != "infinity" {
		t.Error(v, why)
	}
	if _, why := To(catalog.Type{Kind: catalog.KindText, Native: "text"}, date)("infinity"); why == nil {
		t.Error("a text became the date infinity")
	}
}

func TestCan(t *testing.T) {
	t.Parallel()
	for pair, fine := range map[[2]string]bool{
		{"int", "text"}: true, {"text", "int"}: true, {"int", "bool"}: false, {"json", "int"}: false, {"json", "json"}: true, {"bytes", "text"}: false,
		{"timestamp", "timestamptz"}: false, {"timestamptz", "date"}: false, {"timestamp", "date"}: true, {"date", "timestamp"}: true, {"date", "timestamptz"}: false,
		{"int[]", "text[]"}: true, {"bytes[]", "text[]"}: false, {"int", "int[]"}: false, {"float", "decimal(3,1)"}: true, {"uuid", "int"}: false,
	} {
		if why := Can(must(t, pair[0]), must(t, pair[1])); (why == "") != fine {
			t.Errorf("%v: %q", pair, why)
		}
	}
}

func TestParseTypeRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "varchar", "text(0)", "text(3", "decimal(2,3)", "int(4)", "decimal(x)", "text(1,2)"} {
		if k, err := ParseType(text); err == nil {
			t.Errorf("%q is %s", text, k)
		}
	}
}

// TestNaughtyStrings: whatever text there is, it passes whole or is refused,
// and every step takes it without a panic.
func TestNaughtyStrings(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/naughty.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	all = append(all, "\x00", "\xff", "a\x00b", strings.Repeat("é", 1000), "\u200b", "ﷺ")
	for _, s := range all {
		v, why := To(catalog.Type{}, must(t, "text"))(s)
		if why == nil && v != s {
			t.Errorf("%q became %q", s, v)
		}
		for name := range words {
			k := words[name]
			out, why := To(catalog.Type{}, k)(s)
			if (out == nil) == (why == nil) {
				t.Errorf("%q to %s: %v, %v", s, name, out, why)
			}
		}
		for _, name := range Steps() {
			args := map[string][]string{"replace": {"a", "b"}, "pad": {"5", "0"}, "date": {"2006-01-02"}}[name]
			do, _, err := New(name, args, nil)
			if err != nil {
				t.Fatal(err)
			}
			if out, why := do(s); why != nil && strings.Contains(why.Text, s) && len(s) > 12 {
				t.Errorf("%s of %q: %v tells the value: %s", name, s, out, why.Text)
			}
		}
	}
}

// FuzzNumber: a number that is read is worth what its text says.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1", "-0.50", "1e3", "+7", "007", ".", "1.", "--1", "1e-5", "9223372036854775808"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := Number(text)
		if !ok {
			return
		}
		var again string
		switch n := n.(type) {
		case int64:
			again, _ = Text(n, anyType)
		case record.Decimal:
			if !Canonical(string(n)) {
				t.Fatalf("%q is read as %q", text, n)
			}
			again = string(n)
		}
		if a, b := record.Decimal(text).Plain(), record.Decimal(again).Plain(); a != b {
			t.Fatalf("%q is read as %q: %s, not %s", text, again, b, a)
		}
	})
}
