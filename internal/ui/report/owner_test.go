package report

import (
	"strings"
	"testing"
)

// An owner's part holds what is theirs and nothing of others.
func TestOwnersPart(t *testing.T) {
	t.Parallel()
	r := sample()
	r.NotLoaded.Owners[1].Issues[0].Link = "https://hr.example/99120331"
	part, ok := r.For("hr")
	if _, other := r.For("sales"); !ok || other {
		t.Fatal("owners are not told apart")
	}
	page := render(t, part)
	for _, want := range []string{"what hr has to mend", "To mend: hr", "99120331", "https://hr.example/99120331", "hr@example.com", "fixed"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not there", want)
		}
	}
	for _, not := range []string{"nobody", "sales.orders", "8,811,930", "Expected issues", "Done more than once"} {
		if strings.Contains(page, not) {
			t.Errorf("%q is there", not)
		}
	}
	whole := render(t, r)
	for _, want := range []string{"Issues by owner", "Beside warehouse-6", "To mend: hr", "Expected issues", "-3"} {
		if !strings.Contains(whole, want) {
			t.Errorf("%q is not in the whole report", want)
		}
	}
	names := map[string]bool{}
	for _, table := range Tables(r) {
		names[table.ID] = true
	}
	if !names["owners"] || !names["known"] || !names["owner-2"] || names["owner-1"] {
		t.Errorf("tables: %v", names)
	}
}
