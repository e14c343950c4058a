package patch_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"godwit/internal/catalog"
	"godwit/internal/fault"
	"godwit/internal/record"
	"godwit/internal/work/pipeline/patch"
)

var schema = &catalog.Schema{Fields: []catalog.Field{
	{Name: "id", Type: catalog.Type{Kind: catalog.KindInt, Length: 4}},
	{Name: "name", Type: catalog.Type{Kind: catalog.KindText, Length: 10}},
	{Name: "price", Type: catalog.Type{Kind: catalog.KindDecimal, Precision: 6, Scale: 2}},
	{Name: "day", Type: catalog.Type{Kind: catalog.KindDate}},
	{Name: "tags", Type: catalog.Type{Kind: catalog.KindList, Of: &catalog.Type{Kind: catalog.KindText}}},
	{Name: "doc", Type: catalog.Type{Kind: catalog.KindJSON}},
	{Name: "odd.name", Type: catalog.Type{Kind: catalog.KindBool}},
}}

func slots() []any {
	return []any{int64(7), "seven", record.Decimal("1.50"), time.Date(2020, 2, 29, 0, 0, 0, 0, time.UTC), []any{"a", nil},
		record.Object{"n": int64(1), "list": []any{int64(1), record.Object{"x": "y"}}}, nil}
}

func read(t *testing.T) *patch.Record {
	t.Helper()
	source, err := record.Encode(schema, slots())
	if err != nil {
		t.Fatal(err)
	}
	r, err := patch.Read(source, schema)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func got(t *testing.T, r *patch.Record) []any {
	t.Helper()
	source, err := r.Source()
	if err != nil {
		t.Fatal(err)
	}
	all, err := record.Decode(source, schema)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field, text string
		slot        int
		want        any
		code        string
	}{
		{"id", "12", 0, int64(12), ""},
		{"id", "twelve", 0, nil, "patch.value"},
		{"id", "3000000000", 0, nil, "patch.value"},
		{"name", "12", 1, "12", ""},
		{"name", "null", 1, "null", ""},
		{"name", "", 1, "", ""},
		{"name", "eleven chars", 1, nil, "patch.value"},
		{"price", "2", 2, record.Decimal("2"), ""},
		{"price", "2.001", 2, nil, "patch.value"},
		{"day", "2021-03-01", 3, time.Date(2021, 3, 1, 0, 0, 0, 0, time.UTC), ""},
		{"day", "2021-02-29", 3, nil, "patch.value"},
		{"tags", `["b"]`, 4, []any{"b"}, ""},
		{"tags", `b`, 4, nil, "patch.value"},
		{"tags[0]", "b", 4, []any{"b", nil}, ""},
		{"tags[2]", "c", 4, []any{"a", nil, "c"}, ""},
		{"tags[4]", "c", 4, nil, "patch.field"},
		{"doc", `{"m":[]}`, 5, record.Object{"m": []any{}}, ""},
		{"doc", "text", 5, nil, "patch.value"},
		{"doc.n", "2", 5, record.Object{"n": int64(2), "list": []any{int64(1), record.Object{"x": "y"}}}, ""},
		{"doc.n", `"2"`, 5, record.Object{"n": "2", "list": []any{int64(1), record.Object{"x": "y"}}}, ""},
		{"doc.m", "x y", 5, record.Object{"n": int64(1), "m": "x y", "list": []any{int64(1), record.Object{"x": "y"}}}, ""},
		{"doc.list[-1].x", "z", 5, record.Object{"n": int64(1), "list": []any{int64(1), record.Object{"x": "z"}}}, ""},
		{"doc.n.m", "z", 5, nil, "patch.field"},
		{"doc.o.m", "z", 5, nil, "patch.field"},
		{"odd.name", "true", 6, true, ""},
		{"odd.name", "yes", 6, nil, "patch.value"},
		{"nane", "x", 0, nil, "patch.field"},
		{"a b", "x", 0, nil, "patch.field"},
	} {
		r := read(t)
		err := r.Set(c.field, c.text)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s=%s: %v, want code %q", c.field, c.text, err, c.code)
			continue
		}
		want := slots()
		if c.code == "" {
			want[c.slot] = c.want
		}
		if all := got(t, r); !reflect.DeepEqual(all, want) {
			t.Errorf("%s=%s: %v", c.field, c.text, all)
		}
		if n := len(r.Changes()); c.code == "" && n != 1 || c.code != "" && n != 0 {
			t.Errorf("%s=%s: %d changes", c.field, c.text, n)
		}
		if err != nil && c.text != "" && len(c.text) > 3 && strings.Contains(err.Error(), c.text) {
			t.Errorf("the value shows: %v", err)
		}
	}
}

func TestNull(t *testing.T) {
	t.Parallel()
	r := read(t)
	for _, field := range []string{"name", "doc.n", "odd.name"} {
		if err := r.Null(field); err != nil {
			t.Error(err)
		}
	}
	want := slots()
	want[1], want[5] = nil, record.Object{"n": nil, "list": []any{int64(1), record.Object{"x": "y"}}}
	if all := got(t, r); !reflect.DeepEqual(all, want) || len(r.Changes()) != 2 {
		t.Errorf("%v, %v", all, r.Changes())
	}
	if s := r.Changes()[0].Before; strings.Contains(s, "seven") || !strings.HasPrefix(s, "text, 5 characters, #") {
		t.Errorf("before is told as %s", s)
	}
}

// TestJSON has the examples of RFC 6902, appendix A, and what a record adds.
func TestJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, doc, patch, want, code string }{
		{"A.1 add to a document", `{"foo":"bar"}`, `[{"op":"add","path":"/doc/baz","value":"qux"}]`, `{"baz":"qux","foo":"bar"}`, ""},
		{"A.2 add to a list", `{"foo":["bar","baz"]}`, `[{"op":"add","path":"/doc/foo/1","value":"qux"}]`, `{"foo":["bar","qux","baz"]}`, ""},
		{"A.3 remove", `{"baz":"qux","foo":"bar"}`, `[{"op":"remove","path":"/doc/baz"}]`, `{"foo":"bar"}`, ""},
		{"A.4 remove from a list", `{"foo":["bar","qux","baz"]}`, `[{"op":"remove","path":"/doc/foo/1"}]`, `{"foo":["bar","baz"]}`, ""},
		{"A.5 replace", `{"baz":"qux","foo":"bar"}`, `[{"op":"replace","path":"/doc/baz","value":"boo"}]`, `{"baz":"boo","foo":"bar"}`, ""},
		{"A.6 move", `{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}`, `[{"op":"move","from":"/doc/foo/waldo","path":"/doc/qux/thud"}]`, `{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}`, ""},
		{"A.7 move in a list", `{"foo":["all","grass","cows","eat"]}`, `[{"op":"move","from":"/doc/foo/1","path":"/doc/foo/3"}]`, `{"foo":["all","cows","eat","grass"]}`, ""},
		{"A.8 test", `{"baz":"qux","foo":["a",2,"c"]}`, `[{"op":"test","path":"/doc/baz","value":"qux"},{"op":"test","path":"/doc/foo/1","value":2}]`, `{"baz":"qux","foo":["a",2,"c"]}`, ""},
		{"A.9 test that fails", `{"baz":"qux"}`, `[{"op":"test","path":"/doc/baz","value":"bar"}]`, "", "patch.test"},
		{"A.10 add a document", `{"foo":"bar"}`, `[{"op":"add","path":"/doc/child","value":{"grandchild":{}}}]`, `{"child":{"grandchild":{}},"foo":"bar"}`, ""},
		{"A.11 unknown names are passed over", `{"foo":"bar"}`, `[{"op":"add","path":"/doc/baz","value":"qux","xyz":123}]`, `{"baz":"qux","foo":"bar"}`, ""},
		{"A.12 add nowhere", `{"foo":"bar"}`, `[{"op":"add","path":"/doc/baz/bat","value":"qux"}]`, "", "patch.field"},
		{"A.13 a name twice", `{"foo":"bar"}`, `[{"op":"add","path":"/doc/baz","value":"qux","op":"remove"}]`, "", "patch.json"},
		{"A.14 escapes", `{"/":9,"~1":10}`, `[{"op":"test","path":"/doc/~01","value":10}]`, `{"/":9,"~1":10}`, ""},
		{"A.15 a text is no number", `{"/":9,"~1":10}`, `[{"op":"test","path":"/doc/~01","value":"10"}]`, "", "patch.test"},
		{"A.16 add a list", `{"foo":["bar"]}`, `[{"op":"add","path":"/doc/foo/-","value":["abc","def"]}]`, `{"foo":["bar",["abc","def"]]}`, ""},
		{"copy is no share", `{"a":[1]}`, `[{"op":"copy","from":"/doc/a","path":"/doc/b"},{"op":"add","path":"/doc/b/0","value":2}]`, `{"a":[1],"b":[2,1]}`, ""},
		{"a number with a zero before it", `{"a":[1,2]}`, `[{"op":"remove","path":"/doc/a/01"}]`, "", "patch.field"},
		{"into itself", `{"a":{}}`, `[{"op":"move","from":"/doc/a","path":"/doc/a/b"}]`, "", "patch.json"},
		{"no operation", `{}`, `[{"op":"set","path":"/doc"}]`, "", "patch.json"},
		{"no value", `{}`, `[{"op":"add","path":"/doc"}]`, "", "patch.json"},
		{"no pointer", `{}`, `[{"op":"remove","path":"doc"}]`, "", "patch.json"},
		{"all of it", `{}`, `[{"op":"remove","path":""}]`, "", "patch.json"},
		{"no field of the source", `{}`, `[{"op":"add","path":"/nope","value":1}]`, "", "patch.field"},
		{"no value of its type", `{}`, `[{"op":"replace","path":"/id","value":"x"}]`, "", "patch.value"},
		{"a number is no text", `{}`, `[{"op":"replace","path":"/name","value":5}]`, "", "patch.value"},
		{"no record", `{}`, `[{"op":"replace","path":"","value":5}]`, "", "patch.value"},
		{"a time is tested as its text", `{}`, `[{"op":"test","path":"/day","value":"2020-02-29T00:00:00Z"}]`, `{}`, ""},
		{"the first is undone with the second", `{}`, `[{"op":"add","path":"/doc/a","value":1},{"op":"test","path":"/id","value":8}]`, "", "patch.test"},
	} {
		doc, err := record.DecodeJSON([]byte(c.doc))
		if err != nil {
			t.Fatal(err)
		}
		all := slots()
		all[5] = doc
		source, _ := record.Encode(schema, all)
		r, err := patch.Read(source, schema)
		if err != nil {
			t.Fatal(err)
		}
		err = r.JSON([]byte(c.patch))
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want code %q", c.name, err, c.code)
			continue
		}
		want := c.want
		if c.code != "" {
			want = c.doc
		}
		text, err := record.EncodeJSON(got(t, r)[5])
		if err != nil || !json.Valid(text) || string(text) != want {
			t.Errorf("%s: %s, want %s", c.name, text, want)
		}
		all[5] = got(t, r)[5]
		if after := got(t, r); !reflect.DeepEqual(after, all) {
			t.Errorf("%s: other fields changed: %v", c.name, after)
		}
	}
}

// A record that could not be read is a text: only a whole one takes its place.
func TestBroken(t *testing.T) {
	t.Parallel()
	source, err := record.EncodeValue(`{"id": 7, "name": `)
	if err != nil {
		t.Fatal(err)
	}
	r, err := patch.Read(source, schema)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Set("name", "x"); fault.CodeOf(err) != "patch.broken" {
		t.Error(err)
	}
	if err := r.JSON([]byte(`[{"op":"add","path":"/name","value":"x"}]`)); fault.CodeOf(err) != "patch.field" {
		t.Error(err)
	}
	if err := r.JSON([]byte(`[{"op":"replace","path":"","value":{"id":7,"name":"x"}}]`)); err != nil {
		t.Fatal(err)
	}
	all := got(t, r)
	if all[0] != int64(7) || all[1] != "x" || all[2] != record.Missing {
		t.Errorf("%v", all)
	}
}
