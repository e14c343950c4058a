package request

import (
	"testing"

	"godwit/internal/expression"
	"godwit/internal/record"
)

// TestHeader: a value that a header cannot hold is refused, not sent as something else.
func TestHeader(t *testing.T) {
	t.Parallel()
	s := expression.Scope{Roots: map[string]expression.Root{"doc": Open}}
	f, problems := Compile(Form{Request: "POST /x", Headers: Value{record.Object{"X-Id": "${doc.id}"}}}, s)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for value, whole := range map[string]bool{"a\tb \u00e9": true, "a\nb": false, "a\r\nX-Other: b": false, "a\x00": false, "a\x7f": false} {
		got, err := f.Fill(expression.NewMachine(nil), map[string]any{"doc": record.Object{"id": value}})
		if (err == nil) != whole || whole && got.Headers["X-Id"] != value {
			t.Errorf("%q: %q %v", value, got.Headers, err)
		}
	}
}
