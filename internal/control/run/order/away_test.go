package order

import (
	"errors"
	"testing"

	"godwit/internal/unit"
)

// What is away is known of the connection that it is about, for steps behind those
// that wait for it.
func TestAway(t *testing.T) {
	t.Parallel()
	away, gone := &Away{Awaited{"load": {"api"}, "both": {"api", "old"}}, map[string]error{}}, errors.New("gone")
	needs := unit.Needs{From: "old", To: "api"}
	away.Note("both", needs, gone) // which one is not known
	if err := away.Of("load", needs); err != nil {
		t.Errorf("noted nothing: %v", err)
	}
	away.Note("load", needs, gone)
	for step, want := range map[string]error{"load": gone, "both": gone, "before": nil} {
		if err := away.Of(step, needs); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", step, err, want)
		}
	}
}
