package mapping

import (
	"testing"

	"godwit/internal/record"

	"github.com/google/go-cmp/cmp"
)

// TestWith: parts take the place of those of their name, where those stand; the
// map itself is what it was.
func TestWith(t *testing.T) {
	t.Parallel()
	base := func() *Map {
		return &Map{
			Filter: map[string]string{"old": "doc.a < 1"},
			Fields: []Field{{Name: "a", From: []string{"a"}, Missing: "as_null"}, {Name: "b", Const: lit(int64(1)), Required: true}},
			Rules:  []Rule{{Name: "r", Check: "true"}},
		}
	}
	m := base()
	out, changes := m.With(&Overlay{
		At: "o.yaml:1:1", Filter: map[string]string{"old": "false", "new": "true"},
		Fields: []Field{{Name: "c", From: []string{"a", "b"}, At: "o.yaml:3:3"}, {Name: "b", Const: lit(int64(2)), Required: true}, {Name: "a", From: []string{"a"}, Missing: "as_null"}},
	})
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
	in := Input{Source: &record.Schema{}}
	if version(out, in) == version(m, in) {
		t.Error("the overlay makes no other version of the mapping")
	}
	if same, none := m.With(nil); same != m || none != nil {
		t.Error("no overlay changes something")
	}
}
