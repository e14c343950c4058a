package path

import (
	"reflect"
	"testing"

	"godwit/internal/record"
)

func TestGet(t *testing.T) {
	t.Parallel()
	doc := record.Object{
		"a":    record.Object{"b": int64(1), "n": nil, "x y": "q"},
		"list": []any{record.Object{"c": "first"}, "second"},
		"text": "t",
	}
	for text, want := range map[string]any{
		"a.b": int64(1), "a.n": nil, "a.n.deeper": record.Missing, "a.z": record.Missing, "z.z": record.Missing,
		"list[0].c": "first", "list[1]": "second", "list[-1]": "second", "list[2]": record.Missing,
		`a."x y"`: "q",
	} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(text, err)
		}
		got, err := p.Get(doc)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"text.a": "text is a single value", "list.a": "list is a list, not a document", "a[0]": "a is a document, not a list",
	} {
		p, _ := Parse(text)
		if _, err := p.Get(doc); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, offset := range map[string]int{"": 0, "a.": 2, "a[x]": 1, "a b": 1, `"a`: 0, "a[1": 1, ".a": 0, "a..b": 2, "a(b)": 1} {
		_, err := Parse(text)
		if e, ok := err.(*Error); !ok || e.Offset != offset {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzParse: a path that is read is written so that it reads the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"a.b", "a[0].b", `"x ""y".z[-3]`, "é.ü", "a[", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(p.String())
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("%q: %#v is written %q, which is %#v, %v", text, p, p.String(), again, err)
		}
	})
}
