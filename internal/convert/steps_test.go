package convert

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"godwit/internal/record"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func TestSteps(t *testing.T) {
	t.Parallel()
	list := func(v ...any) []any { return v }
	for _, c := range []struct {
		name string
		args []string
		sets [][]string
		v    any
		want any // error: it begins with !
	}{
		{name: "trim", v: " a\u00a0", want: "a"},
		{name: "trim", v: list(" a", nil, "b "), want: list("a", nil, "b")},
		{name: "trim", v: true, want: "!is a truth value"},
		{name: "collapse", v: " a \n b", want: "a b"},
		{name: "upper", v: "straße é", want: "STRAßE É"}, {name: "lower", v: "ÀÉ", want: "àé"},
		{name: "nfc", v: "e\u0301", want: "é"},
		{name: "digits", v: "+31 (0)20-12", want: "3102012"}, {name: "digits", v: "n/a", want: "!holds no digit"}, {name: "digits", v: "", want: ""}, {name: "digits", v: "٣", want: "!holds digits other"}, {name: "digits", v: int64(12), want: "12"},
		{name: "strip_nul", v: "a\x00b", want: "ab"},
		{name: "blank_to_null", v: " \t", want: nil}, {name: "blank_to_null", v: "", want: nil}, {name: "blank_to_null", v: "x", want: "x"}, {name: "blank_to_null", v: int64(0), want: int64(0)},
		{name: "number", v: " 1234.50 ", want: record.Decimal("1234.50")}, {name: "number", v: "12", want: int64(12)}, {name: "number", v: "1,234", want: "!is no number"}, {name: "number", args: []string{",", "."}, v: "1.234,5", want: record.Decimal("1234.5")}, {name: "number", args: []string{","}, v: "1.5", want: "!is no number"}, {name: "number", v: "", want: "!is no number"}, {name: "number", v: true, want: "!is a truth value"},
		{name: "epoch", v: int64(86400), want: at("1970-01-02T00:00:00Z")}, {name: "epoch", args: []string{"ms"}, v: int64(-1500), want: at("1969-12-31T23:59:58.5Z")}, {name: "epoch", v: record.Decimal("1.25"), want: at("1970-01-01T00:00:01.25Z")}, {name: "epoch", v: "x", want: "!is no number"}, {name: "epoch", v: int64(1) << 60, want: "!is no whole number of nanoseconds"}, {name: "epoch", v: int64(300_000_000_000), want: "!lies outside"},
		{name: "hash", v: "abc", want: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{name: "bool", v: "Y", want: "!is none"}, {name: "bool", v: "y", want: true}, {name: "bool", v: int64(0), want: false}, {name: "bool", sets: [][]string{{"J"}, {"N"}}, v: "J", want: true}, {name: "bool", sets: [][]string{{"J"}, {"N"}}, v: "y", want: "!is none"}, {name: "bool", v: false, want: false},
		{name: "split", args: []string{", "}, v: "a, b", want: list("a", "b")}, {name: "split", v: "", want: []any{}}, {name: "split", v: int64(1), want: "!is a whole number"},
		{name: "join", args: []string{"-"}, v: list("a", int64(1)), want: "a-1"}, {name: "join", v: list(nil), want: "![0] is null"},
		{name: "replace", args: []string{`(\d)-(\d)`, "$2$1"}, v: "1-2", want: "21"},
		{name: "pad", args: []string{"5", "0"}, v: int64(42), want: "00042"}, {name: "pad", args: []string{"2", "ä"}, v: "abc", want: "abc"},
		{name: "date", args: []string{"02 Jan 2006 15:04:05"}, v: "24 Jun 2021 10:48:41", want: at("2021-06-24T10:48:41Z")}, {name: "date", args: []string{"Jan 2 2006"}, v: "Jun 12 1998", want: at("1998-06-12T00:00:00Z")},
		{name: "date", args: []string{"2006-01-02"}, v: "2023-02-29", want: "!is no date or time that exists"}, {name: "date", args: []string{"2006-01-02"}, v: "29.02.2024", want: "!is not written like"},
		{name: "date", args: []string{"2006-01-02 15:04", "Europe/Amsterdam"}, v: "2024-03-31 02:30", want: "!is a time that clocks in Europe/Amsterdam skip"},
		{name: "date", args: []string{"2006-01-02 15:04", "Europe/Amsterdam"}, v: "2024-10-27 02:30", want: at("2024-10-27T00:30:00Z")}, {name: "date", args: []string{"2006-01-02 15:04", "America/New_York"}, v: "2024-11-03 01:30", want: at("2024-11-03T05:30:00Z")},
		{name: "date", args: []string{"2006-01-02 15:04", "Europe/Amsterdam"}, v: "2024-07-01 12:00", want: at("2024-07-01T10:00:00Z")}, {name: "date", args: []string{"2006-01-02T15:04:05.000-0700"}, v: "2024-07-01T12:00:00.000+0200", want: at("2024-07-01T10:00:00Z")},
		{name: "date", v: "2024-07-01T12:00:00+02:00", want: at("2024-07-01T10:00:00Z")}, {name: "date", args: []string{"Mon, 2 Jan 2006"}, v: "Tue, 1 Jan 2024", want: "!has another day of the week"}, {name: "date", args: []string{"20060102"}, v: int64(20240229), want: at("2024-02-29T00:00:00Z")},
		{name: "date", args: []string{"", "UTC"}, v: "2024-07-01T12:00:00Z", want: "!has a time zone already"},
	} {
		do, _, err := New(c.name, c.args, c.sets)
		if err != nil {
			t.Error(c.name, err)
			continue
		}
		got, why := do(c.v)
		if text, ok := c.want.(string); ok && strings.HasPrefix(text, "!") {
			if why == nil || !strings.HasPrefix(why.Text, text[1:]) {
				t.Errorf("%s %v of %v: %v, %v; want %s", c.name, c.args, c.v, got, why, text)
			}
			continue
		}
		if why != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %v of %v: %v, %v; want %v", c.name, c.args, c.v, got, why, c.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
	}{
		{"trims", nil}, {"trim", []string{"x"}}, {"replace", []string{"(", ""}}, {"replace", nil}, {"pad", nil}, {"pad", []string{"0"}}, {"pad", []string{"3", "ab"}}, {"epoch", []string{"h"}},
		{"date", []string{"24 Jun 2021"}}, {"date", []string{"02 Jan"}}, {"date", []string{"2006-01-02", "Nowhere/X"}}, {"date", []string{"2006-01-02 MST"}}, {"date", []string{"2006-01-02 -0700", "UTC"}}, {"date", []string{"2006", "Local"}},
	} {
		if _, _, err := New(c.name, c.args, nil); err == nil {
			t.Errorf("%s %v was taken", c.name, c.args)
		}
	}
}

// TestZones: each reading of a clock is a moment that shows it, or is skipped;
// of two the first counts.
func TestZones(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo", "Africa/Casablanca"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		for r := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC); r.Year() < 2020; r = r.Add(30 * time.Minute) {
			m, why := InZone(r, zone)
			if why != nil {
				continue
			}
			if !Reading(m, zone).Equal(r) {
				t.Fatalf("%s %s: %s", name, r, m)
			}
			for _, earlier := range []time.Duration{30 * time.Minute, time.Hour} {
				if Reading(m.Add(-earlier), zone).Equal(r) {
					t.Fatalf("%s %s: %s is the second", name, r, m)
				}
			}
		}
	}
}
