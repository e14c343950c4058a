package expression

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/expression/path"
	"godwit/internal/record"

	"github.com/cockroachdb/apd/v3"
)

// doc is a record with a column of each kind.
var doc = record.Object{
	"i": int64(7), "big": int64(math.MaxInt64), "d": record.Decimal("12345678901234.5678"), "f": 0.5, "t": "Text", "b": true, "none": nil,
	"at": time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), "raw": []byte{1, 2},
	"j": record.Object{"x": int64(1), "list": []any{int64(1), record.Decimal("2.50"), record.Object{"p": record.Decimal("0.10"), "q": "z"}}, "s": "text"},
}

var columns = map[string]catalog.Type{
	"i": {Kind: catalog.KindInt}, "big": {Kind: catalog.KindInt}, "d": {Kind: catalog.KindDecimal}, "f": {Kind: catalog.KindFloat}, "t": {Kind: catalog.KindText},
	"b": {Kind: catalog.KindBool}, "none": {Kind: catalog.KindText}, "at": {Kind: catalog.KindTimestamp}, "raw": {Kind: catalog.KindBytes}, "j": {Kind: catalog.KindJSON},
}

func scope() Scope {
	return Scope{
		Roots: map[string]Root{"doc": func(p path.Path) (catalog.Type, string, string) {
			t, ok := columns[p[0].Name]
			if !ok {
				return t, "there is no " + p[0].Name, "t?"
			}
			if len(p) > 1 {
				t = catalog.Type{}
			}
			return t, "", ""
		}},
		Names:   map[string]catalog.Type{"op": {Kind: catalog.KindText}, "value": {}},
		Env:     map[string]any{"inputs": map[string]any{"n": int64(2), "s": "in"}},
		Lookups: map[string]map[string]string{"codes": {"A": "1"}},
	}
}

func run(t *testing.T, code string) (any, error) {
	t.Helper()
	p, problems := Compile(code, scope(), "")
	if len(problems) > 0 {
		t.Fatalf("%s: %+v", code, problems)
	}
	m := NewMachine(scope().Env)
	m.Env["op"], m.Env["value"] = "create", nil
	for _, v := range p.Vars {
		got, err := v.Path.Get(doc)
		if err != nil || got == record.Missing {
			got = nil
		}
		m.Env[v.Name] = got
	}
	return m.Run(p)
}

func TestValues(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]any{
		"1 + 2 * 3": int64(7), "doc.i % 4": int64(3), "doc.i ** 2": int64(49), "2 ** 62": int64(1) << 62, "-doc.i": int64(-7), "(-3) ** 3": int64(-27),
		"7 / 2": record.Decimal("3.5"), "1 / 3": record.Decimal("0.3333333333333333333333333333333333"), "6 / 2": record.Decimal("3"),
		"doc.d * 3 + 0.0001": record.Decimal("37037036703703.7035"), "0.1 + 0.2": record.Decimal("0.3"), "0.1 + 0.2 == 0.3": true, "doc.f + 0.25": 0.75, "doc.f == 0.5": true,
		"doc.d > 1": true, "doc.i == 7.0": true, "doc.i in [1, 7]": true, `doc.t in ["a"]`: false, "doc.none in [1]": false, `"x" in doc.j`: true, `doc.i not in [7]`: false,
		`doc.t + "!"`: "Text!", "doc.none == nil": true, "doc.none ?? doc.t": "Text", "doc.j.nothing.deeper == nil": true, "doc.j.list[2].p": record.Decimal("0.10"), "doc?.j?.list[-1]?.q": "z",
		"doc.t.sub.nothing": nil, `doc.j["x"]`: int64(1), "doc.j.list[9]": nil, `sum(doc.j.list[:2])`: record.Decimal("3.50"), `sum(filter(doc.j.list, type(#) == "map"), .p)`: record.Decimal("0.10"),
		`map(doc.j.list, type(#))`: []any{"int", "decimal", "map"}, "len(doc.t)": int64(4), `lower("ÀÉ")`: "àé", "upper(doc.t)": "TEXT", "inputs.n * doc.i": int64(14),
		`date("2024-02-29") < doc.at`: true, `doc.at - date("2024-02-29 06:00:00") == duration("6h")`: true, `date("24 Jun 2021", "2 Jan 2006")`: time.Date(2021, 6, 24, 0, 0, 0, 0, time.UTC),
		`doc.at + duration("1h")`: time.Date(2024, 2, 29, 13, 0, 0, 0, time.UTC), `doc.at.Year()`: int64(2024), `clock(doc.at, "Europe/Berlin")`: time.Date(2024, 2, 29, 13, 0, 0, 0, time.UTC),
		`moment(doc.at, "Europe/Berlin")`: time.Date(2024, 2, 29, 11, 0, 0, 0, time.UTC), "round(2.5)": record.Decimal("3"), "round(-2.455, 2)": record.Decimal("-2.46"), "floor(-0.5)": record.Decimal("-1"), "ceil(doc.i)": int64(7),
		"int(-1.9)": int64(-1), `int("12")`: int64(12), "float(doc.d)": 12345678901234.5678, "string(doc.d)": "12345678901234.5678", "string(doc.i)": "7", "abs(-1.5)": record.Decimal("1.5"),
		"max(1, 2.5, doc.i)": int64(7), "min(doc.j.list[:2])": int64(1), "mean([1, 2])": record.Decimal("1.5"), `toJSON({"b": 1.10, "a": nil})`: `{"a":null,"b":1.10}`,
		`fromJSON("{\"a\": 9007199254740993}").a`: int64(9007199254740993), `lookup("codes", "A")`: "1", `lookup("codes", doc.none)`: nil, `lookup("codes", "B", "x")`: "x",
		"let x = doc.i; x + 1": int64(8), `doc.b ? "y" : "n"`: "y", `split("a,b", ",")`: []any{"a", "b"}, "1..3": []any{int64(1), int64(2), int64(3)}, "{\"a\": 1}": record.Object{"a": int64(1)},
		"doc == nil": false, "keys(doc) | len()": int64(10), `doc["t"]`: "Text", `doc[op]`: nil, `doc.j == {"x": 1}`: false, "[1, 2] == [1.0, 2]": true, "op": "create", "value": nil, `doc.t contains "ex"`: true, `doc.t matches "^T"`: true, `doc.none startsWith "x"`: false,
		`reduce([1, 2, 3], #acc + #)`: int64(6), "[3,1,2] | sort() | map(# * 2)": []any{int64(2), int64(4), int64(6)}, "-0.0 == 0": true, "1_000.5": record.Decimal("1000.5"), "2 ** -1": 0.5,
	} {
		got, err := run(t, code)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, %v; want %#v", code, got, err, want)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"doc.big + 1": "too large", "-doc.big - 2": "too large", "doc.big * 2": "too large", "3 ** 50": "too large", "1 / 0": "division by zero", "doc.i % 0": "division by zero", "doc.f / 0": "division by zero", "1.5 / 0": "division by zero",
		"doc.j.nothing + 1": "null beside +", "doc.j.s + 1": "a text + a whole number is not possible", "doc.j.x < doc.j.s": "not possible", "doc.j.nothing > 1": "null beside >",
		"lower(doc.none)": "null where a text is wanted", "lower(doc.j.x)": "a whole number where a text is wanted", "doc.j.x and doc.b": "a whole number where a truth value is wanted", "not doc.j.nothing": "null where a truth value is wanted",
		"string(doc.none)": "null has no text", `fail("no " + doc.t)`: "no Text", `lookup("codes", "B")`: `the lookup "codes" has no entry`, "[1][5]": "index out of range",
		`date("2023-02-29")`: "is no date or time that exists", `moment(date("2024-03-31 02:30:00"), "Europe/Berlin")`: "skip", `fromJSON("{\"a\":1,\"a\":2}")`: "duplicate", `int("x")`: "no whole number", "int(1e30)": "too large",
		"count(1..100000000)": "memory budget", "let l = 1..5000; count(l, count(l, count(l, # > 0) > 0) > 0)": "too many steps", `len(repeat("x", 100000000))`: "memory budget", "sum(doc.j.list)": "not possible",
	} {
		got, err := run(t, code)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %s", code, got, err, want)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]Problem{
		"doc.x + 1":             {1, 1, "there is no x", "t?"},
		"doc.t +\n doc.i":       {1, 7, "a text + a number is not possible", ""},
		"1e999":                 {1, 5, "the number is too large", ""},
		"1 +":                   {1, 3, "unexpected end", ""},
		"docs.t":                {1, 1, "there is no docs", "doc?"},
		`opp == "create"`:       {1, 1, "there is no opp", "op?"},
		`1 in valeu`:            {1, 6, "there is no valeu", "value?"},
		"let x = 1; x == y":     {1, 17, "there is no y", ""},
		"now()":                 {1, 1, "there is no now", "no clock"},
		"lower(doc.i)":          {1, 7, "lower wants a text, not a whole number", ""},
		"inputs.m":              {1, 8, "there is no m", ""},
		"inputs.m == 1":         {1, 8, "there is no m", "n"},
		"now() > doc.at":        {1, 1, "there is no now", "no clock"},
		"doc.i == roud(1.5)":    {1, 10, "there is no roud", "round?"},
		"nosuch(doc.i) + 1":     {1, 1, "there is no nosuch", ""},
		"doc.t == 1":            {1, 7, "a text == a number is not possible", ""},
		"doc.i < doc.at":        {1, 7, "a number < a time is not possible", ""},
		"doc.at.Local()":        {1, 8, "zone of the machine", ""},
		"-doc.t":                {1, 1, "- of a text is not possible", ""},
		`doc.i in "abc"`:        {1, 7, "in wants a list", ""},
		"filter(doc.j.list, 1)": {1, 20, "", ""},
	} {
		p, problems := Compile(code, scope(), "")
		if p != nil || len(problems) != 1 {
			t.Errorf("%s: %+v", code, problems)
			continue
		}
		got := problems[0]
		if got.Line != want.Line || got.Column != want.Column || !strings.Contains(got.Text, want.Text) || !strings.Contains(got.Next, want.Next) {
			t.Errorf("%s: %+v, want %+v", code, got, want)
		}
	}
	if _, problems := Compile("doc.i", scope(), catalog.KindBool); len(problems) != 1 {
		t.Error(problems)
	}
}

func TestLineage(t *testing.T) {
	t.Parallel()
	p, problems := Compile(`(doc.j.list[0].a ?? doc?.t) + string(doc.i) + (doc.j.list | map(.x) | first())`, scope(), "")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var names []string
	for _, v := range p.Vars {
		names = append(names, v.Name)
	}
	if want := []string{"doc.j.list[0].a", "doc.t", "doc.i", "doc.j.list"}; !reflect.DeepEqual(names, want) {
		t.Error(names)
	}
}

// TestLists: of what may be a list a path may begin with a number, and passes over
// what is not there.
func TestLists(t *testing.T) {
	t.Parallel()
	open := func(path.Path) (catalog.Type, string, string) { return catalog.Type{}, "", "" }
	s := Scope{Roots: map[string]Root{"rows": open, "doc": open}, Lists: map[string]bool{"rows": true}}
	rows := []any{record.Object{"n": int64(3)}, record.Object{"n": int64(4)}}
	for code, want := range map[string]bool{
		"rows[0].n == 3": true, "rows[-1].n == 4": true, "rows[2].n == nil": true, "len(rows) == 2": true, "all(rows, .n > 2)": true, "rows[1]?.n in [4]": true, "rows == []": false,
	} {
		p, problems := Compile(code, s, catalog.KindBool)
		if p == nil {
			t.Errorf("%s: %v", code, problems)
			continue
		}
		if v, err := NewMachine(nil).Eval(p, map[string]any{"rows": rows}); err != nil || v != want {
			t.Errorf("%s: %v, %v", code, v, err)
		}
	}
}

// FuzzCompile: no expression makes the compiler or a run panic, and a run
// gives the same twice.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{"doc.i + 1", "doc?.j.list[0]", `map(doc.j.list, # ?? 1)`, "let a = 1; a ** 70", "0.1 * -doc.d", "sum(1..3, # / 2)", `{"a": [doc.t]}.a[0]`, "doc.j | toJSON()"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, code string) {
		p, problems := Compile(code, scope(), "")
		if p == nil {
			if len(problems) == 0 || problems[0].Line < 1 || problems[0].Column < 1 {
				t.Fatalf("%q: %+v", code, problems)
			}
			return
		}
		var first any
		for i := range 2 {
			m := NewMachine(scope().Env)
			m.Env["op"], m.Env["value"] = "create", nil
			for _, v := range p.Vars {
				got, err := v.Path.Get(doc)
				if err != nil || got == record.Missing {
					got = nil
				}
				m.Env[v.Name] = got
			}
			got, err := m.Run(p)
			if err != nil {
				return
			}
			if i == 0 {
				first = got
			} else if !Equal(first, got) && first == first {
				t.Fatalf("%q: %v, then %v", code, first, got)
			}
		}
	})
}

// TestCompareTexts: digit by digit is as by value.
func TestCompareTexts(t *testing.T) {
	t.Parallel()
	all := []string{"0", "0.0", "1", "-1", "10", "9", "9.90", "9.9", "-9.91", "0.09", "-0.1", "123456789012345678901234567890", "123456789012345678901234567890.1", "0.5", "1e1", "-0", "007"}
	for _, a := range all {
		for _, b := range all {
			var x, y apd.Decimal
			if err := errors.Join(toDecimal(record.Decimal(a), &x), toDecimal(record.Decimal(b), &y)); err != nil {
				t.Fatal(err)
			}
			if c, err := compareNumbers(record.Decimal(a), record.Decimal(b)); err != nil || c != x.Cmp(&y) {
				t.Errorf("%s beside %s: %d, want %d", a, b, c, x.Cmp(&y))
			}
		}
	}
}
