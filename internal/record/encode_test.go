package record

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"godwit/internal/catalog"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var sameFloats = cmp.Options{
	cmp.Comparer(func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }),
	cmp.Comparer(func(a, b missing) bool { return true }),
	cmpopts.EquateEmpty(),
}

// values has one of every kind that a slot may hold, and the odd ones.
func values() []any {
	return []any{
		nil, Missing, true, false, int64(0), int64(-1), int64(math.MaxInt64), int64(math.MinInt64), 1.5, 1.0, math.Copysign(0, -1),
		math.Inf(1), 1e300, 5e-324, 0.1, "", " ", "a\"b\\\u2028", "\x00", "\xff\xfe", "2024-01-02T00:00:00Z", "infinity", []byte{}, []byte{0, 255},
		Decimal("12.50"), Decimal("-0"), Decimal("1e400"), Decimal("NaN"), Decimal("5"), Decimal("+5"), Decimal("12345678901234567890"),
		time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 1, 2, 3, 456789, time.UTC), time.Date(12345, 1, 1, 0, 0, 0, 1, time.UTC),
		[]any{}, []any{int64(1), nil, Missing, "x", []any{1.5}}, Object{}, Object{"a": int64(1), "b": Object{"c": []any{Decimal("1.0")}}},
		Object{"$int": "5"}, Object{"$x": nil}, Object{"\xff": int64(1)}, Object{"m": Missing}, Object{"$a": int64(1), "b": []byte("x")},
	}
}

var types = []catalog.Type{
	{}, {Kind: catalog.KindBool}, {Kind: catalog.KindInt}, {Kind: catalog.KindDecimal}, {Kind: catalog.KindFloat}, {Kind: catalog.KindText},
	{Kind: catalog.KindBytes}, {Kind: catalog.KindDate}, {Kind: catalog.KindTimestamp}, {Kind: catalog.KindTimestamp, Zone: true},
	{Kind: catalog.KindJSON}, {Kind: catalog.KindList, Of: &catalog.Type{Kind: catalog.KindFloat}}, {Kind: catalog.KindOther},
}

func TestEveryValueInEveryColumn(t *testing.T) {
	t.Parallel()
	for _, kind := range types {
		for _, v := range values() {
			s := &Schema{Fields: []Field{{Name: "x", Type: kind}, {Name: "x"}, {Name: "x#2"}, {Name: "y\xff"}}}
			slots := []any{v, int64(7), nil, v}
			b, err := Encode(s, slots)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(b, s)
			if d := cmp.Diff(slots, got, sameFloats); err != nil || d != "" {
				t.Errorf("%v in %s: %s: %v %s", v, kind, b, err, d)
			}
			one, err := EncodeValue([]any{v})
			if err != nil {
				t.Fatal(err)
			}
			back, err := DecodeValue(one)
			if d := cmp.Diff([]any{v}, back, sameFloats); err != nil || d != "" {
				t.Errorf("%v alone: %s: %v %s", v, one, err, d)
			}
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	s := &Schema{Fields: []Field{{Name: "a"}}}
	for _, text := range []string{"", "[]", `{"b":1}`, `{"a":{"$none":"1"}}`, `{"a":{"$int":5}}`, `{"a":{"$int":"x"}}`, `{"a":1,"a":2}`} {
		if v, err := Decode([]byte(text), s); err == nil {
			t.Errorf("%s: %v", text, v)
		}
	}
	if _, err := Encode(s, []any{struct{}{}}); err == nil {
		t.Error("a value that records do not hold was written")
	}
}

func TestDecodeJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]any{
		`9007199254740993`: int64(9007199254740993), `9223372036854775808`: Decimal("9223372036854775808"), `-0`: Decimal("-0"),
		`1.10`: Decimal("1.10"), `1e400`: Decimal("1e400"), ` {"a":[null,true,"é"]} `: Object{"a": []any{nil, true, "é"}},
		`"\ud83d\ude00"`: "😀", `"\u0000"`: "\x00",
	} {
		got, err := DecodeJSON([]byte(text))
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", text, err, d)
		}
	}
	for text, want := range map[string]string{
		`{"a":1,"a":2}`: "duplicate", `"\ud83d"`: "surrogate", "\"\xff\"": "UTF-8", `1 2`: "behind", `{"a":1}}`: "", ``: "too early", `[1,`: "", `01`: "", `{"a" 1}`: "", `nul`: "", `[1}`: "",
		`{"a":{"b":1,"b":2}}`: "/a", strings.Repeat("[", 20000): "",
	} {
		v, err := DecodeJSON([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, %v; want %q", text, v, err, want)
		}
	}
	for _, text := range []string{`["\ud83dsecret"]`, `["\ude00secret"]`, `["\usecret"]`, `["secret`} {
		if _, err := DecodeJSON([]byte(text)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestEncodeJSON(t *testing.T) {
	t.Parallel()
	got, err := EncodeJSON(Object{"b": int64(1), "a": []any{Decimal("1.10"), 0.5, 1e21, "x\n<"}, "m": Missing, "t": time.Date(2024, 1, 2, 3, 4, 5, 6000, time.UTC), "z": []byte{1}})
	if want := `{"a":[1.10,0.5,1e+21,"x\n<"],"b":1,"t":"2024-01-02T03:04:05.000006Z","z":"AQ=="}`; err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	for _, v := range []any{math.NaN(), Decimal("NaN"), "\xff", Object{"\xff": nil}, []any{Missing}, struct{}{}} {
		if b, err := EncodeJSON(v); err == nil {
			t.Errorf("%v: %s", v, b)
		}
	}
}

// FuzzDecodeJSON: what is read is written so that it reads the same.
func FuzzDecodeJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,1.0,-0,1e5,"x",null,true,{}]}`, `"\ud83d\ude00"`, `{"$int":"5"}`, `[[]]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := DecodeJSON(b)
		if err != nil {
			return
		}
		text, err := EncodeJSON(v)
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		again, err := DecodeJSON(text)
		if d := cmp.Diff(v, again); err != nil || d != "" {
			t.Fatalf("%s -> %s: %v %s", b, text, err, d)
		}
		stored, err := EncodeValue(v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeValue(stored)
		if d := cmp.Diff(again, back, cmpopts.EquateEmpty()); err != nil || d != "" {
			t.Fatalf("%s -> %s: %v %s", b, stored, err, d)
		}
	})
}

// TestRandomRecords stores values that are put together at random.
func TestRandomRecords(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	all := values()
	var tree func(depth int) any
	tree = func(depth int) any {
		switch n := r.IntN(len(all) + 8); {
		case n < len(all) || depth > 3:
			return all[min(n, len(all)-1)]
		case n%2 == 0:
			return []any{tree(depth + 1), tree(depth + 1)}
		default:
			return Object{"$k": tree(depth + 1), "l": tree(depth + 1)}
		}
	}
	for range 500 {
		s := &Schema{Fields: []Field{{Name: "a", Type: types[r.IntN(len(types))]}, {Name: "b", Type: types[r.IntN(len(types))]}}}
		slots := []any{tree(0), tree(0)}
		b, err := Encode(s, slots)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(b, s)
		if d := cmp.Diff(slots, got, sameFloats); err != nil || d != "" {
			t.Fatalf("%s: %v %s", b, err, d)
		}
	}
}
