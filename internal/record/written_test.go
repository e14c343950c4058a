package record

import (
	"math/rand/v2"
	"testing"
)

// TestWrite: the way past the value comes to the same JSON as the way through it, for every
// value alone, in a list, in an object, and for objects of many of them.
func TestWrite(t *testing.T) {
	t.Parallel()
	list := append(values(), "{", "{\"$int\":\"5\"}", "\\", "x\\", Object{"{": "$"}, Object{"$int": "5", "a": "\"}"}, Object{"$text": "\"}"}, []any{Object{"$int": int64(5)}})
	same := func(v any) {
		t.Helper()
		text, err := EncodeValue(v)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeValue(text)
		if err != nil {
			t.Fatal(err)
		}
		want, wrong := EncodeJSON(back)
		got, err := Write(text)
		if (err == nil) != (wrong == nil) || err == nil && string(got) != string(want) {
			t.Errorf("%s: %s %v, want %s %v", text, got, err, want, wrong)
		}
		if err != nil {
			return
		}
		sent, err := EncodeJSON(Object{"a": got})
		if err != nil || string(sent) != `{"a":`+string(want)+"}" {
			t.Errorf("%s %v", sent, err)
		}
		if kept, err := EncodeValue(got); err != nil {
			t.Errorf("%s: %v", got, err)
		} else if _, err := DecodeValue(kept); err != nil {
			t.Errorf("%s: %v", kept, err)
		}
	}
	for _, v := range list {
		for _, in := range []any{v, []any{int64(1), v}, Object{"a": v}, Object{"a": Object{"$b": v}}} {
			same(in)
		}
	}
	names := []string{"a", "b", "$c", "$int", "$time", "$missing", "\"", "{", "}", "\\", "\xff"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		o := Object{}
		for range r.IntN(6) {
			o[names[r.IntN(len(names))]] = list[r.IntN(len(list))]
		}
		same(o)
	}
}

func BenchmarkWrite(b *testing.B) {
	text, err := EncodeValue(Object{"at": values()[31], "score": 0.25, "name": "A name of some length", "n": int64(7), "total": Decimal("12.50"), "city": nil, "kind": "alpha"})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("past the value", func(b *testing.B) {
		for b.Loop() {
			if _, err := Write(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("through the value", func(b *testing.B) {
		for b.Loop() {
			v, err := DecodeValue(text)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := EncodeJSON(v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
