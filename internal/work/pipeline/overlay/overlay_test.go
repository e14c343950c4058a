package overlay

import (
	"testing"

	"godwit/internal/catalog"
	"godwit/internal/work/pipeline/mapping"

	"github.com/google/go-cmp/cmp"
)

// TestOver: parts take the place of those of their name, where those stand; the
// map itself is what it was.
func TestOver(t *testing.T) {
	t.Parallel()
	base := func() *mapping.Map {
		return &mapping.Map{
			Filter: map[string]string{"old": "doc.a < 1"},
			Fields: []mapping.Field{{Name: "a", From: []string{"a"}, Missing: "as_null"}, {Name: "b", Const: &mapping.Literal{Value: int64(1)}, Required: true}},
			Rules:  []mapping.Rule{{Name: "r", Check: "true"}},
		}
	}
	m := base()
	out, changes := (&Overlay{
		At: "o.yaml:1:1", Filter: map[string]string{"old": "false", "new": "true"},
		Fields: []mapping.Field{{Name: "c", From: []string{"a", "b"}, At: "o.yaml:3:3"}, {Name: "b", Const: &mapping.Literal{Value: int64(2)}, Required: true}, {Name: "a", From: []string{"a"}, Missing: "as_null"}},
	}).Over(m)
	if d := cmp.Diff(base(), m); d != "" {
		t.Errorf("the map was changed:\n%s", d)
	}
	var names []string
	for _, f := range out.Fields {
		names = append(names, f.Name)
	}
	if d := cmp.Diff([]string{"a", "b", "c"}, names); d != "" {
		t.Error(d)
	}
	want := []Change{
		{"o.yaml:1:1", "filter new", "added, true"}, {"o.yaml:1:1", "filter old", "doc.a < 1 -> false"},
		{"o.yaml:3:3", "field c", "added, from: a, b"}, {"", "field b", "const: 1 -> 2"}, {"", "field a", "as in the map: changes nothing"},
	}
	if d := cmp.Diff(want, changes); d != "" {
		t.Errorf("changes (-want +got):\n%s", d)
	}
	in := mapping.Input{Source: &catalog.Schema{Fields: []catalog.Field{{Name: "a", Type: catalog.Type{Kind: catalog.KindInt}}, {Name: "b"}}}}
	was, problems := mapping.Compile(m, in)
	is, more := mapping.Compile(out, in)
	if len(problems)+len(more) > 0 {
		t.Fatal(problems, more)
	}
	if was.Version() == is.Version() {
		t.Error("the overlay makes no other version of the mapping")
	}
	if same, none := (*Overlay)(nil).Over(m); same != m || none != nil {
		t.Error("no overlay changes something")
	}
}
