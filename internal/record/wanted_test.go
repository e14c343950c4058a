package record

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wantedOf reads a tree of names: "a.b, c[].d, e[2], f" with * behind what is
// wanted whole.
func wantedOf(paths string) *Wanted {
	root := &Wanted{}
	for _, p := range strings.Split(paths, ",") {
		w := root
		p, whole := strings.CutSuffix(strings.TrimSpace(p), "*")
		for _, part := range strings.FieldsFunc(p, func(r rune) bool { return r == '.' }) {
			switch {
			case part == "[]":
				w = w.Each()
			case len(part) > 1 && part[0] == '[':
				w = w.Item(int(part[1]-'0') % 10)
			case part == "-":
				w = w.Item(-1)
			default:
				w = w.Name(part)
			}
		}
		if whole {
			w.All()
		}
	}
	return root
}

func TestWanted(t *testing.T) {
	t.Parallel()
	const doc = `{"a": {"b": 1, "c": [1, 2], "q\"x": "\u00e9\\"}, "l": [{"n": "x", "m": {"k": null}}, "text", [1], {"n": {"o": 1}}], "s": "}\"]\\", "e": {}}`
	for paths, want := range map[string]any{
		"*":            nil,
		"":             Object{},
		"a":            Object{"a": Object{}},
		"a.b*":         Object{"a": Object{"b": int64(1)}},
		"a.c":          Object{"a": Object{"c": []any{}}},
		`a.q"x*`:       Object{"a": Object{`q"x`: `é\`}},
		"l.[].n*":      Object{"l": []any{Object{"n": "x"}, "text", []any{}, Object{"n": Object{"o": int64(1)}}}},
		"l.[0.n*":      Object{"l": []any{Object{"n": "x"}}},
		"l.[0.n*, l.-": Object{"l": []any{Object{"n": "x"}, "text", []any{}, Object{"n": Object{"o": int64(1)}}}},
		"a.[].n*, s":   Object{"a": Object{"b": int64(1), "c": []any{int64(1), int64(2)}, `q"x`: `é\`}, "s": `}"]\`},
		"z.y.x*":       Object{},
	} {
		got, err := JSON(doc).Decode(wantedOf(paths))
		if want == nil {
			want, _ = byTokens([]byte(doc))
		}
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", paths, err, d)
		}
	}
	for _, text := range []string{`{"z":{"a":1,"a":2}}`, `{"z":"\ud83d"}`, "{\"z\":\"\xff\"}", `{"z":[1,]}`, `{"z":01}`, `{}x`} {
		_, want := byTokens([]byte(text))
		if v, err := JSON(text).Decode(wantedOf("a.b")); err == nil || err.Error() != want.Error() {
			t.Errorf("%s: %v, %v; want %v", text, v, err, want)
		}
	}
}

// What nobody has read yet is written and stored as what it says.
func TestUnreadIsItsValue(t *testing.T) {
	t.Parallel()
	const doc = `{"b": [1.10, {"$int": "5"}], "a": "\u00e9"}`
	v, err := DecodeJSON([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	s := &Schema{Fields: []Field{{Name: "x"}}}
	for name, write := range map[string]func(any) ([]byte, error){
		"encode": EncodeJSON, "value": EncodeValue, "record": func(v any) ([]byte, error) { return Encode(s, []any{v}) },
	} {
		want, err := write(v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := write(JSON(doc)); err != nil || string(got) != string(want) {
			t.Errorf("%s: %s, %v; want %s", name, got, err, want)
		}
		if b, err := write(JSON(`{"a":1,"a":2}`)); err == nil {
			t.Errorf("%s: %s", name, b)
		}
	}
}

// FuzzWanted: what is read of a document in part is a part of what is read of
// it as a whole, whatever the words of a refusal.
func FuzzWanted(f *testing.F) {
	for _, paths := range []string{"*", "", "a.b*,l.[].n*", "l.[0.n*", "l.-.m*, a", "a.[].b"} {
		f.Add([]byte(`{"a": {"b": 1, "c": [1, 2]}, "l": [{"n": "x\\", "m": {"k\u0020": null}}, "te\"xt", [1]]}`), paths)
	}
	f.Add([]byte(`{"a":1,"a":2}`), "b")
	f.Add([]byte(`[[1],{"a":[{}]}, "\ud800"]`), "[0.[1")
	f.Fuzz(func(t *testing.T, doc []byte, paths string) {
		w := wantedOf(paths)
		whole, refused := byTokens(doc)
		got, err := JSON(doc).Decode(w)
		if (err == nil) != (refused == nil) || err != nil && err.Error() != refused.Error() {
			t.Fatalf("%q: %v, %v", doc, err, refused)
		}
		if err == nil {
			if d := cmp.Diff(restricted(whole, w), got); d != "" {
				t.Fatalf("%q of %q: %s", paths, doc, d)
			}
		}
		got, err = DecodeJSON(doc)
		if (err == nil) != (refused == nil) || err != nil && err.Error() != refused.Error() {
			t.Fatalf("%q: %v, %v", doc, err, refused)
		}
		if d := cmp.Diff(whole, got); err == nil && d != "" {
			t.Fatalf("%q: %s", doc, d)
		}
	})
}
