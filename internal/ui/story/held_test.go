package story

import (
	"slices"
	"testing"

	"godwit/internal/control/run/chronicle"
	"godwit/internal/unit"
)

// What requests waited for is told at the end, apart for the limit and for the
// system; less than a second is not worth a line.
func TestHeld(t *testing.T) {
	t.Parallel()
	st := &chronicle.Story{Timing: chronicle.Timing{Held: []unit.Held{
		{Connection: "api", Limit: 90, Other: 61}, {Connection: "old", Limit: 0.5}, {Connection: "new", Other: 2},
	}}}
	var got []string
	for _, n := range held(st) {
		got = append(got, n.Label+" "+n.Text)
	}
	want := []string{
		"limit 1 m 30 s in which requests to api waited for its limit",
		"lost 1 m 01 s in which requests to api waited since it refused some, or did not answer",
		"lost 2.0 s in which requests to new waited since it refused some, or did not answer",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
