package request

import (
	"maps"
	"testing"
)

// TestWithKey: a header that the flow writes itself stays, however it is written.
func TestWithKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ given, want map[string]string }{
		"none":  {nil, map[string]string{KeyHeader: "k"}},
		"other": {map[string]string{"X": "1"}, map[string]string{"X": "1", KeyHeader: "k"}},
		"own":   {map[string]string{"idempotency-key": "mine"}, map[string]string{"idempotency-key": "mine"}},
	} {
		before := maps.Clone(c.given)
		if got := WithKey(c.given, "k"); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if !maps.Equal(before, c.given) {
			t.Errorf("%s: what was given is %v now", name, c.given)
		}
	}
}
