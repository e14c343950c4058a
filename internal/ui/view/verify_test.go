package view

import (
	"strings"
	"testing"
)

// What is told of a row that is missing is not cut to the width of a key.
func TestWhatIsMissingIsToldWhole(t *testing.T) {
	t.Parallel()
	v := Verification{Tables: []Compared{{Table: "office.assignment", Result: Differs, Rows: []Difference{
		{Key: "external_id=pb-8", Text: "missing at office: record pb-8"},
	}}}}
	if text := strings.Join(v.Draw(100), "\n"); !strings.Contains(text, "external_id=pb-8") || !strings.Contains(text, "missing at office: record pb-8") {
		t.Errorf("says\n%s", text)
	}
}
