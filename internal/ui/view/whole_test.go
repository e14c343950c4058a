package view

import (
	"strings"
	"testing"
)

// TestStatusNames: what status prints once names units as they are typed; the block
// that is drawn again and again keeps its columns.
func TestStatusNames(t *testing.T) {
	t.Parallel()
	const name = "projects[a-customer-of-long-standing] move a-part-of-it"
	s := Status{Run: "rollout-1", State: "running", Active: []Active{{Unit: name, Doing: "load", Rows: 12}, {Unit: "short", Doing: "load"}}}
	if text := strings.Join(s.Draw(100), "\n"); !strings.Contains(text, name) || strings.Count(text, "load") != 2 {
		t.Errorf("names are cut:\n%s", text)
	}
	if text := strings.Join(Block(s, 100, 40), "\n"); strings.Contains(text, name) {
		t.Errorf("the block has no columns any more:\n%s", text)
	}
}
