package call

import "testing"

// TestSpace: large records have 16 MiB together, and always one has; small ones ask for none.
func TestSpace(t *testing.T) {
	t.Parallel()
	var s space
	if !s.take(100<<20) || s.take(1<<20) || !s.take(largeOf-1) {
		t.Error("beside one of 100 MiB is space for a large one, or none for a small one")
	}
	s.give(100 << 20)
	s.give(largeOf - 1)
	for i := range 17 {
		if s.take(1<<20) != (i < 16) {
			t.Errorf("record %d of 1 MiB", i)
		}
	}
}
