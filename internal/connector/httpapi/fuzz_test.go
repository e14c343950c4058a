package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"godwit/internal/fault"
)

// FuzzObjects: whatever an answer holds, the two ways of counting its objects
// say the same, and what the standard library takes for a list is one.
func FuzzObjects(f *testing.F) {
	for _, s := range []string{`[]`, ` [ {"a":[1,{"b":"]\"[,"}]} , 2,"x"]`, `[[],[[]],{}]`, `{"a":1}`, `[1,2`, `["\\",1]`, `[1]]`, `null`, `["\ud800"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := Path{}.objects(&answer{status: 200, header: http.Header{}, body: body}, &login{})
		var want []json.RawMessage
		if is := json.Unmarshal(body, &want) == nil && bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("[")); is != (err == nil) {
			t.Fatalf("%q: %v, and the standard library says %v", body, err, is)
		}
		if err != nil {
			if fault.CodeOf(err) != "http.answer" {
				t.Fatal(err)
			}
			return
		}
		if len(l.items) != len(want) || len(l.begins) != len(want) || len(l.ends) != len(want) {
			t.Fatalf("%q: %d objects, %d begin, want %d", body, len(l.items), len(l.begins), len(want))
		}
		for i, v := range l.items {
			if !bytes.Equal(bytes.TrimSpace(want[i]), v) || l.begins[i] >= l.ends[i] {
				t.Fatalf("%q: %q, want %q", body, v, want[i])
			}
		}
	})
}

// FuzzPath: a path that is taken is taken again as it is written.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"body", "body.a.b", `body["a b"].c`, `headers["X-Total-Count"]`, "headers.x", "headers", "body.", "body[0]", "int(body.a)", "total", `body["a]`, "body.a?.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var p, again Path
		if p.UnmarshalText([]byte(text)) != nil {
			return
		}
		out, err := p.MarshalText()
		if err != nil || again.UnmarshalText(out) != nil || len(again.names) != len(p.names) || again.header != p.header || (p.header == "") != bytes.HasPrefix(out, []byte("body")) {
			t.Fatalf("%q: %v", text, again)
		}
	})
}

func TestPaths(t *testing.T) {
	t.Parallel()
	a := &answer{header: http.Header{"X-Total-Count": {"7"}}, body: []byte(`{"a":{"b c":[1,2],"n":null},"d":5}`)}
	for text, want := range map[string]string{"body.d": "5", `body.a["b c"]`: "[1,2]", "body.a.n": "null", "body.none": "", "body.d.e": "", "body.a.none.x": "", `headers["x-total-count"]`: `"7"`, "headers.none": ""} {
		v, err := answerPath(t, text).find(a)
		if err != nil || string(v) != want {
			t.Errorf("%s: %s %v, want %s", text, v, err, want)
		}
	}
	for _, text := range []string{"", "bod", "headers", `headers[""]`, "body.", "body..a", "int(body.total)", "body.a + 1", "body?.a", "body[0]", `headers.a.b`, "Body.a"} {
		var p Path
		if p.UnmarshalText([]byte(text)) == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
