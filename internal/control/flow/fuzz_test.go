package flow

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"godwit/internal/control/flow/decode"
	"godwit/internal/control/flow/source"
	"godwit/internal/work/pipeline"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// FuzzParse holds the reader against goccy/go-yaml: what is accepted means the
// same to both, as written and encoded again; what is refused points into the
// file. Nothing panics, also when it is decoded as a flow and as a project.
func FuzzParse(f *testing.F) {
	archives, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range archives {
		for _, m := range readArchive(f, path) {
			if strings.HasSuffix(m.name, ".yaml") {
				f.Add(m.text)
			}
		}
	}
	f.Add(warehouseFlow)
	f.Add(warehouseProject)
	for _, text := range rollout {
		f.Add(text)
	}
	f.Add("a: |2-\n    x\n\n  y\nb: \"\\u00e9\\\n  z\"\nc: 'it''s'\nd: [a, {b: c}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			t.Skip("large")
		}
		l := &source.Problems{}
		n := source.Parse("f.yaml", []byte(text), l)
		inside(t, text, l.List)
		if n != nil && len(l.List) == 0 {
			agrees(t, text, n)
		}
		decodes(t, text, n)
	})
}

// inside checks that every position is in the file.
func inside(t *testing.T, text string, ds Diagnostics) {
	t.Helper()
	lines := strings.Split(text, "\n")
	for _, d := range ds {
		if d.Pos.Line < 1 || d.Pos.Line > len(lines) || d.Pos.Column < 1 ||
			d.Pos.Column > utf8.RuneCountInString(lines[d.Pos.Line-1])+1 || d.Width < 1 {
			t.Fatalf("%v (width %d) is outside of %q", d, d.Width, text)
		}
	}
}

func agrees(t *testing.T, text string, n *Node) {
	t.Helper()
	ours := data(n)
	var direct, again any
	if err := yaml.Unmarshal([]byte(text), &direct); err != nil {
		t.Fatalf("accepted %q, goccy: %v", text, err)
	}
	if d := cmp.Diff(normal(direct), ours); d != "" {
		t.Fatalf("%q (-goccy +ours):\n%s", text, d)
	}
	encoded, err := json.Marshal(ours)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(encoded, &again); err != nil {
		t.Fatalf("%q encoded as %s: %v", text, encoded, err)
	}
	if d := cmp.Diff(normal(again), ours); d != "" {
		t.Fatalf("%q encoded as %s (-goccy +ours):\n%s", text, encoded, d)
	}
}

func data(n *Node) any {
	switch n.Shape {
	case source.List:
		out := []any{}
		for _, item := range n.Items {
			out = append(out, data(item))
		}
		return out
	case source.Mapping:
		out := map[string]any{}
		for _, f := range n.Fields {
			out[f.Name] = data(f.Value)
		}
		return out
	}
	switch n.Kind() {
	case "number":
		v, err := strconv.ParseFloat(n.Text, 64)
		if _, big := strconv.ParseUint(strings.TrimPrefix(n.Text, "-"), 10, 64); err != nil || source.Whole(n.Text) && big != nil {
			return n.Text // goccy leaves it a text
		}
		return v
	case "bool":
		return n.Text == "true"
	case "null":
		return nil
	}
	return n.Text
}

// normal makes one type of each of goccy's numbers and maps.
func normal(v any) any {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, normal(item))
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, item := range v {
			out[k] = normal(item)
		}
		return out
	case int64, uint64, int:
		f, err := strconv.ParseFloat(fmt.Sprint(v), 64)
		if err != nil {
			return v
		}
		return f
	}
	return v
}

func decodes(t *testing.T, text string, n *Node) {
	t.Helper()
	if n == nil {
		return
	}
	fs := source.NewFiles("testdata")
	fs.Data = map[string][]byte{"p.yaml": []byte(text), "q.sql": []byte(text), "l.csv": []byte(text)}
	d := newDecoder(decode.Decoder{Files: fs})
	p := &Project{lang: records(), Environments: map[string]Environment{}, Connections: map[string]Connection{}}
	f := &Flow{Name: "f", project: p, files: fs}
	f.decode(d, n)
	inside(t, text, d.List)
	f.wrong = d.List
	if _, ds := f.Bind(nil, ""); len(ds) > 0 {
		inside(t, text, positioned(ds))
	}
	d = newDecoder(decode.Decoder{Files: fs})
	d.project(p, n)
	inside(t, text, d.List)
	mapped(t, text, fs)
}

// mapped decodes the text as a map, as the file of a process, of a lookup and of
// a sql: what is accepted is frozen and thawed unchanged.
func mapped(t *testing.T, text string, fs *source.Files) {
	t.Helper()
	spec := &pipeline.Load{}
	load := &Node{Shape: source.Mapping, Fields: []source.Field{given("from", "a"), given("process", "p.yaml"), given("map", "p.yaml")}}
	d := newDecoder(decode.Decoder{Files: fs, Dir: "."})
	d.Group(load, elem(spec), &decode.Level{Name: "load", Keys: Keys(spec)}, source.Spot{})
	inside(t, text, d.List)
	frozen, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	thawed := &pipeline.Load{}
	if err := json.Unmarshal(frozen, thawed); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(spec, thawed); diff != "" && len(d.List) == 0 {
		t.Fatalf("%q (-read +thawed):\n%s", text, diff)
	}
	d = newDecoder(decode.Decoder{Files: fs})
	file, rows := "l.csv", [][]string{}
	one := &Node{Shape: source.Mapping, Fields: []source.Field{given("file", file)}}
	d.Table(one, elem(&file), elem(&rows), Key{Name: "file", Kind: CSV}, &decode.Level{Name: "a"})
	if len(d.List) == 0 && len(rows) == 0 {
		t.Fatalf("%q is read as a lookup without a header", text)
	}
	inside(t, text, d.List)
	got, ok := d.Statement(&Node{Text: "q.sql"}, "query")
	if inside(t, text, d.List); ok && got != text {
		t.Fatalf("sql %q became %q", text, got)
	}
}

func given(name, text string) source.Field {
	return source.Field{Name: name, Value: &Node{Text: text}}
}

// positioned leaves out what is about flags.
func positioned(ds Diagnostics) Diagnostics {
	var out Diagnostics
	for _, d := range ds {
		if d.Pos.Line > 0 {
			d.Width = max(1, d.Width) // an input's place has none
			out = append(out, d)
		}
	}
	return out
}
